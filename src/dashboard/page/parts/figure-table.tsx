import type { ComponentChildren, JSX } from 'preact';
import { TableBox } from './table-box.js';

/** The head of a column of numbers, and what the mouse shows of it. */
interface NumberHead {
  readonly number: string;
  readonly hint?: string;
}

/** A table of figures in a box that scrolls, with a head for each column. */
export function FigureTable({
  label,
  heads,
  children,
}: {
  readonly label: string;
  readonly heads: readonly (string | NumberHead)[];
  /** The rows. */
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <TableBox label={label}>
      <table class="figures">
        <thead>
          <tr>
            {heads.map((head, at) =>
              typeof head === 'string' ? (
                <th scope="col" key={at}>
                  {head}
                </th>
              ) : (
                <th scope="col" key={at} class="number" title={head.hint}>
                  {head.number}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </TableBox>
  );
}
