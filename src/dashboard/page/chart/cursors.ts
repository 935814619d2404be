import type { Span } from '../../../pure/span.js';

/**
 * The cursor that all charts of the page share that have the same axis: the value of x under it,
 * and the stretch that is being chosen, if there is one.
 */
export interface SharedCursor {
  /** The title of the axis. */
  readonly axis: string;
  readonly x: number;
  readonly chosen: Span | null;
}

/** Shows the cursor of another chart; null hides it. */
type Follow = (cursor: SharedCursor | null) => void;

const charts = new Set<Follow>();

/** Joins a chart to the others. `move` has the others follow the cursor of this one. */
export function joinCursors(follow: Follow): { readonly move: Follow; readonly leave: () => void } {
  charts.add(follow);
  return {
    move: (cursor) => {
      for (const other of charts) if (other !== follow) other(cursor);
    },
    leave: () => void charts.delete(follow),
  };
}
