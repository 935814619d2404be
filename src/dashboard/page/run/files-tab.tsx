import type { JSX } from 'preact';
import type { RunAnswer } from '../../api.js';
import { bytesText } from '../facts/format.js';
import { FigureTable } from '../parts/figure-table.js';
import { safeHref } from '../parts/safe-href.js';
import { TableBox } from '../parts/table-box.js';
import { Preview } from './preview.js';
import { VersionLinks } from './version-links.js';

/** Versions of artifacts, saved artifacts for download, and the run's own files. */
export function FilesTab({ run: { artifacts, files, facts } }: { readonly run: RunAnswer }): JSX.Element {
  return (
    <div class="columns">
      <VersionLinks facts={facts} />
      <section aria-label="Artifacts">
        <h2>Artifacts</h2>
        {artifacts.length === 0 ? (
          <p class="dim">No artifacts were saved.</p>
        ) : (
          <Artifacts artifacts={artifacts} />
        )}
      </section>
      <section aria-label="Files of the run">
        <h2>Files of the run</h2>
        <TableBox label="Files of the run">
          <table class="figures">
            <tbody>
              {files.map(({ name, bytes }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td class="number">{bytesText(bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      </section>
    </div>
  );
}

function Artifacts({ artifacts }: Pick<RunAnswer, 'artifacts'>): JSX.Element {
  return (
    <FigureTable label="Artifacts" heads={['name', { number: 'size' }, 'SHA-256']}>
      {artifacts.map(({ name, bytes, sha256, href }) => (
        <tr key={name}>
          <th scope="row">
            <Download name={name} href={href} />
            <Preview {...{ name, href, bytes }} />
          </th>
          <td class="number">{bytesText(bytes)}</td>
          <td class="mono dim" title={sha256}>
            {hashText(sha256)}
          </td>
        </tr>
      ))}
    </FigureTable>
  );
}

// @bound loses nothing: an ellipsis follows, and the title has the whole hash
const hashText = (sha256: string): string => `${sha256.slice(0, 16)}…`;

/** A link to a file of the run; only its name if there is nothing to download. */
export function Download({ name, href }: { readonly name: string; readonly href: string }): JSX.Element {
  const address = safeHref(href);
  if (address === null) return <>{name}</>;
  return (
    <a href={address} download={name.split('/').at(-1)} title={`Download ${name}`}>
      {name}
    </a>
  );
}
