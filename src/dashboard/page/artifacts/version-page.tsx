import type { ComponentChildren, JSX } from 'preact';
import { inNumber } from '../../../pure/quantity.js';
import type { ArtifactRunAnswer, ArtifactVersionDetails } from '../../api.js';
import { useAsked } from '../api/use-api.js';
import { bytesText, countText, momentText } from '../facts/format.js';
import { runId } from '../facts/run-values.js';
import { FigureTable } from '../parts/figure-table.js';
import { Left } from '../parts/left.js';
import { To } from '../parts/link.js';
import { Answered } from '../parts/states.js';
import { listTurn } from '../state/news.js';
import { versionPlace } from '../state/route.js';
import { AliasList, ArtifactTitle, RunLink } from './artifact-parts.js';

/** Shows a version of an artifact: the runs and versions around it, and its files. */
export function VersionPage({
  name,
  version,
}: {
  readonly name: string;
  readonly version: number;
}): JSX.Element {
  const [asked, again] = useAsked(`${name} ${version} ${listTurn.value}`, (api) =>
    api.version(name, version),
  );
  return (
    <div class="page">
      <ArtifactTitle name={name} version={version} />
      <Answered asked={asked} again={again} what="the version">
        {(details) => <Details details={details} />}
      </Answered>
    </div>
  );
}

function Details({ details }: { readonly details: ArtifactVersionDetails }): JSX.Element {
  const { version, digest } = details;
  const rows: readonly (readonly [string, ComponentChildren])[] = [
    ['Type', version.type],
    ['Aliases', version.aliases.length === 0 ? 'none' : <AliasList aliases={version.aliases} />],
    ['Logged', momentText(version.createdAt)],
    [
      'Size',
      `${bytesText(version.bytes)} in ${countText(version.files)} ${inNumber(version.files, 'files')}`,
    ],
    ['Digest', <span class="mono">{digest}</span>],
  ];
  return (
    <>
      <dl class="facts card">
        {rows.map(([title, value]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Lineage details={details} />
      <Files details={details} />
    </>
  );
}

function Lineage({
  details: {
    version: { name, version },
    lineage: { ancestors, loggedBy, usedBy, descendants, leftOut },
  },
}: {
  readonly details: ArtifactVersionDetails;
}): JSX.Element {
  const run = (each: ArtifactRunAnswer): JSX.Element => (
    <li key={runId(each)}>
      <RunLink run={each} />
    </li>
  );
  const link = (ref: string): JSX.Element => (
    <li key={ref}>
      <To place={versionPlace(ref)}>{ref}</To>
    </li>
  );
  return (
    <section aria-label="Lineage">
      <h2>Lineage</h2>
      <div class="lineage">
        <Related title="Comes from" some={ancestors} item={link} what="versions" />
        <Related title="Logged by" some={loggedBy} item={run} what="runs" />
        <div class="card lineage-self">
          <h3>This version</h3>
          {name}:v{version}
        </div>
        <Related title="Used by" some={usedBy} item={run} what="runs" />
        <Related title="Led to" some={descendants} item={link} what="versions" />
      </div>
      {leftOut === 0 ? null : (
        <p class="dim">
          Runs have logged or used {countText(leftOut)} {inNumber(leftOut, 'versions')} more, for which their
          run.yaml had no room.
        </p>
      )}
    </section>
  );
}

function Related<T>({
  title,
  some: { first, left },
  item,
  what,
}: {
  readonly title: string;
  readonly some: { readonly first: readonly T[]; readonly left: number };
  readonly item: (each: T) => JSX.Element;
  readonly what: string;
}): JSX.Element {
  return (
    <div class="card">
      <h3>{title}</h3>
      {first.length === 0 ? <p class="dim">none</p> : <ul>{first.map(item)}</ul>}
      <Left left={left} what={what} />
    </div>
  );
}

function Files({ details: { files, total } }: { readonly details: ArtifactVersionDetails }): JSX.Element {
  const hasReferences = files.some(({ url }) => url !== null);
  return (
    <section aria-label="Files">
      <h2>Files</h2>
      <FigureTable
        label="Files of the version"
        heads={['file', { number: 'size' }, 'SHA-256', ...(hasReferences ? ['kept at'] : [])]}
      >
        {files.map(({ path, bytes, sha256, url }) => (
          <tr key={path}>
            <th scope="row" title={path}>
              {path}
            </th>
            <td class="number">{bytes === null ? '' : bytesText(bytes)}</td>
            <td class="mono dim">{sha256}</td>
            {/* An address that anybody may have written is no link. */}
            {hasReferences ? <td>{url ?? ''}</td> : null}
          </tr>
        ))}
      </FigureTable>
      <Left left={total - files.length} what="files" />
    </section>
  );
}
