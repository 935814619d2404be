'use strict';

/** @returns {unknown} */
exports.loadStructs = () =>
  // @ts-expect-error -- the package has no types; parquetjs.ts says what is used of it
  require('parquetjs-lite/gen-nodejs/parquet_types');

/** @returns {unknown} */
exports.loadWriter = () => ({
  // @ts-expect-error -- likewise
  .../** @type {object} */ (require('parquetjs-lite/lib/schema')),
  // @ts-expect-error -- likewise
  .../** @type {object} */ (require('parquetjs-lite/lib/writer')),
  // @ts-expect-error -- likewise
  .../** @type {object} */ (require('parquetjs-lite/lib/compression')),
});
