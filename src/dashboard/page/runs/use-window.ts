import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** The height of every row in CSS pixels; must match the style sheet. */
export const ROW_HEIGHT = 32;
const HEAD_HEIGHT = 34;
const BEYOND = 8;
/**
 * Rows that are rendered at most; no screen is that high, but in a table without a fixed height
 * their number would grow for ever.
 *
 * @bound loses nothing: the rows that are scrolled to are made
 */
const MOST_SEEN = 150;

interface Ref<T> {
  readonly current: T | null;
}

/** Returns the range of rows to render: those in view, and some beyond. */
export function useWindow(scroller: Ref<HTMLElement>, count: number): { from: number; to: number } {
  const [first, setFirst] = useState(0);
  const [seen, setSeen] = useState(30);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const measure = (): void => {
      // In steps of several rows, so that not every pixel renders the table again.
      setFirst(Math.floor(element.scrollTop / ROW_HEIGHT / 4) * 4);
      setSeen(Math.min(MOST_SEEN, Math.ceil(element.clientHeight / ROW_HEIGHT) + 4));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, [scroller]);
  const from = Math.max(0, Math.min(first - BEYOND, count - 1));
  return { from, to: Math.min(count, first + seen + BEYOND) };
}

/** Keeps one row in the tab order; the arrow keys, Home and End move to others. */
export interface RowFocus {
  readonly place: number;
  readonly set: (place: number) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 10,
  PageUp: -10,
  Home: -Infinity,
  End: Infinity,
};

export function useRowFocus(scroller: Ref<HTMLElement>, count: number): RowFocus {
  const [place, setPlace] = useState(0);
  // The row to go to may not be rendered yet: the table must be scrolled there first, before the
  // next key, which is meant for that row.
  const wanted = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (wanted.current === null) return;
    const row = scroller.current?.querySelector<HTMLElement>(`[data-place="${wanted.current}"]`);
    if (row == null) return;
    wanted.current = null;
    row.focus({ preventScroll: true });
  });
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step === undefined || !(event.target instanceof Element) || event.target.matches('input, button'))
      return;
    event.preventDefault();
    const next = Math.max(0, Math.min(count - 1, place + step));
    if (scroller.current !== null) bringIntoSight(scroller.current, next);
    wanted.current = next;
    setPlace(next);
  };
  return { place: Math.min(place, Math.max(0, count - 1)), set: setPlace, onKeyDown };
}

function bringIntoSight(scroller: HTMLElement, place: number): void {
  const top = place * ROW_HEIGHT;
  const room = scroller.clientHeight - HEAD_HEIGHT - ROW_HEIGHT;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top > scroller.scrollTop + room) scroller.scrollTop = top - room;
}
