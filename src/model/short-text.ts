import { count as withCommas } from '../pure/quantity.js';
import { parseHistogram } from './histogram.js';

/**
 * Cuts a text to about `length` characters; a histogram is written with its count first, so that
 * its beginning tells it.
 */
export function shortText(text: string, length: number): string {
  if (text.length <= length) return text;
  const histogram = parseHistogram(text);
  if (histogram === null) return `${text.slice(0, length)}…`;
  const { count, ...others } = histogram;
  return `${JSON.stringify({ count, ...others }).slice(0, length)}…`;
}

const BEGINNING = /^\{(?:"count":([\d.e+]+),)?"edges":\[/;

/**
 * A label for the text of a histogram, even if {@link shortText} has cut it; null for any other
 * text.
 */
export function histogramWords(text: string): string | null {
  const [beginning, said] = BEGINNING.exec(text) ?? [];
  if (beginning === undefined) return null;
  const count = parseHistogram(text)?.count ?? (said === undefined ? NaN : Number(said));
  if (!Number.isNaN(count)) return `histogram of ${withCommas(count)}`;
  return text.endsWith('…') ? 'histogram' : null;
}
