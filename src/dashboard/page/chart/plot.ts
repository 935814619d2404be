import uPlot from 'uplot';
import { shares, shownSpan, type Span } from '../../../pure/span.js';
import { extentOfX, extentOfY } from '../curves/extent.js';
import { selected, shareCursor, xAt } from './cursors.js';
import { type Canvas, drawFigure } from './draw.js';
import type { Figure } from './figure.js';
import { onWheel, pan } from './moves.js';
import { linesOf } from './svg.js';
import { logTicks, longest, ticks, tickTexts } from './ticks.js';
import { onTouch } from './touch.js';

/** The cursor over a chart: its place there, in CSS pixels, and the value of x under it. */
export interface Pointed {
  readonly left: number;
  readonly top: number;
  readonly x: number;
}

/** What a plot tells. */
export interface PlotListeners {
  /** A stretch was chosen by dragging; null for all of it. */
  readonly zoom: (view: Span | null) => void;
  /** The chart is being moved or zoomed; `isOver` when it came to rest. */
  readonly move: (view: Span, isOver: boolean) => void;
  readonly point: (pointed: Pointed | null) => void;
}

/** The colours of axes and grid. */
export interface PlotLook {
  readonly ink: string;
  readonly grid: string;
}

/** A chart in its element: uPlot has the axes, scales and cursor, the lines are drawn by {@link drawFigure}. */
export interface Plot {
  show(figure: Figure, view: Span | null, isMoving?: boolean): void;
  resize(width: number, height: number): void;
  /** The stretch of x that is seen. */
  readonly view: Span;
  /** The stretch of y that is seen. */
  readonly heights: Span;
  readonly canvas: HTMLCanvasElement;
  /** The place of a value, in CSS pixels from the top of the plotting area. */
  topOf(value: number): number;
  destroy(): void;
}

const FONT = '11px system-ui, sans-serif';
const TICK_PX = 4;
/** Between a tick and its text. */
const GAP_PX = 5;
const LEAST_ROOM_PX = 58;
/** What is free on the right of the plotting area, and where half of a text may stand. */
const RIGHT_PX = 24;
/** A shorter stretch is a click whose hand was not quite still. */
const LEAST_CHOICE_PX = 4;

export function makePlot(
  parent: HTMLElement,
  size: { readonly width: number; readonly height: number },
  {
    isLog,
    look,
    listeners,
  }: { readonly isLog: boolean; readonly look: PlotLook; readonly listeners: PlotListeners },
): Plot {
  let figure: Figure = { title: '', xTitle: '', isLog, strokes: [] };
  let isMoving = false;
  let view: Span = { from: 0, to: 1 };
  let isZoomed = false;
  let heights: Span = { from: 0, to: 1 };
  const options: uPlot.Options = {
    ...size,
    pxAlign: 0,
    padding: [10, RIGHT_PX, 0, 0],
    legend: { show: false },
    cursor: {
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      focus: { prox: -1 },
      bind: {
        dblclick: () => () => {
          listeners.zoom(null);
          return null;
        },
        mousedown: (u, _, select) => (event) => {
          if (!event.shiftKey) select(event);
          else pan(u.over, event, view, listeners.move);
          return null;
        },
      },
    },
    scales: {
      // uPlot has no ticks beyond 1e±32, shows no stretch below 1e-16, and never ends looking for ticks between neighbouring doubles: to it
      // both axes go from 0 to 1.
      x: { time: false, auto: false, range: () => [0, 1] },
      y: { auto: false, range: () => [0, 1] },
    },
    series: [{}, { show: false }],
    axes: [acrossAxis(look, () => view), upAxis(look, () => heights, isLog)],
    hooks: {
      draw: [(u) => drawFigure(figure, canvasOf(u, figure, { view, heights }, isMoving))],
      setSelect: [
        (u) => {
          const [span, { width }] = [selected(u, view), u.select];
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          cursor.tell();
          if (width >= LEAST_CHOICE_PX) listeners.zoom(shownSpan(span));
        },
      ],
      setCursor: [
        (u) => {
          const { left = -1, top = -1 } = u.cursor;
          listeners.point(left < 0 ? null : { left, top, x: xAt(u, view, left) });
          cursor.tell();
        },
      ],
    },
  };
  const u = new uPlot(
    options,
    [
      [0, 1],
      [null, null],
    ],
    parent,
  );
  const cursor = shareCursor(u, () => view);
  const undo = [
    cursor.leave,
    onWheel(u.over, () => view, listeners.move),
    onTouch(u.over, {
      view: () => view,
      isZoomed: () => isZoomed,
      onMove: listeners.move,
      onDoubleTap: () => listeners.zoom(null),
    }),
  ];
  return {
    show: (next, wanted, moving = false) => {
      [figure, isMoving, isZoomed] = [next, moving, wanted !== null];
      view = wanted ?? extentOfX(next.strokes) ?? { from: 0, to: 1 };
      heights = extentOfY(next.strokes.flatMap(linesOf), view, isLog);
      u.redraw(false, true);
    },
    resize: (width, height) => u.setSize({ width, height }),
    get view() {
      return view;
    },
    get heights() {
      return heights;
    },
    canvas: u.ctx.canvas,
    topOf: (value) => u.valToPos(shares(heights, isLog)(value), 'y'),
    destroy: () => {
      undo.forEach((each) => each());
      u.destroy();
    },
  };
}

