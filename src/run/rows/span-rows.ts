// bufferTime spends 100 ns on an item, more than the rest of a row costs, so a full batch has at most this many items.
const ITEMS_PER_BATCH = 1024;

/** Rows in one item of a batch's buffer; the batch is full at `flushIntervalRows` rows all the same. */
export const spanRowsFor = (flushIntervalRows: number): number =>
  Math.max(1, Math.floor(flushIntervalRows / ITEMS_PER_BATCH));
