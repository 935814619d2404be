'use strict';

/** @returns {unknown} */
exports.load = () =>
  // @ts-expect-error -- the package has types for its main entry only
  require('apache-arrow/Arrow.es2015.min');
