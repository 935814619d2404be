import { type Span, shares } from '../../../pure/span.js';
import { logTicks, longest, tickTexts, ticks } from './ticks.js';

/** A rectangle in CSS pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The size of a chart, its axes included, in CSS pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The colours of axes and grid. */
export interface PlotLook {
  readonly ink: string;
  readonly grid: string;
}

/** The stretches of x and y that a chart shows. */
export interface Shown {
  readonly view: Span;
  readonly heights: Span;
  readonly isLog: boolean;
}

/** The axes of a chart, laid out: the area they leave for lines, and their ticks. */
export interface Axes {
  readonly area: Area;
  readonly across: readonly Tick[];
  readonly up: readonly Tick[];
}

interface Tick {
  /** The share of the axis, from its lower end. */
  readonly at: number;
  readonly text: string;
}

const FONT_PX = 11;
const FONT_FAMILY = 'system-ui, sans-serif';
const TICK_PX = 4;
/** Between a tick and its text. */
const GAP_PX = 5;
/** Above the plotting area, where half of a text may stand. */
const TOP_PX = 10;
/** To the right of the plotting area, where half of a text may stand. */
const RIGHT_PX = 24;
/** Below the plotting area: ticks and their texts. */
const BOTTOM_PX = 34;
const LEAST_ROOM_PX = 58;
/** About the width of a digit; the least distance of ticks along x and y, and of their texts. */
const SIZES = { letter: 6.2, across: 50, between: 34, gap: 18 };

/**
 * Lays out the axes of a chart: ticks at round values, and as much room on the left as their texts
 * need.
 */
export function layOutAxes(context: CanvasRenderingContext2D, size: Size, shown: Shown): Axes {
  const height = Math.max(1, size.height - TOP_PX - BOTTOM_PX);
  const up = upTicks(shown, height);
  const left = roomOf(context, up);
  const width = Math.max(1, size.width - left - RIGHT_PX);
  return { area: { left, top: TOP_PX, width, height }, up, across: acrossTicks(shown.view, width) };
}

/** Draws grid, ticks and texts; `ratio` is the number of device pixels per CSS pixel. */
export function drawAxes(
  context: CanvasRenderingContext2D,
  { area: { left, top, width, height }, across, up }: Axes,
  { ink, grid }: PlotLook,
  ratio: number,
): void {
  const bottom = top + height;
  context.save();
  context.scale(ratio, ratio);
  context.strokeStyle = grid;
  context.lineWidth = 1;
  context.fillStyle = ink;
  context.font = `${FONT_PX}px ${FONT_FAMILY}`;
  context.beginPath();
  context.textAlign = 'center';
  context.textBaseline = 'top';
  for (const { at, text } of across) {
    const x = left + at * width;
    context.moveTo(x, top);
    context.lineTo(x, bottom + TICK_PX);
    context.fillText(text, x, bottom + TICK_PX + GAP_PX);
  }
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const { at, text } of up) {
    const y = bottom - at * height;
    context.moveTo(left - TICK_PX, y);
    context.lineTo(left + width, y);
    context.fillText(text, left - TICK_PX - GAP_PX, y);
  }
  context.stroke();
  context.restore();
}

/**
 * The room of y's texts: as wide as the widest; the same in all charts as long as the texts are of
 * the usual length.
 */
function roomOf(context: CanvasRenderingContext2D, up: readonly Tick[]): number {
  context.save();
  context.font = `${FONT_PX}px ${FONT_FAMILY}`;
  const widest = up.reduce((most, { text }) => Math.max(most, context.measureText(text).width), 0);
  context.restore();
  return Math.max(LEAST_ROOM_PX, Math.ceil(widest) + TICK_PX + GAP_PX + 2);
}

function acrossTicks(view: Span, width: number): Tick[] {
  const room = Math.max(SIZES.across, SIZES.letter * longest(tickTexts(ticks(view, 8))) + SIZES.gap);
  const found = ticksOf(ticks(view, Math.max(1, width / room)), shares(view, false));
  const isCut = ({ at, text }: Tick): boolean =>
    at * width + (text.length * SIZES.letter) / 2 > width + RIGHT_PX;
  // Rather no text than a number without its last digits.
  return found.map((tick) => (isCut(tick) ? { ...tick, text: '' } : tick));
}

function upTicks({ heights, isLog }: Shown, height: number): Tick[] {
  const about = Math.max(2, height / SIZES.between);
  return ticksOf(isLog ? logTicks(heights, about) : ticks(heights, about), shares(heights, isLog));
}

function ticksOf(values: readonly number[], shareOf: (value: number) => number): Tick[] {
  const texts = tickTexts(values);
  return values.map((value, index) => ({ at: shareOf(value), text: texts[index] ?? '' }));
}
