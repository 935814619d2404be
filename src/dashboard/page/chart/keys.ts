import { moved, type Span, zoomed } from '../../../pure/span.js';

/**
 * The share of the view that an arrow key moves by, and that + and - take away or add at each side.
 */
const STEP = 0.2;

/** Returns the view after a key: null for everything, undefined if the key has no meaning here. */
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
      // Undoes +.
      return zoomed(seen, 0.5, 1 / (1 - 2 * STEP));
    case '0':
      return null;
    default:
      return undefined;
  }
}
