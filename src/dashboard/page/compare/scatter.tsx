import type { JSX } from 'preact';
import { longest } from '../chart/ticks.js';
import { valueText } from '../facts/format.js';
import { axisOf, cut } from './axis.js';
import type { Compared, Dimension } from './value-rows.js';

const SIZE = { width: 640, height: 360 };
const EDGE = { left: 78, right: 16, top: 12, bottom: 42 };
/**
 * Characters of a tick label: at the side, below with few ticks, and below with many.
 *
 * @bound loses nothing: the text ends in an ellipsis, and the table beside it has all of it
 */
const LONGEST = { side: 20, few: 20, many: 14 };
const LETTER = 6.4;

/** A dot that differs from others: how it is drawn, and the words for it. */
export interface Mark {
  readonly look: 'ringed' | 'hollow';
  readonly what: string;
}

/** Plots one value against another, one dot per run. */
export function Scatter({
  rows,
  x: across,
  y: up,
  marks = new Map(),
}: {
  readonly rows: readonly Compared[];
  readonly x: Dimension;
  readonly y: Dimension;
  /** Marks by the id of a run; marked dots are drawn over the others. */
  readonly marks?: ReadonlyMap<string, Mark>;
}): JSX.Element {
  const x = axisOf(rows.map(({ values }) => values.get(across.key)));
  const y = axisOf(rows.map(({ values }) => values.get(up.key)));
  const names = y.ticks.map(({ text }) => cut(text, LONGEST.side));
  const edge = Math.max(EDGE.left, LETTER * longest(names) + 14);
  const [width, height] = [SIZE.width - edge - EDGE.right, SIZE.height - EDGE.top - EDGE.bottom];
  const left = (place: number): number => edge + 8 + place * (width - 16);
  const top = (place: number): number => EDGE.top + 8 + (1 - place) * (height - 16);
  const bottom = EDGE.top + height;
  const ordered = [...rows].sort((one, other) => Number(marks.has(one.id)) - Number(marks.has(other.id)));
  return (
    <div class="plain-chart card table-box" tabIndex={0} role="group" aria-label="Scatter">
      <svg
        viewBox={`0 0 ${SIZE.width} ${SIZE.height}`}
        role="img"
        aria-label={[`${up.title} against ${across.title}, ${rows.length} dots`, ...counts(marks)].join(', ')}
      >
        {x.ticks.map(({ place, text }) => (
          <g key={`x ${text} ${place}`}>
            <line class="grid" x1={left(place)} x2={left(place)} y1={EDGE.top} y2={bottom} />
            <text
              x={left(place)}
              y={bottom + 16}
              text-anchor={place === 1 && text.length > 6 ? 'end' : 'middle'}
            >
              {cut(text, x.ticks.length > 5 ? LONGEST.many : LONGEST.few)}
            </text>
          </g>
        ))}
        {y.ticks.map(({ place, text }) => (
          <g key={`y ${text} ${place}`}>
            <line class="grid" x1={edge} x2={edge + width} y1={top(place)} y2={top(place)} />
            <text x={edge - 6} y={top(place) + 4} text-anchor="end">
              {cut(text, LONGEST.side)}
            </text>
          </g>
        ))}
        <text x={edge + width / 2} y={SIZE.height - 6} text-anchor="middle">
          {across.title}
          {x.isLog ? ' (log)' : ''}
        </text>
        {ordered.map(({ id, colour, values }) => {
          const mark = marks.get(id);
          const [own, other] = [values.get(across.key), values.get(up.key)];
          const [xPlace, yPlace] = [x.placeOf(own), y.placeOf(other)];
          return xPlace === null || yPlace === null ? null : (
            <circle
              key={id}
              cx={left(xPlace)}
              cy={top(yPlace)}
              class={mark?.look ?? ''}
              r={mark?.look === 'ringed' ? '6' : '4.5'}
              style={mark?.look === 'hollow' ? { fill: 'none', stroke: colour } : { fill: colour }}
              fill-opacity={mark?.look === 'ringed' ? '1' : '0.8'}
            >
              <title>
                {`${id}: ${across.title} ${valueText(own)}, ${up.title} ${valueText(other)}`}
                {mark === undefined ? '' : `, ${mark.what}`}
              </title>
            </circle>
          );
        })}
      </svg>
    </div>
  );
}

/** Says how many dots have each mark. */
function counts(marks: ReadonlyMap<string, Mark>): string[] {
  const whats = [...marks.values()].map(({ what }) => what);
  return [...new Set(whats)].map((what) => `${whats.filter((each) => each === what).length} ${what}`);
}
