import { moved, type Span, zoomed } from '../../../pure/span.js';

/** Called when a chart is moved; `isOver` once it has come to rest. */
export type OnMove = (view: Span, isOver: boolean) => void;

/** The time after its last turn when a wheel counts as at rest. */
const REST_MS = 200;

/** Moves the view with the pointer until the button is released. */
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

/**
 * Zooms around the pointer by the wheel while Shift or Ctrl is held; without them the page scrolls.
 */
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
