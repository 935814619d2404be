'use strict';

/** @returns {typeof import('yaml')} */
exports.load = () => require('yaml');
