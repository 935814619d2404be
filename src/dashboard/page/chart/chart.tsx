import { computed, type ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { inNumber } from '../../../pure/quantity.js';
import type { Span } from '../../../pure/span.js';
import { type Curve, firstFrom } from '../curves/curve.js';
import { extentOfX } from '../curves/extent.js';
import { countText, valueText } from '../facts/format.js';
import { Menu } from '../parts/menu.js';
import { theme } from '../state/theme.js';
import { type Figure, lastValue } from './figure.js';
import { HoverTable } from './hover-table.js';
import { viewByKey } from './keys.js';
import { makePlot, type Plot, type Pointed } from './plot.js';
import { SAVE_FORMATS, saveFigure } from './save.js';

const HEIGHT = 240;

export interface ChartProps {
  readonly figure: Figure;
  /**
   * The stretch of x that all charts show; null for everything. It changes many times a second
   * while a chart is dragged.
   */
  readonly view: ReadonlySignal<Span | null>;
  readonly isMoving: ReadonlySignal<boolean>;
  readonly onZoom: (view: Span | null) => void;
  readonly onMove: (view: Span, isOver: boolean) => void;
  /**
   * The curves that the lines are made of, if any: they know how many values the points stand for.
   */
  readonly curves?: readonly Curve[];
  readonly height?: number;
}

/** A chart with its title, the values under the pointer, and a menu to save it. */
export function Chart(props: ChartProps): JSX.Element {
  const { figure, view, onZoom, curves } = props;
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const { parent, plot } = usePlot(props, setPointed);
  // Another axis has another view, which useComputed would not notice.
  const isZoomed = useMemo(() => computed(() => view.value !== null), [view]);
  const span = view.peek();
  const points = figure.strokes.reduce((sum, { x }) => sum + countIn(x, span), 0);
  const first = figure.strokes[0];
  const last = first === undefined ? undefined : lastValue(first);
  return (
    <figure
      class="chart card"
      data-testid="chart"
      data-metric={figure.title}
      data-points={points}
      data-last={last === undefined ? '' : String(last)}
    >
      <figcaption class="chart-head">
        <h2 title={figure.title}>{figure.title}</h2>
        <span class="chart-note">{noteOf(figure, curves, span)}</span>
        {!isZoomed.value ? null : (
          <button type="button" class="quiet" onClick={() => onZoom(null)} title="Show all (double click)">
            Reset
          </button>
        )}
        <Menu label="Save" title={`Save the chart of ${figure.title}`} isQuiet>
          {(close) =>
            SAVE_FORMATS.map((format) => (
              <button
                type="button"
                key={format}
                onClick={() => {
                  close();
                  const canvas = plot.current?.canvas;
                  if (canvas !== undefined) void saveFigure({ figure, view: view.peek(), canvas }, format);
                }}
              >
                {format.toUpperCase()}
              </button>
            ))
          }
        </Menu>
      </figcaption>
      <div
        class="chart-body"
        ref={parent}
        role="img"
        tabIndex={0}
        aria-label={describe(figure, last)}
        onKeyDown={(event) => {
          const seen = view.peek() ?? extentOfX(figure.strokes);
          const next = seen === null || isWithModifier(event) ? undefined : viewByKey(seen, event.key);
          if (next === undefined) return;
          event.preventDefault();
          if (next === null) onZoom(null);
          else props.onMove(next, true);
        }}
      />
      {pointed === null || plot.current === null ? null : (
        <HoverTable figure={figure} pointed={pointed} plot={plot.current} />
      )}
    </figure>
  );
}

/** Keys with a modifier belong to the browser. */
const isWithModifier = ({ ctrlKey, metaKey, altKey }: KeyboardEvent): boolean => ctrlKey || metaKey || altKey;

/**
 * Keeps a plot in its element: made again for another kind of axis or other colours, drawn at most
 * once a frame and only while it is visible.
 */
function usePlot(
  { figure, view, isMoving, onZoom, onMove, height = HEIGHT }: ChartProps,
  point: (pointed: Pointed | null) => void,
): { readonly parent: { current: HTMLDivElement | null }; readonly plot: { current: Plot | null } } {
  const parent = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const latest = useRef({ figure, onZoom, onMove, point });
  latest.current = { figure, onZoom, onMove, point };
  const colours = theme.value;
  const draw = useMemo(
    () => oncePerFrame(() => plot.current?.show(latest.current.figure, view.peek(), isMoving.peek())),
    [view, isMoving],
  );
  useLayoutEffect(() => {
    const element = parent.current;
    if (element === null) return;
    const style = getComputedStyle(element);
    plot.current = makePlot(
      element,
      { width: Math.max(200, element.clientWidth), height },
      {
        isLog: figure.isLog,
        look: { ink: style.getPropertyValue('--ink-2'), grid: style.getPropertyValue('--grid') },
        listeners: {
          zoom: (span) => latest.current.onZoom(span),
          move: (span, isOver) => latest.current.onMove(span, isOver),
          point: (at) => latest.current.point(element.matches(':hover') ? at : null),
        },
      },
    );
    draw();
    const undo = [watchSize(element, plot, height, draw), watchSight(element, draw)];
    return () => {
      undo.forEach((each) => each());
      plot.current?.destroy();
      plot.current = null;
    };
  }, [figure.isLog, colours, draw, height]);
  useEffect(draw, [figure, draw]);
  useEffect(() => {
    const undo = [view.subscribe(draw), isMoving.subscribe(draw)];
    return () => undo.forEach((each) => each());
  }, [view, isMoving, draw]);
  return { parent, plot };
}

interface FrameTask {
  (): void;
  /** While true, calls wait. */
  isHeld: boolean;
}

/** Calls a task at most once a frame, and never while held. */
function oncePerFrame(task: () => void): FrameTask {
  let isDue = false;
  const run: FrameTask = Object.assign(
    () => {
      if (isDue || run.isHeld) return;
      isDue = true;
      requestAnimationFrame(() => {
        isDue = false;
        if (!run.isHeld) task();
      });
    },
    { isHeld: false },
  );
  return run;
}

function watchSize(
  element: HTMLElement,
  plot: { readonly current: Plot | null },
  height: number,
  draw: () => void,
): () => void {
  const observer = new ResizeObserver(() => {
    if (element.clientWidth > 0) plot.current?.resize(Math.max(200, element.clientWidth), height);
    draw();
  });
  observer.observe(element);
  return () => observer.disconnect();
}

/** Holds the drawing of a chart while it is scrolled out of sight. */
function watchSight(element: HTMLElement, draw: FrameTask): () => void {
  const observer = new IntersectionObserver(([entry]) => {
    draw.isHeld = entry?.isIntersecting === false;
    if (!draw.isHeld) draw();
  });
  observer.observe(element);
  return () => observer.disconnect();
}

/** The number of a line's points that are seen. */
const countIn = (x: readonly number[], span: Span | null): number =>
  span === null ? x.length : x.findLastIndex((at) => at <= span.to) + 1 - firstFrom(x, span.from);

/** Describes how many of the values are drawn, and which are not. */
function noteOf({ strokes, isLog }: Figure, curves: readonly Curve[] = [], span: Span | null): string {
  const values = curves.reduce((sum, curve) => sum + curve.values, 0);
  const points = curves.reduce((sum, { x }) => sum + countIn(x, span), 0);
  const below = isLog
    ? strokes.reduce((sum, { y }) => sum + y.filter((value) => value !== null && value <= 0).length, 0)
    : 0;
  return [
    curves.some(({ isExact }) => !isExact) ? `${countText(points)} of ${countText(values)} values` : '',
    below > 0 ? `${countText(below)} at or below 0 not shown` : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

function describe({ title, strokes }: Figure, last: number | string | undefined): string {
  const lines = `${strokes.length} ${inNumber(strokes.length, 'lines')}`;
  return `${title}: ${lines}${last === undefined ? '' : `, the first ends at ${valueText(last, 4)}`}`;
}
