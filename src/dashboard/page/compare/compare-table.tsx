import type { JSX } from 'preact';
import { ALL_DIGITS, digitsFor, exactText, valueText } from '../facts/format.js';
import { To } from '../parts/link.js';
import { TableBox } from '../parts/table-box.js';
import { runPlace } from '../state/route.js';
import type { Compared, Dimension } from './value-rows.js';

/** A table with one column per run and one row per value. */
export function CompareTable({
  rows,
  dimensions,
  differ,
}: {
  readonly rows: readonly Compared[];
  readonly dimensions: readonly Dimension[];
  /** Dimensions to show in bold. */
  readonly differ: readonly Dimension[];
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
          {dimensions.map((dimension) => (
            <tr key={dimension.key} class={differ.includes(dimension) ? 'differs' : ''}>
              <th scope="row">{dimension.name}</th>
              {rows.map(({ id, values }) => (
                <td key={id} class="number" title={exactText(values.get(dimension.key))}>
                  {valueText(values.get(dimension.key), digits(dimension))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}
