import type { JSX } from 'preact';
import { inNumber } from '../../../pure/quantity.js';
import type { RunFactsAnswer } from '../../api.js';
import { usePage } from '../api/use-api.js';
import { countText, momentText } from '../facts/format.js';
import { FigureTable } from '../parts/figure-table.js';
import { To } from '../parts/link.js';
import { versionPlace } from '../state/route.js';

type Links = NonNullable<RunFactsAnswer['usedArtifacts']>;

/** The versions of artifacts that the run has logged and used; nothing without any. */
export function VersionLinks({ facts }: { readonly facts: RunFactsAnswer }): JSX.Element | null {
  const { loggedArtifacts = {}, usedArtifacts = {}, artifactLinksLeftOut = 0 } = facts;
  return (
    <>
      <LinkTable title="Versions logged" links={loggedArtifacts} />
      <LinkTable title="Versions used" links={usedArtifacts} />
      {artifactLinksLeftOut === 0 ? null : (
        <p class="dim">
          {countText(artifactLinksLeftOut)} {inNumber(artifactLinksLeftOut, 'versions')} more, for which
          run.yaml had no room
        </p>
      )}
    </>
  );
}

function LinkTable({ title, links }: { readonly title: string; readonly links: Links }): JSX.Element | null {
  const { api } = usePage();
  const rows = Object.entries(links);
  if (rows.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <FigureTable label={title} heads={['version', 'type', 'at']}>
        {rows.map(([ref, { type, at }]) => (
          <tr key={ref}>
            <th scope="row">{api.isLive ? <To place={versionPlace(ref)}>{ref}</To> : ref}</th>
            <td>{type}</td>
            <td>{momentText(at)}</td>
          </tr>
        ))}
      </FigureTable>
    </section>
  );
}
