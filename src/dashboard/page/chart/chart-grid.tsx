import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Curve } from '../curves/curve.js';
import { Chart } from './chart.js';
import { type FigureOptions, figureOf } from './figure.js';
import { useView } from './use-view.js';

const LOW = 240;
/** The height of a single chart. */
const TALL = 460;

export interface ChartGridProps {
  readonly curves: readonly Curve[];
  readonly metrics: readonly string[];
  readonly options: Omit<FigureOptions, 'title'>;
}

/**
 * One chart per metric; all show the same stretch of x, which is in the address once it is chosen.
 */
export function ChartGrid({ curves, metrics, options }: ChartGridProps): JSX.Element {
  const moves = useView();
  const figures = useMemo(
    () =>
      metrics.map((title) => {
        const own = curves.filter(({ metric }) => metric === title);
        return { title, own, figure: figureOf(own, { ...options, title }) };
      }),
    [curves, metrics.join('\n'), options],
  );
  return (
    <div class="charts">
      {figures.map(({ title, own, figure }) => (
        <Chart
          key={title}
          {...{ figure, ...moves }}
          height={figures.length === 1 ? TALL : LOW}
          curves={own}
        />
      ))}
    </div>
  );
}
