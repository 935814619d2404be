import type { JSX } from 'preact';
import type { Goal } from '../../../pure/metric-definition.js';
import { goalText } from '../facts/figures.js';
import { valueText } from '../facts/format.js';
import { type Axis, axisOf, cut } from './axis.js';
import type { Compared, Dimension } from './value-rows.js';

const NARROWEST_STRIDE = 120;
const WIDTH = 1200;
const HEIGHT = 300;
const EDGE = { side: 66, top: 34, bottom: 14 };
/** @bound loses nothing: the text ends in an ellipsis, and the table beside it has all of it */
const LONGEST = 18;

/** Draws each run as a line over all axes, coloured by its place on the last one. */
export function Parallel({
  rows,
  dimensions,
  goal,
}: {
  readonly rows: readonly Compared[];
  readonly dimensions: readonly Dimension[];
  /** The direction in which the last dimension gets better. */
  readonly goal?: Goal | undefined;
}): JSX.Element | null {
  const axes = dimensions.map((dimension) => ({
    ...axisOf(rows.map(({ values }) => values.get(dimension.key))),
    dimension,
  }));
  const last = axes.at(-1);
  if (last === undefined || axes.length < 2) return null;
  const stride = Math.max(NARROWEST_STRIDE, (WIDTH - 2 * EDGE.side) / (axes.length - 1));
  const width = (axes.length - 1) * stride + 2 * EDGE.side;
  return (
    <>
      {goal === undefined ? null : (
        <p class="dim">
          Orange is the best {last.dimension.title}: {goalText(goal)}.
        </p>
      )}
      <div class="plain-chart card table-box" tabIndex={0} role="group" aria-label="Parallel coordinates">
        <svg
          viewBox={`0 0 ${width} ${HEIGHT}`}
          style={{ minWidth: `${Math.min(width, 1100)}px` }}
          role="img"
          aria-label={`Parallel coordinates of ${rows.length} runs over ${dimensions.map(({ title }) => title).join(', ')}`}
        >
          {rows.map((row) => (
            <polyline
              key={row.id}
              points={pointsOf(row, axes, stride)}
              fill="none"
              style={{ stroke: colourAt(last.placeOf(row.values.get(last.dimension.key)), goal) }}
              stroke-width="1.6"
              stroke-opacity="0.75"
            >
              <title>
                {[
                  row.id,
                  ...dimensions.map(({ key, title }) => `${title} ${valueText(row.values.get(key))}`),
                ].join('\n')}
              </title>
            </polyline>
          ))}
          {axes.map((axis, index) => (
            <AxisLine key={axis.dimension.key} axis={axis} left={EDGE.side + index * stride} />
          ))}
        </svg>
      </div>
    </>
  );
}

interface DimensionAxis extends Axis {
  readonly dimension: Dimension;
}

const topOf = (place: number): number => EDGE.top + (1 - place) * (HEIGHT - EDGE.top - EDGE.bottom);

/** A run without a value on an axis passes below it. */
function pointsOf({ values }: Compared, axes: readonly DimensionAxis[], stride: number): string {
  return axes
    .map((axis, index) => {
      const top = topOf(axis.placeOf(values.get(axis.dimension.key)) ?? -0.04);
      return `${(EDGE.side + index * stride).toFixed(1)},${top.toFixed(1)}`;
    })
    .join(' ');
}

/** Blue for the least, orange for the greatest or, if there is a goal, the best; grey for no value. */
function colourAt(place: number | null, goal: Goal | undefined): string {
  if (place === null) return 'var(--ink-2)';
  const merit = goal === 'min' ? 1 - place : place;
  return `hsl(${Math.round(215 + merit * 175) % 360} 72% 55%)`;
}

function AxisLine({ axis, left }: { readonly axis: DimensionAxis; readonly left: number }): JSX.Element {
  return (
    <g>
      <line class="axis" x1={left} x2={left} y1={topOf(1)} y2={topOf(0)} />
      <text x={left} y="16" text-anchor="middle">
        {cut(axis.dimension.title, LONGEST)}
        {axis.isLog ? ' (log)' : ''}
      </text>
      {axis.ticks.map(({ place, text }) => (
        <text key={`${place}`} x={left + 5} y={topOf(place) + 4}>
          {cut(text, LONGEST)}
        </text>
      ))}
    </g>
  );
}
