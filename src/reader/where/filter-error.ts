import { ExpmanError } from '../../model/errors.js';
import { printable } from '../../model/printable.js';

const BEFORE = 40;
const SHOWN = 72;

/**
 * Makes the error for a filter or sort order that cannot be parsed: the problem, then the text with
 * a caret below the place.
 *
 * A long text is cut to the part around the place.
 */
export function invalidFilter(text: string, at: number, what: string): ExpmanError {
  const from = Math.max(0, Math.min(at - BEFORE, text.length - SHOWN));
  const to = from + SHOWN;
  const before = `${from > 0 ? '…' : ''}${printable(text.slice(from, at))}`;
  const after = `${printable(text.slice(at, to))}${to < text.length ? '…' : ''}`;
  const caret = `${' '.repeat(Array.from(before).length)}^`;
  return new ExpmanError(
    'INVALID_FILTER',
    `${printable(what)} at character ${at + 1}\n  ${before}${after}\n  ${caret}`,
    {
      rule: what,
      value: text,
    },
  );
}
