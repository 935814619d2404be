import { type Span, shareOf, shares, shownSpan, valueOf } from '../../../pure/span.js';
import { extentOfX, extentOfY } from '../curves/extent.js';
import { type Axes, type PlotLook, type Size, drawAxes, layOutAxes } from './axes.js';
import { joinCursors } from './cursors.js';
import { type Canvas, drawFigure } from './draw.js';
import type { Figure } from './figure.js';
import { type Frame, clearCanvas, makeFrame, placeOver, showChoice, showCursor } from './frame.js';
import { type Stretch, onMouse } from './mouse.js';
import { onWheel, pan } from './moves.js';
import { linesOf } from './svg.js';
import { onTouch } from './touch.js';

/** The cursor over a chart: its place there, in CSS pixels, and the value of x under it. */
export interface Pointed {
  readonly left: number;
  readonly top: number;
  readonly x: number;
}

/** Listeners to what is done on a plot. */
export interface PlotListeners {
  /** A stretch was chosen by dragging; null for all of it. */
  readonly zoom: (view: Span | null) => void;
  /** The chart is being moved or zoomed; `isOver` when it came to rest. */
  readonly move: (view: Span, isOver: boolean) => void;
  readonly point: (pointed: Pointed | null) => void;
}

/** A chart in its element. */
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

/** The options of a plot, which stay as they are. */
export interface PlotOptions {
  readonly isLog: boolean;
  readonly look: PlotLook;
  readonly listeners: PlotListeners;
}

/** A shorter stretch is a click by an unsteady hand. */
const LEAST_CHOICE_PX = 4;

/** Makes a plot in its element. It draws synchronously. */
export function makePlot(parent: HTMLElement, size: Size, options: PlotOptions): Plot {
  const drawn = new DrawnPlot(parent, size, options);
  const { over, canvas } = drawn.frame;
  const undo = [
    listenToMouse(drawn, options.listeners),
    onWheel(over, () => drawn.view, options.listeners.move),
    onTouch(over, {
      view: () => drawn.view,
      isZoomed: () => drawn.isZoomed,
      onMove: options.listeners.move,
      onDoubleTap: () => options.listeners.zoom(null),
    }),
    watchRatio(() => drawn.draw()),
  ];
  return {
    show: (figure, view, isMoving = false) => drawn.show(figure, view, isMoving),
    resize: (width, height) => drawn.resize({ width, height }),
    get view() {
      return drawn.view;
    },
    get heights() {
      return drawn.heights;
    },
    canvas,
    topOf: (value) => drawn.topOf(value),
    destroy: () => {
      undo.forEach((each) => each());
      drawn.frame.root.remove();
    },
  };
}

/** The state of a plot, and its drawing. */
class DrawnPlot {
  readonly frame: Frame;
  view: Span = { from: 0, to: 1 };
  heights: Span = { from: 0, to: 1 };
  isZoomed = false;
  axes: Axes;
  private figure: Figure;
  private isMoving = false;

  constructor(
    parent: HTMLElement,
    private size: Size,
    private readonly options: PlotOptions,
  ) {
    this.frame = makeFrame(parent);
    this.figure = { title: '', xTitle: '', isLog: options.isLog, strokes: [] };
    this.axes = this.paint();
  }

  show(figure: Figure, view: Span | null, isMoving: boolean): void {
    [this.figure, this.isMoving, this.isZoomed] = [figure, isMoving, view !== null];
    this.view = view ?? extentOfX(figure.strokes) ?? { from: 0, to: 1 };
    this.heights = extentOfY(figure.strokes.flatMap(linesOf), this.view, this.options.isLog);
    this.draw();
  }

  resize(size: Size): void {
    if (size.width === this.size.width && size.height === this.size.height) return;
    this.size = size;
    this.draw();
  }

  draw(): void {
    this.axes = this.paint();
  }

  get xTitle(): string {
    return this.figure.xTitle;
  }

  topOf(value: number): number {
    return (1 - shares(this.heights, this.options.isLog)(value)) * this.axes.area.height;
  }

  private paint(): Axes {
    const { frame, figure, size, view, heights } = this;
    const { isLog, look } = this.options;
    const ratio = devicePixelRatio;
    clearCanvas(frame, size, ratio);
    const axes = layOutAxes(frame.context, size, { view, heights, isLog });
    placeOver(frame, axes.area);
    drawAxes(frame.context, axes, look, ratio);
    drawFigure(figure, this.canvasOf(axes, ratio));
    return axes;
  }

  /** The plotting area in device pixels. */
  private canvasOf({ area }: Axes, ratio: number): Canvas {
    const [left, top, width, height] = [area.left, area.top, area.width, area.height].map(
      (length) => length * ratio,
    ) as [number, number, number, number];
    const [across, up] = [shares(this.view, false), shares(this.heights, this.figure.isLog)];
    return {
      ...{ context: this.frame.context, left, top, width, height, ratio, ...this.view },
      isMoving: this.isMoving,
      xOf: (value) => left + across(value) * width,
      yOf: (value) => top + (1 - up(value)) * height,
    };
  }
}

/**
 * Shows the cursor and the selected stretch here and in the other charts, and reports mouse
 * actions.
 */
function listenToMouse(drawn: DrawnPlot, listeners: PlotListeners): () => void {
  const { frame } = drawn;
  const valuesOf = ({ from, to }: Stretch): Span => ({
    from: valueOf(drawn.view, from),
    to: valueOf(drawn.view, to),
  });
  const { move, leave } = joinCursors((shared) => {
    const cursor = shared?.axis === drawn.xTitle ? shared : null;
    const chosen = cursor?.chosen ?? null;
    showCursor(frame, cursor === null ? null : shareOf(drawn.view, cursor.x));
    showChoice(
      frame,
      chosen === null ? null : { from: shareOf(drawn.view, chosen.from), to: shareOf(drawn.view, chosen.to) },
    );
  });
  const stop = onMouse(frame.over, {
    point: (at, choice) => {
      showCursor(frame, at?.across ?? null);
      showChoice(frame, choice);
      if (at === null) {
        listeners.point(null);
        move(null);
        return;
      }
      const { width, height } = drawn.axes.area;
      const x = valueOf(drawn.view, at.across);
      listeners.point({ left: at.across * width, top: at.down * height, x });
      move({ axis: drawn.xTitle, x, chosen: choice === null ? null : valuesOf(choice) });
    },
    choose: (choice) => {
      if ((choice.to - choice.from) * drawn.axes.area.width >= LEAST_CHOICE_PX)
        listeners.zoom(shownSpan(valuesOf(choice)));
    },
    grab: (event) => pan(frame.over, event, drawn.view, listeners.move),
    doubleClick: () => listeners.zoom(null),
  });
  return () => {
    stop();
    leave();
  };
}

/**
 * Calls back when the number of device pixels per CSS pixel changes: the page was zoomed, or moved
 * to another screen.
 */
function watchRatio(draw: () => void): () => void {
  const stop = new AbortController();
  const watch = (): void =>
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener(
      'change',
      () => {
        draw();
        watch();
      },
      { once: true, signal: stop.signal },
    );
  watch();
  return () => stop.abort();
}
