// bufferTime spends 100 ns on an item, more than the rest of a row costs, so a full batch has at
// most this many items.
const ITEMS_PER_BATCH = 1024;

/**
 * The number of rows in one item of a batch's buffer; the batch is still full at
 * `flushIntervalRows` rows.
 */
export const spanRowsFor = (flushIntervalRows: number): number =>
  Math.max(1, Math.floor(flushIntervalRows / ITEMS_PER_BATCH));
