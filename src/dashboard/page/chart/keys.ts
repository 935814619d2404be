import { moved, type Span, zoomed } from '../../../pure/span.js';

/** How much of what is seen an arrow key moves by, and + and - take away or add at each side. */
const STEP = 0.2;

/** What a key makes of a view: another one, null for all there is, undefined where it means nothing here. */
export function viewByKey(seen: Span, key: string): Span | null | undefined {
  switch (key) {
    case 'ArrowLeft':
      return moved(seen, -STEP);
    case 'ArrowRight':
      return moved(seen, STEP);
    case '+':
    case '=':
      return zoomed(seen, 0.5, 1 - 2 * STEP);
    case '-':
      // The way back of +.
      return zoomed(seen, 0.5, 1 / (1 - 2 * STEP));
    case '0':
      return null;
    default:
      return undefined;
  }
}
