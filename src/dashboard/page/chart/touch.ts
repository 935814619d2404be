import { moved, type Span, zoomed } from '../../../pure/span.js';
import type { OnMove } from './moves.js';

/** Fingers nearer to each other than this are taken as that far apart: the zoom stays finite. */
const LEAST_SPREAD_PX = 20;
/** A finger that moves less, and is gone by then, has tapped; two such taps within that time are a double tap. */
const TAP_PX = 12;
const TAP_MS = 300;

/** What fingers do to a chart. */
export interface Touched {
  readonly view: () => Span;
  /** One finger moves only what is zoomed: there is nothing beside all there is. */
  readonly isZoomed: () => boolean;
  readonly onMove: OnMove;
  readonly onDoubleTap: () => void;
}

/** Where fingers took hold: what was seen then, the place between them and how far they were apart, in widths of the chart. */
interface Grip {
  readonly view: Span;
  readonly at: number;
  readonly spread: number;
}

/** Zooms around two fingers and moves with them, moves with one, until the function it returns is called. Up and down the page scrolls. */
export function onTouch(over: HTMLElement, { view, isZoomed, onMove, onDoubleTap }: Touched): () => void {
  const fingers = new Map<number, number>();
  let grip: Grip | null = null;
  /** Where the chart is moved to by now; what is seen comes a frame later. */
  let moved: Span | null = null;
  const isDoubleTap = tapCounter();
  const take = (): void => {
    grip = fingers.size === 0 ? null : { view: moved ?? view(), ...placeOf([...fingers.values()], over) };
  };
  const down = (event: PointerEvent): void => {
    if (event.pointerType !== 'touch') return;
    fingers.set(event.pointerId, event.clientX);
    take();
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
    take();
    if (fingers.size > 0) return;
    if (moved !== null) onMove(moved, true);
    moved = null;
  };
  const tap = (event: PointerEvent): void => {
    if (event.pointerType === 'touch' && isDoubleTap(event)) onDoubleTap();
  };
  const heard = [
    ['pointerdown', down],
    ['pointermove', move],
    ['pointerup', up],
    ['pointercancel', up],
    ['pointerdown', tap],
    ['pointerup', tap],
  ] as const;
  for (const [name, listener] of heard) over.addEventListener(name, listener);
  return () => {
    for (const [name, listener] of heard) over.removeEventListener(name, listener);
  };
}

function placeOf(xs: readonly number[], over: HTMLElement): Pick<Grip, 'at' | 'spread'> {
  const [least, greatest] = [Math.min(...xs), Math.max(...xs)];
  const width = over.clientWidth;
  return {
    at: ((least + greatest) / 2 - over.getBoundingClientRect().left) / width,
    spread: Math.max(LEAST_SPREAD_PX, greatest - least) / width,
  };
}

/** What was between the fingers stays between them. */
function viewUnder(grip: Grip, { at, spread }: Pick<Grip, 'at' | 'spread'>): Span {
  return moved(zoomed(grip.view, grip.at, grip.spread / spread), grip.at - at);
}

type Tap = Pick<PointerEvent, 'type' | 'clientX' | 'clientY' | 'timeStamp'>;

/** Says of each finger that comes or goes whether it ends a double tap. */
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
