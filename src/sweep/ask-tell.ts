import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { invalidOption } from '../model/option-rules.js';
import { frontOf } from '../pure/sweep-front.js';
import type { FsPort } from '../storage/fs-port.js';
import { makeFolders } from '../storage/make-folders.js';
import { nodeFsOf } from '../storage/node-fs.js';
import { patientFs } from '../storage/patient-fs.js';
import { type AskTellOptions, type ResolvedAskTell, resolveAskTell } from './ask-tell-options.js';
import { mustBeDistinctInFile, withSecretsOf } from './secret-params.js';
import { describeSpace } from './space/describe-space.js';
import type { ParamsOf, Space } from './space/space.js';
import type { TrialRecord } from './sweep-file.js';
import { type SweepLock, takeSweepLock } from './sweep-lock.js';
import { TrialRecords } from './trial-records.js';
import { trialRunName } from './trial-run-name.js';

/** A trial that was asked for. */
export interface AskedTrial<P> {
  /** Its number, from 0. */
  readonly number: number;
  readonly params: P;
}

/** A trial whose end was told. */
export interface ToldTrial<P> extends AskedTrial<P> {
  /** `failed` if it was told to have no value. */
  readonly status: 'finished' | 'failed';
  /** Its value, or the first of several; null if it failed. */
  readonly value: number | null;
  /** One value for each metric; empty if it failed. */
  readonly values: readonly number[];
}

/** A study whose trials somebody else runs. */
export interface AskTellStudy<P> {
  /** The experiment's folder, which holds `sweep.yaml`. */
  readonly dir: string;
  /** The trials that were asked for and not told yet, those of earlier sessions included, by number. */
  readonly pending: readonly AskedTrial<P>[];
  /** The trials that were told, by number. */
  readonly trials: readonly ToldTrial<P>[];
  /** The best of the finished trials by the first metric; null if there is none. */
  readonly best: ToldTrial<P> | null;
  /** The finished trials that no other surpasses in all metrics: with one metric, the best ones. */
  readonly front: readonly ToldTrial<P>[];
  /**
   * Returns the next trial to run, on disk before it returns; null when there are no more.
   *
   * @throws {@link ExpmanError} `RUN_CLOSED` after {@link close}, `INVALID_OPTION` if `feasible` refuses
   * too much, and as the file system does
   */
  ask(): AskedTrial<P> | null;
  /**
   * Records how a trial ended, on disk before it returns.
   *
   * @param trial - a trial, or its number
   * @param value - its value, one for each metric if there are several; null or NaN if it failed
   * @throws {@link ExpmanError} `INVALID_OPTION` for a trial that is not pending, and for another
   * number of values; `RUN_CLOSED`; and as the file system does
   */
  tell(trial: AskedTrial<P> | number, value: number | readonly number[] | null): ToldTrial<P>;
  /** Writes `sweep.yaml` and releases the study's lock; trials that are pending stay so. Idempotent. */
  close(): void;
}

/**
 * Opens a study that suggests trials and leaves it to the caller to run them.
 *
 * It keeps the same `sweep.yaml` and journal as {@link sweep}, so that lists and the dashboard show
 * it, and so that it goes on after a kill: opened again with the same options, it knows what was told,
 * and which trials are pending. One process has it open at a time. With several trials pending, the
 * searcher counts them as running.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, `INVALID_NAME`; `RUN_LOCKED` if another process has
 * it open; `RUN_EXISTS`, `RUN_NOT_FOUND` for a `resume` that does not fit; and as reading does
 * @example
 * const study = createStudy({ lr: logUniform(1e-5, 1e-1) }, { name: 'cluster', mode: 'max' });
 * const trial = study.ask();
 * // On some other machine, with trial.params, and later:
 * if (trial !== null) study.tell(trial, 0.93);
 * study.close();
 */
export function createStudy<const S extends Space>(
  space: S,
  options: AskTellOptions<NoInfer<ParamsOf<S>>>,
): AskTellStudy<ParamsOf<S>> {
  mustBeDistinctInFile(describeSpace(space));
  return new JournaledStudy(resolveAskTell(space, options));
}

class JournaledStudy<P> implements AskTellStudy<P> {
  readonly dir: string;
  private readonly fs: FsPort;
  private readonly lock: SweepLock;
  private readonly records: TrialRecords;
  private isClosed = false;

