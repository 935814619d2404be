import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { failureOf } from '../api/api.js';
import { readStart } from '../api/request.js';
import { bytesText } from '../facts/format.js';
import { Left } from '../parts/left.js';
import { safeHref } from '../parts/safe-href.js';
import { TableBox } from '../parts/table-box.js';
import { type Shown, shownOf } from './preview-text.js';

const SHOWN_BYTES = 64 * 1024;

/**
 * Shows the start of a file of the run, as text or, for NDJSON, as a table; it is read on demand.
 * Whatever it contains is shown as text.
 */
export function Preview({
  name,
  href,
  bytes,
}: {
  readonly name: string;
  readonly href: string;
  readonly bytes: number;
}): JSX.Element | null {
  const [shown, setShown] = useState<Shown | null>(null);
  const address = safeHref(href);
  // A report contains no files.
  if (address === null || !address.startsWith('/')) return null;
  const read = (): void => {
    if (shown !== null) return;
    readStart(address, SHOWN_BYTES).then(
      (start) => setShown(shownOf(start, bytes > SHOWN_BYTES)),
      (error: unknown) => setShown({ kind: 'nothing', why: failureOf(error).message }),
    );
  };
  return (
    <details class="preview" onToggle={({ currentTarget }) => (currentTarget.open ? read() : undefined)}>
      <summary>Show {name}</summary>
      {shown === null ? <p class="dim">loading …</p> : <Content name={name} shown={shown} />}
      {bytes > SHOWN_BYTES ? (
        <p class="dim">
          the first {bytesText(SHOWN_BYTES)} of {bytesText(bytes)}
        </p>
      ) : null}
    </details>
  );
}

function Content({ name, shown }: { readonly name: string; readonly shown: Shown }): JSX.Element {
  switch (shown.kind) {
    case 'nothing':
      return <p class="dim">{shown.why}</p>;
    case 'text':
      return (
        <pre class="preview-text mono" tabIndex={0} role="group" aria-label={`Text of ${name}`}>
          {shown.text}
        </pre>
      );
    case 'table':
      return (
        <TableBox label={`Rows of ${name}`}>
          <table class="figures">
            <thead>
              <tr>
                {shown.columns.map((column) => (
                  <th scope="col" key={column}>
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.rows.map((row, at) => (
                <tr key={at}>
                  {row.map((cell, column) => (
                    <td key={column}>{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          <Left left={shown.left?.rows ?? 0} what="rows" />
          <Left left={shown.left?.columns ?? 0} what="columns" />
        </TableBox>
      );
  }
}
