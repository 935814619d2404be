import type uPlot from 'uplot';
import { shareOf, type Span, valueOf } from '../../../pure/span.js';

/** The cursor of a chart: the value of x and the share of the height under it, and the stretch that is being chosen, if one is. */
interface Cursor {
  readonly x: number;
  readonly height: number;
  readonly chosen: Span | null;
}

const charts = new Set<(cursor: Cursor | null) => void>();

/** The cursor that all charts of the page share: each of them has it at the same x. */
export interface SharedCursor {
  /** Has the others follow, while the pointer is over this one. */
  readonly tell: () => void;
  readonly leave: () => void;
}

/** Joins a chart, in which x goes from 0 to 1 over `view()`, to the others. */
export function shareCursor(u: uPlot, view: () => Span): SharedCursor {
  const follow = (cursor: Cursor | null): void => {
    const { width, height } = sizeOf(u);
    const leftOf = (x: number): number => shareOf(view(), x) * width;
    const chosen = cursor?.chosen ?? null;
    const [left, right] = chosen === null ? [0, 0] : [leftOf(chosen.from), leftOf(chosen.to)];
    u.setSelect({ left, width: right - left, top: 0, height: chosen === null ? 0 : height }, false);
    u.setCursor(
      cursor === null ? { left: -10, top: -10 } : { left: leftOf(cursor.x), top: cursor.height * height },
      false,
    );
  };
  const tell = (cursor: Cursor | null): void => {
    for (const other of charts) if (other !== follow) other(cursor);
  };
  charts.add(follow);
  return {
    tell: () => {
      const { left = -1, top = -1 } = u.cursor;
      if (left < 0) tell(null);
      // One that follows, and is drawn again, has nothing to tell.
      else if (u.over.matches(':hover'))
        tell({
          x: xAt(u, view(), left),
          height: top / sizeOf(u).height,
          chosen: u.select.width > 0 ? selected(u, view()) : null,
        });
    },
    leave: () => void charts.delete(follow),
  };
}

/** The value of x at a place, in CSS pixels. */
export const xAt = (u: uPlot, view: Span, left: number): number => valueOf(view, left / sizeOf(u).width);

/** The stretch of x that is selected. */
export function selected(u: uPlot, view: Span): Span {
  const { left, width } = u.select;
  return { from: xAt(u, view, left), to: xAt(u, view, left + width) };
}

const sizeOf = ({ bbox }: uPlot): { readonly width: number; readonly height: number } => ({
  width: bbox.width / devicePixelRatio,
  height: bbox.height / devicePixelRatio,
});
