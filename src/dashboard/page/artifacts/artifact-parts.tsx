import type { JSX } from 'preact';
import type { ArtifactProblemAnswer, ArtifactRunAnswer } from '../../api.js';
import { runId } from '../facts/run-values.js';
import { firstOf } from '../parts/first-of.js';
import { Left } from '../parts/left.js';
import { To } from '../parts/link.js';
import { runPlace } from '../state/route.js';

/**
 * @bound tells: a line below them says how many more; specs/dashboard/browser/artifacts.spec.ts
 * "say how many files of a version are not shown, how many aliases, and what cannot be found"
 */
const MOST_NAMED = 10;

/** The way to an artifact, or to one of its versions, as the title of its page. */
export function ArtifactTitle({
  name,
  version,
}: {
  readonly name: string;
  readonly version?: number;
}): JSX.Element {
  return (
    <div class="run-head flush">
      <h1>
        <To place={{ page: 'artifacts' }} class="dim">
          artifacts
        </To>
        <span class="dim">/</span>
        {version === undefined ? (
          name
        ) : (
          <>
            <To place={{ page: 'artifacts', name }} class="dim">
              {name}
            </To>
            <span class="dim">/</span>v{version}
          </>
        )}
      </h1>
    </div>
  );
}

/** A run, as a link; only its name if it is not there any more. */
export function RunLink({ run }: { readonly run: ArtifactRunAnswer }): JSX.Element {
  const id = runId(run);
  if (run.isThere) return <To place={runPlace(id)}>{id}</To>;
  return (
    <>
      {id} <span class="dim">(no longer there)</span>
    </>
  );
}

/** The aliases of a version. */
export function AliasList({ aliases }: { readonly aliases: readonly string[] }): JSX.Element {
  const { shown, left } = firstOf(aliases, MOST_NAMED);
  return (
    <span class="artifact-aliases">
      {shown.map((alias) => (
        <span class="tag" key={alias}>
          {alias}
        </span>
      ))}
      <Left left={left} what="" />
    </span>
  );
}

/** Versions and artifacts that cannot be read; nothing if all can. */
export function Problems({
  problems,
}: {
  readonly problems: readonly ArtifactProblemAnswer[];
}): JSX.Element | null {
  if (problems.length === 0) return null;
  const { shown, left } = firstOf(problems, MOST_NAMED);
  return (
    <div class="problems" role="alert">
      <ul>
        {shown.map(({ ref, code, message }) => (
          <li key={ref}>
            <strong>{ref}</strong>: {code}: {message}
          </li>
        ))}
      </ul>
      <Left left={left} what="that cannot be read" />
    </div>
  );
}
