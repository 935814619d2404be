import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Curve } from '../curves/curve.js';
import type { Axes } from '../curves/axes.js';
import { Chart } from './chart.js';
import { type FigureOptions, figureOf } from './figure.js';
import { useViews } from './use-view.js';

const LOW = 240;
/** The height of a single chart. */
const TALL = 460;

export interface ChartGridProps {
  readonly curves: readonly Curve[];
  readonly metrics: readonly string[];
  readonly axes: Axes;
  readonly options: Omit<FigureOptions, 'title' | 'xTitle'>;
}

/**
 * One chart per metric; all over one axis show the same stretch of it, which is in the address once
 * it is chosen.
 */
export function ChartGrid({ curves, metrics, axes, options }: ChartGridProps): JSX.Element {
  const movesOf = useViews([...new Set(metrics.map(axes.of))], axes.usual);
  const figures = useMemo(
    () =>
      metrics.map((title) => {
        const own = curves.filter(({ metric }) => metric === title);
        const figure = figureOf(own, { ...options, title, xTitle: axisTitle(axes.of(title)) });
        return { title, own, figure };
      }),
    [curves, metrics.join('\n'), options, axes],
  );
  return (
    <div class="charts">
      {figures.map(({ title, own, figure }) => (
        <Chart
          key={title}
          {...{ figure, ...movesOf(axes.of(title)) }}
          height={figures.length === 1 ? TALL : LOW}
          curves={own}
        />
      ))}
    </div>
  );
}

const axisTitle = (axis: string): string => (axis === 'time' ? 'time (s)' : axis.replace(/^metric:/, ''));
