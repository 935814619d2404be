import { isName } from './names.js';
import { type Step, parseStep } from './step.js';
import { isRecord, isUuid } from './stored-values.js';

/** The run that a fork began from. */
export interface RunParent {
  /** 32 hex digits. */
  readonly uuid: string;
  /** The name of its experiment when the fork began. */
  readonly experiment: string;
  /** Its name when the fork began. */
  readonly run: string;
  /** The last of its steps that belongs to the fork. */
  readonly step: Step;
  /** Its owner when the fork began: rows of later owners do not belong to the fork. */
  readonly epoch: number;
}

/** The folder of a fork that holds a copy of its parent, where that is not in the same base folder. */
export const PARENT_FOLDER = 'parent';

/**
 * The most generations that are looked up.
 *
 * @bound tells: the lineage of the run says that it goes no further; specs/reader/lineage.spec.ts
 * "follows 32 generations, and says that there are more"
 */
export const MAX_GENERATIONS = 32;

/** Reads the parent of a run from its run.yaml; null for anything that is not one. */
export function parentIn(said: unknown): RunParent | null {
  if (!isRecord(said)) return null;
  const { uuid, experiment, run, epoch, step: given } = said;
  const step = parseStep(given);
  if (!isUuid(uuid) || step === undefined) return null;
  if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch)) return null;
  if (!isName('experiment', experiment) || !isName('run', run)) return null;
  return { uuid, experiment, run, step, epoch };
}

/** Writes a parent as one word: `experiment/run@step`. */
export const parentText = ({
  experiment,
  run,
  step,
}: Pick<RunParent, 'experiment' | 'run' | 'step'>): string => `${experiment}/${run}@${step}`;
