import { listen } from './listen.js';

/** A place on a plot, in shares of its width and height from the upper left corner. */
export interface Place {
  readonly across: number;
  readonly down: number;
}

/** A stretch of a plot's width, in shares. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Listeners to the mouse on a plot. */
export interface MouseListeners {
  /**
   * The mouse is at a place; null when it has left. `choice` is the stretch that is being dragged
   * over.
   */
  readonly point: (at: Place | null, choice: Stretch | null) => void;
  /** The button was let go after a drag over a stretch. */
  readonly choose: (choice: Stretch) => void;
  /** The button was pressed with Shift held. */
  readonly grab: (event: MouseEvent) => void;
  readonly doubleClick: () => void;
}

const within = (share: number): number => Math.min(Math.max(share, 0), 1);

/**
 * Reports where the mouse points and what it drags over, even if the button is released outside the
 * plot.
 */
export function onMouse(over: HTMLElement, { point, choose, grab, doubleClick }: MouseListeners): () => void {
  let start: number | null = null;
  const placeOf = ({ clientX, clientY }: MouseEvent): Place => {
    const { left, top, width, height } = over.getBoundingClientRect();
    return { across: within((clientX - left) / width), down: within((clientY - top) / height) };
  };
  const choiceAt = ({ across }: Place): Stretch | null => {
    if (start === null) return null;
    return { from: Math.min(start, across), to: Math.max(start, across) };
  };
  const move = (event: MouseEvent): void => {
    const place = placeOf(event);
    point(place, choiceAt(place));
  };
  const leave = (): void => {
    if (start === null) point(null, null);
  };
  const end = (event: MouseEvent): void => {
    if (event.button !== 0) return;
    const place = placeOf(event);
    const choice = choiceAt(place);
    stop();
    point(over.matches(':hover') ? place : null, null);
    if (choice !== null) choose(choice);
  };
  const stop = (): void => {
    start = null;
    removeEventListener('mousemove', move);
    removeEventListener('mouseup', end);
  };
  const press = (event: MouseEvent): void => {
    if (event.button !== 0) return;
    if (event.shiftKey) {
      grab(event);
      return;
    }
    start = placeOf(event).across;
    // On the window: a drag may go beyond the plot.
    addEventListener('mousemove', move);
    addEventListener('mouseup', end);
  };
  const hover = (event: MouseEvent): void => {
    if (start === null) move(event);
  };
  const stopListening = listen(over, [
    ['mousemove', hover],
    ['mouseleave', leave],
    ['mousedown', press],
    ['dblclick', doubleClick],
  ]);
  return () => {
    stop();
    stopListening();
  };
}
