import { type PlainDictionary, RecordDictionary, type SplitRecords } from '../channel/records.js';
import { ExpmanError } from '../model/errors.js';
import type { Params } from '../model/params.js';
import { MergedParams } from './merged-params.js';

/** How a run was ended by its caller or its process. */
export interface RunEnding {
  readonly status: string;
  /** The process is going down: nothing but the WAL and run.yaml will be written. */
  readonly cut: boolean;
  readonly exitCode?: number;
  readonly error?: { readonly name: string; readonly message: string; readonly stack?: string };
  /** When it ended, in milliseconds since the epoch, where that is not now: a recovery is later than the end. */
  readonly endedAtMs?: number;
  /** How long the run had lasted then, its sessions summed. */
  readonly durationMs?: number;
}

/** Up to where a run's records go: all epochs before `epoch`, and its records below `seq`. */
export interface Watermark {
  readonly epoch: number;
  readonly seq: number;
  /** How many of its records below `seq` are calls, where that is known. */
  readonly calls?: number | null;
}

/** Where run.log stands: `pending` lines belong after its first `offset` bytes. */
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

/** A run's state for those who do not change it. */
export interface RunStateView {
  readonly log: { readonly offset: number; readonly pending: readonly string[] };
  readonly paramRecords: Pick<MergedParams, 'refused'> & { readonly merged: Params };
  readonly facts: Params;
  readonly pendingText: number;
  readonly ending: RunEnding | null;
}

/**
 * What a run's records amount to, rows left out: the part of a run that fits into a checkpoint.
 *
 * Applying the same records to the same state always gives the same state; that is what recovery rests on.
 */
export class RunState implements RunStateView {
  private dictionary = new RecordDictionary();
  readonly log: LogTail = { offset: 0, pending: [] };
  /** Parameters, merged, last write wins. */
  readonly paramRecords = new MergedParams();
  /** Facts for run.yaml, merged likewise. */
  readonly factRecords = new MergedParams();
  /** How many characters the lines have that are not in run.log yet. */
  pendingText = 0;
  ending: RunEnding | null = null;
  /** Where the records of the owner before this one ended; null for the first. */
  before: Watermark | null = null;

  /** The dictionary rows are decoded by; it changes as records are split. */
  get records(): RecordDictionary {
    return this.dictionary;
  }

  get params(): Params {
    return this.paramRecords.merged;
  }

  get facts(): Params {
    return this.factRecords.merged;
  }

  /** Metric and shape numbers start again: another producer continues the run. */
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

  /** Adds a line of the writer's own. */
  addLine(line: string): void {
    this.log.pending.push(line);
    this.pendingText += line.length;
  }

  /** The first `count` pending lines are in run.log, which is `offset` bytes long now. */
  logged(count: number, offset: number): void {
    this.pendingText -= lengthOf(this.log.pending.splice(0, count));
    this.log.offset = offset;
  }

  /**
   * Becomes what a checkpoint says.
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
    throw new ExpmanError('CORRUPT', 'a closing record that is no JSON', { cause: error });
  }
  if (typeof plain?.status !== 'string')
    throw new ExpmanError('CORRUPT', 'a closing record without a status');
  return { ...plain, status: plain.status, cut: plain.cut === true };
}
