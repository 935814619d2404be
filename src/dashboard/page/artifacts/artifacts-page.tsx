import type { JSX } from 'preact';
import type { ArtifactsAnswer } from '../../api.js';
import { useAsked, usePage } from '../api/use-api.js';
import { bytesText, countText, momentText } from '../facts/format.js';
import { FigureTable } from '../parts/figure-table.js';
import { Left } from '../parts/left.js';
import { To } from '../parts/link.js';
import { Answered, Empty } from '../parts/states.js';
import { listTurn } from '../state/news.js';
import { AliasList, Problems, RunLink } from './artifact-parts.js';
import { ArtifactPage } from './artifact-page.js';
import { VersionPage } from './version-page.js';

/** Shows all artifacts with versions, the versions of one, or one version. */
export function ArtifactsPage({
  name,
  version,
}: {
  readonly name?: string;
  readonly version?: number;
}): JSX.Element {
  const { api } = usePage();
  if (!api.isLive)
    return (
      <Empty title="A report does not contain artifacts with versions">
        <code>expman artifacts</code> and <code>expman serve</code> show them.
      </Empty>
    );
  if (name === undefined) return <AllArtifacts />;
  return version === undefined ? (
    <ArtifactPage key={name} name={name} />
  ) : (
    <VersionPage key={`${name}:${version}`} {...{ name, version }} />
  );
}

function AllArtifacts(): JSX.Element {
  const [asked, again] = useAsked(`artifacts ${listTurn.value}`, (api) => api.artifacts());
  return (
    <div class="page">
      <h1>Artifacts</h1>
      <Answered asked={asked} again={again} what="the artifacts">
        {(answer) =>
          answer.total === 0 ? (
            <Empty title="There are no artifacts with versions yet">
              <code>run.logArtifact(name, files)</code> logs one.
            </Empty>
          ) : (
            <List answer={answer} />
          )
        }
      </Answered>
    </div>
  );
}

function List({ answer: { artifacts, total } }: { readonly answer: ArtifactsAnswer }): JSX.Element {
  return (
    <section aria-label="Artifacts with versions">
      <Problems problems={artifacts.flatMap(({ problems }) => problems)} />
      <FigureTable
        label="Artifacts with versions"
        heads={[
          'artifact',
          'type',
          { number: 'versions' },
          { number: 'size' },
          'newest',
          'logged',
          'by',
          'its aliases',
        ]}
      >
        {artifacts.map(({ name, type, versions, bytes, newest }) => (
          <tr key={name} data-testid="artifact-row">
            <th scope="row" title={name}>
              <To place={{ page: 'artifacts', name }}>{name}</To>
            </th>
            <td>{type}</td>
            <td class="number">{countText(versions)}</td>
            <td class="number">{bytesText(bytes)}</td>
            {newest === null ? (
              <td colSpan={4} class="dim">
                no version can be read
              </td>
            ) : (
              <>
                <td>
                  <To place={{ page: 'artifacts', name, version: newest.version }}>v{newest.version}</To>
                </td>
                <td>{momentText(newest.createdAt)}</td>
                <td>
                  <RunLink run={newest.createdBy} />
                </td>
                <td class="cell-names">
                  <AliasList aliases={newest.aliases} />
                </td>
              </>
            )}
          </tr>
        ))}
      </FigureTable>
      <Left left={total - artifacts.length} what="artifacts" />
    </section>
  );
}
