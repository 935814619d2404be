import { type PlainDictionary, RecordDictionary, type SplitRecords } from '../channel/records.js';
import { ExpmanError } from '../model/errors.js';
import type { Params } from '../model/params.js';
import { MergedParams } from './merged-params.js';

/** The end of a run, by its caller or its process. */
export interface RunEnding {
  readonly status: string;
  /** True if the process is ending: only the WAL and run.yaml will be written. */
  readonly cut: boolean;
  readonly exitCode?: number;
  readonly error?: { readonly name: string; readonly message: string; readonly stack?: string };
  /**
   * The time of the end in milliseconds since the epoch, if that is not now: a recovery is later
   * than the end.
   */
  readonly endedAtMs?: number;
  /** The duration of the run at that time, the sum of its sessions. */
  readonly durationMs?: number;
}

/**
 * A position in a run's records: after all epochs before `epoch`, and the records of `epoch` below
 * `seq`.
 */
export interface Watermark {
  readonly epoch: number;
  readonly seq: number;
  /** The number of calls among its records below `seq`, if known. */
  readonly calls?: number | null;
}

/** The end of run.log: `pending` lines belong after its first `offset` bytes. */
interface LogTail {
  offset: number;
  pending: string[];
}

/** The state of a run in plain form; `params` and `facts` are JSON texts. */
export interface PlainState {
  readonly dictionary: PlainDictionary;
  readonly params: string;
  readonly facts: string;
  readonly log: { readonly offset: number; readonly pending: readonly string[] };
  readonly ending: RunEnding | null;
  readonly before?: Watermark | null;
}

/**
 * The keys of run.yaml whose values are facts of the log and of nothing else, so that run.yaml
 * stands in for a log that lacks them; every session determines the environment again.
 */
export const FACT_KEYS = [
  'artifacts',
  'loggedArtifacts',
  'usedArtifacts',
  'summary',
  'headline',
  'definitions',
  'alerts',
  'alertsNotKept',
] as const;

/** A read-only view of a run's state. */
export interface RunStateView {
  readonly log: { readonly offset: number; readonly pending: readonly string[] };
  readonly paramRecords: Pick<MergedParams, 'refused'> & { readonly merged: Params };
  readonly facts: Params;
  readonly pendingText: number;
  readonly ending: RunEnding | null;
}

/**
 * The result of a run's records without the rows: the part of a run that fits into a checkpoint.
 *
 * Applying the same records to the same state always gives the same state; recovery depends on
 * that.
 */
export class RunState implements RunStateView {
  private dictionary = new RecordDictionary();
  readonly log: LogTail = { offset: 0, pending: [] };
  /** Parameters, merged, last write wins. */
  readonly paramRecords = new MergedParams();
  /** Facts for run.yaml, merged in the same way. */
  readonly factRecords = new MergedParams();
  /** The number of characters of the lines that are not in run.log yet. */
  pendingText = 0;
  ending: RunEnding | null = null;
  /** The end of the records of the owner before this one; null for the first owner. */
  before: Watermark | null = null;

  /** The dictionary with which rows are decoded; it changes as records are split. */
  get records(): RecordDictionary {
    return this.dictionary;
  }

  get params(): Params {
    return this.paramRecords.merged;
  }

  get facts(): Params {
    return this.factRecords.merged;
  }

  /** Resets the metric and shape numbers: another producer continues the run. */
  startEpoch(): void {
    this.dictionary = new RecordDictionary();
    this.ending = null;
  }

  apply({ lines, params, facts, close }: SplitRecords): void {
    this.log.pending.push(...lines);
    this.pendingText += lengthOf(lines);
    for (const text of params) this.paramRecords.add(text);
    for (const text of facts) this.factRecords.add(text);
    if (close !== null) this.ending = decodeEnding(close);
  }

  /** Adds a line by the writer. */
  addLine(line: string): void {
    this.log.pending.push(line);
    this.pendingText += line.length;
  }

  /** Marks the first `count` pending lines as written to run.log, which now has `offset` bytes. */
  logged(count: number, offset: number): void {
    this.pendingText -= lengthOf(this.log.pending.splice(0, count));
    this.log.offset = offset;
  }

  /**
   * Restores the state from a checkpoint.
   *
   * @throws {@link ExpmanError} `CORRUPT` for anything that is not a state
   */
  restore(plain: PlainState): void {
    try {
      this.dictionary = new RecordDictionary(plain.dictionary);
      this.paramRecords.restore(plain.params);
      this.factRecords.restore(plain.facts);
      this.log.offset = Math.max(0, Math.floor(plain.log.offset) || 0);
      this.log.pending = plain.log.pending.map(String);
      this.pendingText = lengthOf(this.log.pending);
      this.ending = plain.ending === null ? null : decodeEnding(JSON.stringify(plain.ending));
      this.before = watermarkOf(plain.before);
    } catch (error) {
      throw new ExpmanError('CORRUPT', `a checkpoint cannot be read: ${String(error)}`, { cause: error });
    }
  }
}

const lengthOf = (lines: readonly string[]): number => lines.reduce((sum, line) => sum + line.length, 0);

function watermarkOf(plain: Watermark | null | undefined): Watermark | null {
  if (typeof plain?.epoch !== 'number' || typeof plain.seq !== 'number') return null;
  return { epoch: plain.epoch, seq: plain.seq, calls: typeof plain.calls === 'number' ? plain.calls : null };
}

function decodeEnding(text: string): RunEnding {
  let plain: Partial<RunEnding> | null;
  try {
    plain = JSON.parse(text) as Partial<RunEnding> | null;
  } catch (error) {
    throw new ExpmanError('CORRUPT', 'a closing record is not valid JSON', { cause: error });
  }
  if (typeof plain?.status !== 'string') throw new ExpmanError('CORRUPT', 'a closing record has no status');
  return { ...plain, status: plain.status, cut: plain.cut === true };
}
