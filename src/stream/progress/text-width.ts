import stringWidth from 'string-width';

const GRAPHEMES = new Intl.Segmenter();

/** Returns the columns that a text takes on a terminal: two for a wide character or an emoji. */
export const widthOf = (text: string): number => stringWidth(text);

/**
 * Cuts a text at its start to at most `columns`, with an ellipsis: names of the runs of a day, or of
 * a sweep, differ at their end.
 */
export function endOf(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let end = '';
  let left = columns - 1;
  for (const { segment } of [...GRAPHEMES.segment(text)].reverse()) {
    left -= widthOf(segment);
    if (left < 0) break;
    end = segment + end;
  }
  return `…${end}`;
}
