import { stringify } from 'csv-stringify/sync';

/**
 * Writes records as CSV (RFC 4180, with a line feed after each record). A cell that is null is
 * nothing between two commas, the empty text is `""`.
 */
export const csvText = (records: readonly (readonly (string | null)[])[]): string =>
  stringify([...records], {
    record_delimiter: '\n',
    // A carriage return at the end of a record belongs to the last cell, not to the line ending.
    quote_record_delimiter: true,
    // With `quoted_empty` for all, a missing value would be quoted too.
    cast: { string: (text) => (text === '' ? { value: text, quoted_empty: true } : text) },
  });
