import { moved, type Span, zoomed } from '../../../pure/span.js';
import { listen } from './listen.js';
import type { OnMove } from './moves.js';

/** The least distance that two fingers count as, so that the zoom stays finite. */
const LEAST_SPREAD_PX = 20;
/** A tap moves less than this and takes less time; two taps within that time are a double tap. */
const TAP_PX = 12;
const TAP_MS = 300;

/** Callbacks for the gestures on a chart. */
export interface Touched {
  readonly view: () => Span;
  /** One finger moves a chart only if it is zoomed: otherwise all of it is seen already. */
  readonly isZoomed: () => boolean;
  readonly onMove: OnMove;
  readonly onDoubleTap: () => void;
}

/**
 * The start of a gesture: the view, the place between the fingers and their distance, in widths of
 * the chart.
 */
interface Grip {
  readonly view: Span;
  readonly at: number;
  readonly spread: number;
}

/**
 * Zooms and moves with two fingers, moves with one, until the returned function is called. Vertical
 * moves scroll the page.
 */
export function onTouch(over: HTMLElement, { view, isZoomed, onMove, onDoubleTap }: Touched): () => void {
  const fingers = new Map<number, number>();
  let grip: Grip | null = null;
  /** The view the chart was moved to; it is drawn a frame later. */
  let moved: Span | null = null;
  const isDoubleTap = tapCounter();
  const grasp = (): void => {
    grip = fingers.size === 0 ? null : { view: moved ?? view(), ...placeOf([...fingers.values()], over) };
  };
  const down = (event: PointerEvent): void => {
    if (event.pointerType !== 'touch') return;
    fingers.set(event.pointerId, event.clientX);
    grasp();
  };
  const move = ({ pointerId, clientX }: PointerEvent): void => {
    if (!fingers.has(pointerId) || grip === null) return;
    fingers.set(pointerId, clientX);
    if (fingers.size === 1 && moved === null && !isZoomed()) return;
    moved = viewUnder(grip, placeOf([...fingers.values()], over));
    onMove(moved, false);
  };
  const up = ({ pointerId }: PointerEvent): void => {
    if (!fingers.delete(pointerId)) return;
    grasp();
    if (fingers.size > 0) return;
    if (moved !== null) onMove(moved, true);
    moved = null;
  };
  const tap = (event: PointerEvent): void => {
    if (event.pointerType === 'touch' && isDoubleTap(event)) onDoubleTap();
  };
  return listen(over, [
    ['pointerdown', down],
    ['pointermove', move],
    ['pointerup', up],
    ['pointercancel', up],
    ['pointerdown', tap],
    ['pointerup', tap],
  ]);
}

function placeOf(xs: readonly number[], over: HTMLElement): Pick<Grip, 'at' | 'spread'> {
  const [least, greatest] = [Math.min(...xs), Math.max(...xs)];
  const width = over.clientWidth;
  return {
    at: ((least + greatest) / 2 - over.getBoundingClientRect().left) / width,
    spread: Math.max(LEAST_SPREAD_PX, greatest - least) / width,
  };
}

/** Keeps the value between the fingers in place. */
function viewUnder(grip: Grip, { at, spread }: Pick<Grip, 'at' | 'spread'>): Span {
  return moved(zoomed(grip.view, grip.at, grip.spread / spread), grip.at - at);
}

type Tap = Pick<PointerEvent, 'type' | 'clientX' | 'clientY' | 'timeStamp'>;

/** Returns a function that says for each finger event whether it completes a double tap. */
function tapCounter(): (event: Tap) => boolean {
  let began: Tap | null = null;
  let before: Tap | null = null;
  return (event) => {
    if (event.type === 'pointerdown') {
      began = event;
      return false;
    }
    const isTap = began !== null && isNear(began, event);
    const isSecond = isTap && before !== null && isNear(before, event);
    before = isTap && !isSecond ? event : null;
    return isSecond;
  };
}

const isNear = (one: Tap, other: Tap): boolean =>
  other.timeStamp - one.timeStamp < TAP_MS &&
  Math.hypot(other.clientX - one.clientX, other.clientY - one.clientY) < TAP_PX;
