import { basename, dirname } from 'node:path';
import { ExpmanError, messageOf } from '../model/errors.js';
import { ExperimentConfig, type ExperimentOptions } from '../model/experiment-config.js';
import { OPTION_RULES } from '../model/experiment-options.js';
import type { AnyMetrics, MetricsOf } from '../model/metric.js';
import { flag, invalidOption, resolvePath } from '../model/option-rules.js';
import { optionsTable } from '../model/options-table.js';
import type { Params } from '../model/params.js';
import { type Step, parseStep } from '../model/step.js';
import { readIdentity } from '../run/identity.js';
import type { Mark } from '../run/rows/rewind-rows.js';
import type { StoredCheckpoint } from '../run/stored-checkpoint.js';
import { nodeFs } from '../storage/node-fs.js';
import { mustNotBeOwned, readOwnership } from '../storage/owner-watch.js';
import { LoggingEngine } from './logging-engine.js';

/** Options of {@link resumeRun}: those of a run, without the ones that the folder decides. */
export interface ResumeOptions extends Omit<ExperimentOptions, 'runName' | 'resume' | 'fromStep' | 'fork'> {
  /**
   * Removes the rows after the checkpoint, which the training is about to log again; default true.
   * `false` leaves them.
   */
  readonly rewind?: boolean | undefined;
}

/** A run that goes on, and what its training needs for that. */
export interface ResumedRun<M extends MetricsOf<M> = AnyMetrics> {
  readonly run: LoggingEngine<M>;
  /**
   * The step to go on after: that of the checkpoint, or without one the greatest step of the rows;
   * null if there is neither.
   */
  readonly step: Step | null;
  /** The parameters that were logged. */
  readonly params: Params;
  /** The newest checkpoint that is whole; null if the run has none. */
  readonly checkpoint: StoredCheckpoint | null;
}

/** Options that the folder decides, with what to write instead. */
const DECIDED = ['runName', 'resume', 'fromStep', 'fork'] as const;
const OPTIONS = optionsTable<ResumeOptions>()({
  rewind: flag().byDefault(true),
  ...without(OPTION_RULES, ...DECIDED),
});

/**
 * Opens a run that ended, or was killed, to go on from its newest checkpoint.
 *
 * The checkpoint is read and compared with its checksum first; one that is damaged is passed over
 * for the one before, which run.log says. Rows after the checkpoint are removed as with `fromStep`.
 * A run without a checkpoint keeps all of its rows.
 *
 * @param runDir - the folder of the run, in the folder of its experiment
 * @throws {@link ExpmanError} as a rejection: `RUN_NOT_FOUND`, `RUN_LOCKED` while its owner is or may
 * be alive, `INVALID_OPTION`, `CORRUPT`, `IO`
 * @example
 * const { run, step, checkpoint } = await resumeRun('./experiments/my_exp/r1');
 * if (checkpoint !== null) model.load(await checkpoint.bytes());
 * for (let at = Number(step ?? -1) + 1; at < steps; at++) run.logMetrics({ loss: train(at) }, at);
 */
export async function resumeRun<M extends MetricsOf<M> = AnyMetrics>(
  runDir: string,
  options: ResumeOptions = {},
): Promise<ResumedRun<M>> {
  const folder = resolvePath('runDir', runDir);
  for (const name of DECIDED) {
    const value: unknown = (options as Partial<ExperimentOptions> | null)?.[name];
    if (value !== undefined) throw invalidOption(name, 'left out: the folder of the run decides it', value);
  }
  const { rewind } = OPTIONS.resolve(options);
  // Checked before anything is read; the name of the run is that of its folder.
  const named = { ...without(options, 'rewind'), runName: basename(folder), resume: 'must' } as const;
  const [experiment, baseDir] = [basename(dirname(folder)), dirname(dirname(folder))];
  const config = new ExperimentConfig(experiment, baseDir, named);
  if (nodeFs.stat(folder)?.kind !== 'folder')
    throw new ExpmanError('RUN_NOT_FOUND', `there is no folder ${folder}`, { path: folder });
  mustNotBeOwned(folder, readOwnership(nodeFs, folder));
  const { identity } = readIdentity(nodeFs, folder);
  // What reads the files of a run is not loaded with the package.
  const { restoredState } = await import('../run/restored-state.js');
  const { params, rewinds } = restoredState(nodeFs, folder, identity.uuid);
  const { checkpoint, passedOver } = await newestWhole(folder, rewinds);
  const fromStep = rewind && checkpoint !== null ? after(checkpoint.step) : undefined;
  const run = new LoggingEngine<M>(
    fromStep === undefined ? config : new ExperimentConfig(experiment, baseDir, { ...named, fromStep }),
  );
  for (const problem of passedOver) run.logger.warn(`resumed from an earlier checkpoint: ${problem}`);
  return { run, step: checkpoint === null ? run.lastStep : checkpoint.step, params, checkpoint };
}

/** Finds the newest checkpoint whose content is what was saved. */
async function newestWhole(
  folder: string,
  rewinds: readonly Mark[],
): Promise<{ readonly checkpoint: StoredCheckpoint | null; readonly passedOver: readonly string[] }> {
  const { checkContent, checkpointsIn, storedCheckpoint } = await import('../run/stored-checkpoint.js');
  const { lines, damaged } = checkpointsIn(nodeFs, folder, rewinds);
  const passedOver = damaged.map(() => 'a line of the list of checkpoints is damaged');
  for (const line of [...lines].reverse()) {
    const checkpoint = storedCheckpoint(nodeFs, folder, line);
    try {
      await checkContent(nodeFs, checkpoint);
      return { checkpoint, passedOver };
    } catch (error) {
      passedOver.push(messageOf(error));
    }
  }
  return { checkpoint: null, passedOver };
}

/** The next step; undefined after the greatest there is, which no row can come after. */
const after = (step: Step): Step | undefined => parseStep(BigInt(step) + 1n);

/** Returns an object without some of its properties. */
function without<T extends object, K extends keyof T>(from: T, ...names: readonly K[]): Omit<T, K> {
  const left = Object.entries(from).filter(([name]) => !names.includes(name as K));
  // The properties that are left have their names and values.
  return Object.fromEntries(left) as Omit<T, K>;
}
