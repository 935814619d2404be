import type { JSX } from 'preact';
import { type Defined, goalText } from '../facts/figures.js';
import { ALL_DIGITS, digitsFor, exactText, valueText } from '../facts/format.js';
import { To } from '../parts/link.js';
import { TableBox } from '../parts/table-box.js';
import { runPlace } from '../state/route.js';
import { bestValues, type Compared, type Dimension } from './value-rows.js';

/** A table with one column per run and one row per value. */
export function CompareTable({
  rows,
  dimensions,
  differ = [],
  defined,
}: {
  readonly rows: readonly Compared[];
  readonly dimensions: readonly Dimension[];
  /** Dimensions to show in bold. */
  readonly differ?: readonly Dimension[];
  /** Marks the best value of each line whose goal it finds. */
  readonly defined?: Defined;
}): JSX.Element {
  const digits = ({ key, kind }: Dimension): number =>
    kind === 'param' ? ALL_DIGITS : digitsFor(rows.map(({ values }) => values.get(key)));
  if (dimensions.length === 0) return <p class="dim">None.</p>;
  return (
    <TableBox label="Values of the runs">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Name</span>
            </th>
            {rows.map(({ id, colour }) => (
              <th scope="col" key={id} class="number">
                <i class="swatch" style={{ background: colour }} />{' '}
                <To place={runPlace(id)} title={id}>
                  {id.slice(id.indexOf('/') + 1)}
                </To>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {dimensions.map((dimension) => {
            const goal = defined?.('goal', dimension.name);
            const best = goal === undefined ? new Set() : bestValues(rows, dimension, goal);
            return (
              <tr key={dimension.key} class={differ.includes(dimension) ? 'differs' : ''}>
                <th
                  scope="row"
                  title={[dimension.name, ...(goal === undefined ? [] : [goalText(goal)])].join(': ')}
                >
                  {dimension.name}
                </th>
                {rows.map(({ id, values }) => {
                  const value = values.get(dimension.key);
                  return (
                    <td key={id} class="number" title={exactText(value)}>
                      {valueText(value, digits(dimension))}
                      {value === undefined || !best.has(value) ? null : <BestMark />}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </TableBox>
  );
}

function BestMark(): JSX.Element {
  return (
    <span class="best-mark" title="the best of its line">
      <span aria-hidden="true">★</span>
      <span class="hidden"> best</span>
    </span>
  );
}
