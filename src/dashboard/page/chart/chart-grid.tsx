import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import type { Curve, Span } from '../curves/curve.js';
import { choose } from '../state/navigation.js';
import { Chart } from './chart.js';
import { type FigureOptions, figureOf } from './figure.js';

const LOW = 240;
/** Of a chart that has all the room for itself. */
const TALL = 460;

export interface ChartGridProps {
  readonly curves: readonly Curve[];
  readonly metrics: readonly string[];
  readonly options: Omit<FigureOptions, 'title'>;
  /** What the address is zoomed to. */
  readonly view: Span | null;
}

/** One chart a metric; all of them show the same stretch of x, which the address holds once it is chosen. */
export function ChartGrid({ curves, metrics, options, view: chosen }: ChartGridProps): JSX.Element {
  const view = useSignal<Span | null>(chosen);
  const isMoving = useSignal(false);
  useEffect(() => void (view.value = chosen), [chosen?.from, chosen?.to]);
  const figures = useMemo(
    () =>
      metrics.map((title) => {
        const own = curves.filter(({ metric }) => metric === title);
        return { title, own, figure: figureOf(own, { ...options, title }) };
      }),
    [curves, metrics.join('\n'), options],
  );
  const zoom = (next: Span | null, how: 'push' | 'replace' = 'push'): void => {
    view.value = next;
    choose({ from: textOf(next?.from), to: textOf(next?.to) }, how);
  };
  const move = (next: Span, isOver: boolean): void => {
    [view.value, isMoving.value] = [next, !isOver];
    if (isOver) zoom(next, 'replace');
  };
  return (
    <div class="charts">
      {figures.map(({ title, own, figure }) => (
        <Chart
          key={title}
          {...{ figure, view, isMoving }}
          height={figures.length === 1 ? TALL : LOW}
          curves={own}
          onZoom={zoom}
          onMove={move}
        />
      ))}
    </div>
  );
}

/** A place of x for the address, to a hundred-millionth: no pixel is that narrow. */
const textOf = (value: number | undefined): string | null =>
  value === undefined ? null : String(Number(value.toPrecision(9)));
