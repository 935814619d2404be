import { jsonText } from './json-text.js';
import { bareObject, isPolluting } from './param-value.js';
import { type Step, stepInJson } from './step.js';
import { isInstant, isRecord, isSha256 } from './stored-values.js';

/** One line of `checkpoints/manifest.ndjson`: a checkpoint of the caller's training. */
export interface CheckpointLine {
  /** A bigint only beyond 2^53, which is text in the line: JSON cannot express it. */
  readonly step: Step;
  /** The owner that saved it, counted from 0: a rewind removes the checkpoints of earlier owners. */
  readonly epoch: number;
  /** Its name in the run's `checkpoints/` folder. */
  readonly file: string;
  /** Its size in bytes. */
  readonly size: number;
  /** The digest of the content, in hex. */
  readonly sha256: string;
  /** ISO 8601, UTC. */
  readonly savedAt: string;
  /**
   * The values by which it is kept, by metric; a metric without a number at that time is left out.
   */
  readonly values: Readonly<Record<string, number>>;
  /** The rules that it was saved with, `last 3`; absent where all stay, and before 0.2.0. */
  readonly keep?: readonly string[];
}

/** The folder of a run's checkpoints. */
export const CHECKPOINTS_FOLDER = 'checkpoints';

/**
 * The most checkpoints that a run may have at a time: their list is written again with each.
 *
 * @bound refuses: INVALID_VALUE
 */
export const MAX_CHECKPOINTS = 10_000;

/**
 * The most bytes of a list of checkpoints that are read.
 *
 * @bound refuses: CORRUPT when it is read, INVALID_VALUE when it is written
 */
export const MAX_CHECKPOINT_LIST = 64 * 1024 * 1024;

// A name of one part that no system takes for a device, a hidden file or an option.
const FILE = /^step-{1,2}\d{1,19}-\d{1,15}\.[A-Za-z0-9]{1,16}$/;

/** The name of a checkpoint's file; `number` makes it unique in the run. */
export const checkpointName = (step: Step, number: number, extension: string): string =>
  `step-${step}-${number}.${extension}`;

/** Returns the number in the name of a checkpoint's file; null for any other name. */
export function numberInName(name: string): number | null {
  return FILE.test(name) ? Number(/-(\d+)\.[^.]*$/.exec(name)?.[1]) : null;
}

/** Writes the list of a run's checkpoints. */
export const checkpointLines = (lines: readonly CheckpointLine[]): string =>
  lines.map((line) => `${jsonText(line)}\n`).join('');

/**
 * Parses one line of a list of checkpoints; null for a line that is damaged, or has a file name that
 * is not allowed.
 */
export function parseCheckpointLine(text: string): CheckpointLine | null {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(said)) return null;
  const { epoch, file, size, sha256, savedAt, keep } = said;
  const step = stepInJson(said['step']);
  const values = valuesIn(said['values']);
  if (step === undefined || step === null || values === null) return null;
  const is =
    isCount(epoch) &&
    typeof file === 'string' &&
    FILE.test(file) &&
    isCount(size) &&
    isSha256(sha256) &&
    isInstant(savedAt);
  if (!is) return null;
  return { ...({ step, epoch, file, size, sha256, savedAt, values } as CheckpointLine), ...keepIn(keep) };
}

/** Anything but a list of texts says nothing: the checkpoint is whole without it. */
const keepIn = (said: unknown): Pick<CheckpointLine, 'keep'> =>
  Array.isArray(said) && said.length > 0 && said.every((rule) => typeof rule === 'string')
    ? { keep: said }
    : {};

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function valuesIn(said: unknown): Readonly<Record<string, number>> | null {
  if (!isRecord(said)) return null;
  const values = Object.entries(said).map(([metric, value]) => [metric, numberIn(value)] as const);
  const isWhole = values.every(([metric, value]) => value !== undefined && !isPolluting(metric));
  return isWhole ? (bareObject(values) as Readonly<Record<string, number>>) : null;
}

/** A number, or the text of one that JSON cannot express. */
function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : undefined;
}
