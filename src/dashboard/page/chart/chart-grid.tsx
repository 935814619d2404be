import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Curve } from '../curves/curve.js';
import { Chart } from './chart.js';
import { type FigureOptions, figureOf } from './figure.js';
import { useView } from './use-view.js';

const LOW = 240;
/** Of a chart that has all the room for itself. */
const TALL = 460;

export interface ChartGridProps {
  readonly curves: readonly Curve[];
  readonly metrics: readonly string[];
  readonly options: Omit<FigureOptions, 'title'>;
}

/** One chart a metric; all of them show the same stretch of x, which the address holds once it is chosen. */
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
