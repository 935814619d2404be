import type { ResolvedOptions } from '../../model/experiment-config.js';
import { bareObject } from '../../model/param-value.js';
import type { Params } from '../../model/params.js';
import { sanitiseParams } from '../../model/params.js';
import { captureEnvironment, captureGitDirty } from './environment.js';

/**
 * The time for which facts are shared: a sweep opens hundreds of runs in a second, all in the same
 * environment.
 */
const SHARED_MS = 2_000;

interface Surroundings {
  readonly facts: Params;
  /**
   * Resolves later, because only git itself knows if a file was changed. Null outside a repository.
   */
  readonly dirty: Promise<boolean | undefined> | null;
}

const NONE = { facts: undefined, dirty: null } as const;

let last: { readonly at: number; readonly cwd: string; readonly found: Surroundings } | undefined;

/** The environment of a run, for its run.yaml; empty if that is not wanted. */
export function surroundings(wanted: ResolvedOptions['environment']): Surroundings | typeof NONE {
  if (wanted === false) return NONE;
  if (wanted === true || wanted.argv) return allSurroundings();
  const { facts, dirty } = allSurroundings();
  return {
    facts: bareObject(Object.entries(facts).filter(([name]) => name !== 'argv' && name !== 'argvLeftOut')),
    dirty,
  };
}

function allSurroundings(): Surroundings {
  const cwd = process.cwd();
  const at = performance.now();
  if (last === undefined || last.cwd !== cwd || at - last.at > SHARED_MS)
    last = { at, cwd, found: inspectSurroundings(cwd) };
  return last.found;
}

function inspectSurroundings(cwd: string): Surroundings {
  const environment = captureEnvironment();
  const { params } = sanitiseParams(environment);
  return { facts: params, dirty: 'git' in params ? captureGitDirty(cwd) : null };
}
