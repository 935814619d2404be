import { moved, type Span, zoomed } from '../../../pure/span.js';

/** Hears where a chart is moved to; `isOver` when it came to rest there. */
export type OnMove = (view: Span, isOver: boolean) => void;

/** How long after its last turn a wheel is at rest. */
const REST_MS = 200;

/** Moves the view with the pointer until that is let go. */
export function pan(over: HTMLElement, { clientX: start }: MouseEvent, from: Span, onMove: OnMove): void {
  let last = from;
  const move = (event: MouseEvent): void => {
    last = moved(from, (start - event.clientX) / over.clientWidth);
    onMove(last, false);
  };
  const end = (): void => {
    removeEventListener('mousemove', move);
    removeEventListener('mouseup', end);
    onMove(last, true);
  };
  addEventListener('mousemove', move);
  addEventListener('mouseup', end);
}

/** Zooms around the pointer by the wheel with Shift or Ctrl held, so that the page itself can be scrolled over charts. */
export function onWheel(over: HTMLElement, view: () => Span, onMove: OnMove): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const turn = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.shiftKey && !event.metaKey) return;
    event.preventDefault();
    const share = (event.clientX - over.getBoundingClientRect().left) / over.clientWidth;
    const next = zoomed(view(), share, 1.0015 ** (event.deltaY || event.deltaX));
    onMove(next, false);
    clearTimeout(timer);
    timer = setTimeout(() => onMove(next, true), REST_MS);
  };
  over.addEventListener('wheel', turn, { passive: false });
  return () => {
    clearTimeout(timer);
    over.removeEventListener('wheel', turn);
  };
}
