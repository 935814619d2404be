import type { JSX } from 'preact';
import { inNumber } from '../../../pure/quantity.js';
import type { ArtifactAnswer } from '../../api.js';
import { useAsked } from '../api/use-api.js';
import { bytesText, countText, momentText } from '../facts/format.js';
import { FigureTable } from '../parts/figure-table.js';
import { Left } from '../parts/left.js';
import { To } from '../parts/link.js';
import { Answered } from '../parts/states.js';
import { listTurn } from '../state/news.js';
import { AliasList, ArtifactTitle, Problems, RunLink } from './artifact-parts.js';

/** Shows the versions of an artifact, the newest first. */
export function ArtifactPage({ name }: { readonly name: string }): JSX.Element {
  const [asked, again] = useAsked(`${name} ${listTurn.value}`, (api) => api.artifact(name));
  return (
    <div class="page">
      <ArtifactTitle name={name} />
      <Answered asked={asked} again={again} what="its versions">
        {(answer) => <Versions answer={answer} />}
      </Answered>
    </div>
  );
}

function Versions({
  answer: { name, versions, total, problems },
}: {
  readonly answer: ArtifactAnswer;
}): JSX.Element {
  return (
    <section aria-label="Versions">
      <Problems problems={problems} />
      <FigureTable
        label={`Versions of ${name}`}
        heads={[
          'version',
          'aliases',
          'type',
          { number: 'files' },
          { number: 'size' },
          'logged',
          'by',
          'used by',
        ]}
      >
        {versions.map(({ version, aliases, type, files, bytes, createdAt, createdBy, users }) => (
          <tr key={version} data-testid="version-row">
            <th scope="row">
              <To place={{ page: 'artifacts', name, version }}>v{version}</To>
            </th>
            <td class="cell-names">
              <AliasList aliases={aliases} />
            </td>
            <td>{type}</td>
            <td class="number">{countText(files)}</td>
            <td class="number">{bytesText(bytes)}</td>
            <td>{momentText(createdAt)}</td>
            <td>
              <RunLink run={createdBy} />
            </td>
            <td>{users === 0 ? '' : `${countText(users)} ${inNumber(users, 'runs')}`}</td>
          </tr>
        ))}
      </FigureTable>
      <Left left={total - versions.length} what="versions, older than these" />
    </section>
  );
}
