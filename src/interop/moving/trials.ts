import { basename, dirname, join } from 'node:path';
import { ExpmanError } from '../../model/errors.js';
import type { ExperimentName, RunName } from '../../model/names.js';
import { nodeFs } from '../../storage/node-fs.js';
import { SWEEP_NAME, isTrialName, readSweep } from '../../sweep/sweep-file.js';

/**
 * Refuses to take a trial out of its sweep: `sweep.yaml` names its run.
 *
 * @throws {@link ExpmanError} `INVALID_VALUE`; `CORRUPT`, `UNSAFE_YAML` or `IO` if `sweep.yaml`
 * cannot be read
 */
export function mustNotBeTrial(runDir: string): void {
  const run = basename(runDir);
  if (!isTrialName(run)) return;
  const trial = readSweep(nodeFs, dirname(runDir))?.trials.find((record) => record.run === run);
  if (trial === undefined) return;
  throw new ExpmanError(
    'INVALID_VALUE',
    `${runDir} is trial ${trial.trial} of the sweep in ${dirname(runDir)}, whose ${SWEEP_NAME} names it; copy it with \`expman cp\` instead`,
    { path: runDir, rule: 'a run that is not a trial of a sweep', value: run },
  );
}

/**
 * Refuses to put a run into a sweep under a name that the sweep gives to its trials.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`
 */
export function mustNotPassForTrial(dir: string, experiment: ExperimentName, run: RunName): void {
  const folder = join(dir, experiment);
  if (!isTrialName(run) || nodeFs.stat(join(folder, SWEEP_NAME)) === null) return;
  throw new ExpmanError(
    'INVALID_OPTION',
    `${run} is a name of a trial, and ${folder} holds a sweep; choose another name for the run`,
    { path: folder, option: 'runName', rule: 'a name that no trial of the sweep can have', value: run },
  );
}
