import type { JSX } from 'preact';
import { exactText, valueText } from '../facts/format.js';

/** A table of names and values, one pair per row. */
export function ValueTable({
  rows,
  empty = '',
  first = [],
}: {
  readonly rows: readonly (readonly [name: string, value: unknown])[];
  readonly empty?: string;
  /** Names of the rows that stand out. */
  readonly first?: readonly string[];
}): JSX.Element {
  if (rows.length === 0) return <p class="dim">{empty}</p>;
  return (
    <table class="values card">
      <tbody>
        {rows.map(([name, value]) => (
          <tr key={name} class={first.includes(name) ? 'headline' : ''}>
            <th scope="row">{name}</th>
            <td class={typeof value === 'number' ? 'number-left' : ''} title={exactText(value)}>
              {valueText(value)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
