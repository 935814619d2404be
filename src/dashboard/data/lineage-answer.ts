import { basename, dirname, join } from 'node:path';
import { ExpmanError } from '../../model/errors.js';
import type { RunIdentity } from '../../model/run-file.js';
import { PARENT_FOLDER } from '../../model/run-parent.js';
import { lineageIn, openInherited } from '../../reader/inherited-rows.js';
import type { Ancestor } from '../../run/lineage.js';
import { nodeFs } from '../../storage/node-fs.js';
import type { RunAnswer } from '../api.js';
import { findRun } from './find-run.js';
import { jsonStep } from './json-step.js';

/** Returns the `experiment/run` of a folder that has a page; null for any other. */
export type PageOf = (runDir: string) => string | null;

/** The pages of a server: those of the runs below the folder that is shown. */
export const pagesBelow =
  (dir: string): PageOf =>
  (runDir) => {
    const id = `${basename(dirname(runDir))}/${basename(runDir)}`;
    return findRun(dir, id) === runDir ? id : null;
  };

/** Describes the runs from which a run was forked, its parent first; none for a run that is no fork. */
export function lineageAnswer(runDir: string, identity: RunIdentity, pageOf: PageOf): RunAnswer['lineage'] {
  if (identity.parent === undefined) return [];
  const base = dirname(dirname(runDir));
  let descendant = runDir;
  return ancestorsOf(runDir, identity).map(({ parent, runDir: found, problem }) => {
    const isCopy = found !== null && found === join(descendant, PARENT_FOLDER);
    descendant = found ?? descendant;
    const { experiment, run, step } = parent;
    return {
      ...{ experiment, run, step: jsonStep(step), isCopy },
      id: found === null || isCopy ? null : pageOf(found),
      problem: problem?.replaceAll(base, 'the folder of experiments') ?? null,
    };
  });
}

/** The lineage as curves have it; without what their rows say where those cannot be read. */
function ancestorsOf(runDir: string, identity: RunIdentity): readonly Ancestor[] {
  try {
    const { rows, lineage } = openInherited(nodeFs, runDir);
    rows.close();
    return lineage;
  } catch (error) {
    if (!(error instanceof ExpmanError)) throw error;
    return lineageIn(nodeFs, runDir, identity);
  }
}