  constructor(private readonly options: ResolvedAskTell<P>) {
    const { baseDir, name, fileMode, plan, resume, searcher } = options;
    this.dir = join(baseDir, name);
    this.fs = patientFs(nodeFsOf(fileMode));
    makeFolders(this.fs, this.dir);
    this.lock = takeSweepLock(this.fs, this.dir);
    try {
      this.records = TrialRecords.open(this.fs, this.dir, plan, { resume });
      for (const told of this.trials)
        searcher.observe(told.params, this.observed(told.values), outcomeOf(told.number));
      this.records.write();
    } catch (error) {
      this.lock.release();
      throw error;
    }
  }

  get pending(): readonly AskedTrial<P>[] {
    return this.records.all.filter(isPending).map((record) => this.asked(record));
  }

  get trials(): readonly ToldTrial<P>[] {
    return this.records.all.filter((record) => !isPending(record)).map((record) => this.told(record));
  }

  get best(): ToldTrial<P> | null {
    const { best } = this.records;
    return best === null || isPending(best) ? null : this.told(best);
  }

  get front(): readonly ToldTrial<P>[] {
    return frontOf(this.options.plan, this.trials);
  }

  ask(): AskedTrial<P> | null {
    this.mustBeOpen();
    const number = (this.records.all.at(-1)?.trial ?? -1) + 1;
    if (number >= this.options.trials) return null;
    const running = this.pending.map(({ params }) => params);
    const suggestion = this.options.searcher.suggest(number, { running });
    if (suggestion === null) return null;
    const { params } = suggestion;
    const run = trialRunName(number, 0);
    this.records.set({ trial: number, attempt: 0, status: 'running', run, params, value: null, step: null });
    return { number, params };
  }

  tell(trial: AskedTrial<P> | number, value: number | readonly number[] | null): ToldTrial<P> {
    this.mustBeOpen();
    const number: unknown = typeof trial === 'number' ? trial : Reflect.get(Object(trial), 'number');
    const record = typeof number === 'number' ? this.records.of(number) : undefined;
    if (record === undefined || !isPending(record))
      throw invalidOption('trial', 'a pending trial, or its number', number ?? trial);
    const values = this.valuesOf(value);
    const ended: TrialRecord = {
      ...{ trial: record.trial, attempt: record.attempt, run: record.run, params: record.params, step: null },
      status: values.length === 0 ? 'failed' : 'finished',
      value: values[0] ?? null,
      ...(values.length > 1 && { values }),
      ...(values.length === 0 && { error: 'told to have no value' }),
    };
    this.records.set(ended);
    const told = this.told(ended);
    this.options.searcher.observe(told.params, this.observed(values), outcomeOf(told.number));
    return told;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    try {
      const isLeft = this.records.all.some(isPending) || this.records.all.length < this.options.trials;
      this.records.status = isLeft ? 'INTERRUPTED' : 'FINISHED';
      this.records.write();
    } finally {
      this.records.rest();
      this.lock.release();
    }
  }

  private mustBeOpen(): void {
    if (this.isClosed)
      throw new ExpmanError(
        'RUN_CLOSED',
        `the study in ${this.dir} is closed; open it again with createStudy`,
      );
  }

  /** Returns the values told for a trial; none if it failed. */
  private valuesOf(told: unknown): readonly number[] {
    const { length } = this.options.goals;
    if (told === null) return [];
    const values: readonly unknown[] = Array.isArray(told) ? told : [told];
    if (values.length !== length || !values.every((value) => typeof value === 'number'))
      throw invalidOption(
        'value',
        length === 1 ? 'a number or null' : `a list of ${length} numbers, or null`,
        told,
      );
    return values.some(Number.isNaN) ? [] : values;
  }

  /** What the searcher is told: a number if there is one metric, else all of them. */
  private observed(values: readonly number[]): number | readonly number[] | null {
    return this.options.goals.length > 1 && values.length > 0 ? values : (values[0] ?? null);
  }

  private asked({ trial, params }: TrialRecord): AskedTrial<P> {
    return { number: trial, params: withSecretsOf(this.options.space, params) as P };
  }

  private told(record: TrialRecord): ToldTrial<P> {
    const { value, values = value === null ? [] : [value] } = record;
    const status = value === null ? 'failed' : 'finished';
    return { ...this.asked(record), status, value, values };
  }
}

const isPending = ({ status }: TrialRecord): boolean => status === 'running' || status === 'interrupted';

const outcomeOf = (trial: number) => ({ trial, stopped: false, violation: 0 });