/** As wide as the widest of its texts; the same in all charts as long as these are of the usual length. */
function roomOfTicks(u: uPlot, texts: readonly string[] | null): number {
  const { ctx } = u;
  ctx.save();
  ctx.font = FONT;
  const widest = (texts ?? []).reduce((so, text) => Math.max(so, ctx.measureText(text).width), 0);
  ctx.restore();
  return Math.max(LEAST_ROOM_PX, Math.ceil(widest) + TICK_PX + GAP_PX + 2);
}

const SIZES = { across: 34, letter: 6.2, between: 34, tick: 50, gap: 18 };

function axis({ ink, grid }: PlotLook): uPlot.Axis {
  return {
    stroke: ink,
    font: FONT,
    gap: GAP_PX,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1, size: TICK_PX },
  };
}

function acrossAxis(look: PlotLook, view: () => Span): uPlot.Axis {
  const widthOf = (u: uPlot): number => u.bbox.width / devicePixelRatio;
  const seen = (u: uPlot): number[] => {
    const room = Math.max(SIZES.tick, SIZES.letter * longest(tickTexts(ticks(view(), 8))) + SIZES.gap);
    return ticks(view(), Math.max(1, widthOf(u) / room));
  };
  return {
    ...axis(look),
    size: SIZES.across,
    splits: (u) => seen(u).map(shares(view(), false)),
    values: (u, places) => {
      const most = widthOf(u) + RIGHT_PX;
      const endOf = (place: number, text: string): number =>
        place * widthOf(u) + (text.length * SIZES.letter) / 2;
      // Rather no text than a number without its last digits.
      return tickTexts(seen(u)).map((text, index) => (endOf(places[index] ?? 0, text) > most ? '' : text));
    },
  };
}

function upAxis(look: PlotLook, heights: () => Span, isLog: boolean): uPlot.Axis {
  const seen = (u: uPlot): number[] => {
    const about = Math.max(2, u.bbox.height / devicePixelRatio / SIZES.between);
    return isLog ? logTicks(heights(), about) : ticks(heights(), about);
  };
  return {
    ...axis(look),
    size: roomOfTicks,
    splits: (u) => seen(u).map(shares(heights(), isLog)),
    values: (u) => tickTexts(seen(u)),
  };
}

/** The places are worked out here: uPlot's own way takes a look at the scale for each of 100,000 values. */
function canvasOf(
  u: uPlot,
  figure: Figure,
  { view, heights }: { readonly view: Span; readonly heights: Span },
  isMoving: boolean,
): Canvas {
  const { left, top, width, height } = u.bbox;
  const [across, up] = [shares(view, false), shares(heights, figure.isLog)];
  return {
    ...{ context: u.ctx, left, top, width, height, ...view, isMoving },
    ratio: devicePixelRatio,
    xOf: (value) => left + across(value) * width,
    yOf: (value) => top + (1 - up(value)) * height,
  };
}
