import type { JSX } from 'preact';
import type { RunAnswer } from '../../api.js';
import { countText } from '../facts/format.js';
import { To } from '../parts/link.js';
import { runPlace } from '../state/route.js';

type Ancestor = RunAnswer['lineage'][number];

/** The runs from which a run was forked, its parent first, and why rows of them are missing. */
export function LineageLine({ lineage }: { readonly lineage: RunAnswer['lineage'] }): JSX.Element {
  return (
    <ul class="forked" data-testid="forked-from">
      {lineage.map((ancestor, generation) => (
        <li key={generation}>
          {generation === 0 ? null : <span class="dim">which was forked from </span>}
          <Name ancestor={ancestor} />, step {countText(ancestor.step)}
          {ancestor.isCopy ? <span class="dim"> (a copy in this run)</span> : null}
          {ancestor.problem === null ? null : (
            <span class="forked-problem"> Rows are missing: {ancestor.problem}.</span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The name that the run has now, as a link if it has a page. */
function Name({ ancestor: { id, experiment, run } }: { readonly ancestor: Ancestor }): JSX.Element {
  const named = `${experiment}/${run}`;
  if (id === null) return <>{named}</>;
  return <To place={runPlace(id)}>{id}</To>;
}
