import type { Span } from '../curves/curve.js';

/** How much of what is seen an arrow key moves by, and + and - take away or add at each side. */
const STEP = 0.2;

/** What a key makes of a view: another one, null for all there is, undefined where it means nothing here. */
export function viewByKey({ from, to }: Span, key: string): Span | null | undefined {
  const by = (to - from) * STEP;
  switch (key) {
    case 'ArrowLeft':
      return { from: from - by, to: to - by };
    case 'ArrowRight':
      return { from: from + by, to: to + by };
    case '+':
    case '=':
      return { from: from + by, to: to - by };
    case '-':
      // The way back of +.
      return { from: from - by / (1 - 2 * STEP), to: to + by / (1 - 2 * STEP) };
    case '0':
      return null;
    default:
      return undefined;
  }
}
