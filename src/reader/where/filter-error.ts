import { ExpmanError } from '../../model/errors.js';
import { printable } from '../../model/printable.js';

const BEFORE = 40;
const SHOWN = 72;

/**
 * The error of a filter or sort order that cannot be understood: what is wrong, then the text with a caret under the place.
 *
 * Of a long text the part around the place is shown.
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
