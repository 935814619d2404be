import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { ExpmanError } from '../model/errors.js';
import { redactNamed } from '../model/redact-text.js';
import { RunStatus } from '../model/run-status.js';
import type { Webhook } from '../model/webhook.js';
import { keepsBounds } from '../pure/sweep-front.js';
import type { FsPort } from '../storage/fs-port.js';
import { OwnerWatch } from '../storage/owner-watch.js';
import { RUN_NAME } from '../run/file-names.js';
import { recoverRun } from '../writer/recovery/recover-run.js';
import { canonical } from './space/describe-space.js';
import {
  JOURNAL_NAME,
  SWEEP_NAME,
  type SweepPlan,
  type SweepRecord,
  type TrialRecord,
  appendToJournal,
  isTrialName,
  lineOf,
  readSweep,
  writeSweep,
} from './sweep-file.js';

/** @bound tells: the message says how many there are; specs/sweep/second-chance.spec.ts "is never continued as a trial" */
const MAX_NAMED = 3;
/**
 * The time between writes of `sweep.yaml`, which grows with the sweep, as a multiple of the time a
 * write takes.
 */
const REST_PER_WRITE = 24;

/**
 * Settles the trials that a killed process left: one that had come to its end counts, any other was
 * interrupted. Alerts that it left unsent are sent: no session will resume its run.
 *
 * That its run is FINISHED is not enough: so is that of a training that never settled, at the end
 * of its process.
 */
async function settled(
  fs: FsPort,
  folder: string,
  record: TrialRecord,
  webhook: Webhook | null,
): Promise<TrialRecord> {
  if (record.status !== 'running') return record;
  const { ending, ...rest } = record;
  const runDir = join(folder, record.run);
  if (fs.stat(join(runDir, RUN_NAME)) === null) return interrupted(record);
  // Its owner may have been on another host; whoever resumes the sweep takes over its trials.
  const { status } = await recoverRun(fs, runDir, new OwnerWatch(fs, runDir), webhook);
  return ending !== undefined && status === RunStatus.Finished
    ? { ...rest, status: ending }
    : interrupted(record);
}

/** Returns the record of a trial that was cut off: what it has reported does not count. */
function interrupted(record: TrialRecord): TrialRecord {
  const { trial, attempt, run, params, failures, host, slot, runDir } = record;
  return {
    ...{ trial, attempt, status: 'interrupted', run, params, value: null, step: null },
    ...(failures !== undefined && { failures }),
    ...(host !== undefined && { host }),
    ...(slot !== undefined && { slot }),
    ...(runDir !== undefined && { runDir }),
  };
}

/** How the trials of a sweep are opened. */
interface OpenOptions {
  readonly resume: 'never' | 'allow' | 'must';
  /**
   * True if trials that an earlier session has left running may have gone on without it, in further
   * attempts; default false.
   */
  readonly outlivesStudy?: boolean;
}

/**
 * The trials of a sweep, and its file.
 *
 * A change is in the journal when `set` returns, and in `sweep.yaml` some time later: the whole
 * file is written each time, which takes about a second for 100,000 trials.
 */
export class TrialRecords {
  status: SweepRecord['status'] = 'RUNNING';
  private writeAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private readonly records = new Map<number, TrialRecord>();
  /** The line of each record, so that a write need not make all of them again. */
  private readonly lines = new Map<number, string>();

  private constructor(
    private readonly fs: FsPort,
    private readonly folder: string,
    private readonly plan: SweepPlan,
    /** The identity of the sweep, the same in every session. */
    readonly uuid: string,
  ) {}

  /**
   * Resumes the sweep of a folder, or begins one; writes nothing. Trials that an earlier session has
   * left running stay so until {@link settle}: somebody else may know how they end.
   *
   * @throws {@link ExpmanError} `RUN_EXISTS`, `RUN_NOT_FOUND` for a `resume` that does not fit,
   * `RUN_EXISTS` if the folder holds trials that are in no `sweep.yaml`,
   * `INVALID_OPTION` if the existing sweep has another plan, and as reading does
   */
  static open(
    fs: FsPort,
    folder: string,
    plan: SweepPlan,
    { resume, outlivesStudy = false }: OpenOptions,
  ): TrialRecords {
    const before = readSweep(fs, folder);
    const records = new TrialRecords(fs, folder, plan, before?.uuid ?? randomUUID());
    if (before === null && resume === 'must')
      throw new ExpmanError('RUN_NOT_FOUND', `there is no sweep in ${folder} to resume`, { path: folder });
    if (before !== null && resume === 'never')
      throw new ExpmanError(
        'RUN_EXISTS',
        `there is a sweep in ${folder} already; choose another name, or resume it`,
        {
          path: folder,
        },
      );
    if (before !== null) assertSame(before.plan, plan);
    mustKnowTrials(fs, folder, before, outlivesStudy);
    for (const { course, ...record } of before?.trials ?? []) {
      // The records of another scheduler mean nothing to this one.
      const kept = course !== undefined && before?.plan.scheduler === plan.scheduler ? { course } : {};
      records.keep({ ...record, ...kept });
    }
    return records;
  }

  /**
   * Settles the trials that are still running, which end with their process.
   *
   * @param webhook - where alerts that a killed process has left unsent are sent
   * @throws {@link ExpmanError} as recovering does
   */
  async settle(webhook: Webhook | null): Promise<void> {
    for (const record of this.all) this.keep(await settled(this.fs, this.folder, record, webhook));
  }

  get all(): readonly TrialRecord[] {
    return [...this.records.values()].sort((one, other) => one.trial - other.trial);
  }

  /**
   * The best of the finished trials that keep all constraints, by the first metric; if there are
   * none, of those stopped early, then of those interrupted.
   */
  get best(): TrialRecord | null {
    const sign = this.plan.mode === 'min' ? 1 : -1;
    const bestOf = (status: TrialRecord['status']): TrialRecord | null =>
      this.all.reduce<TrialRecord | null>((best, record) => {
        if (record.status !== status || record.value === null || !keepsBounds(this.plan, record)) return best;
        return best?.value != null && sign * best.value <= sign * record.value ? best : record;
      }, null);
    return bestOf('finished') ?? bestOf('stopped') ?? bestOf('interrupted');
  }

  of(trial: number): TrialRecord | undefined {
    return this.records.get(trial);
  }

  set(record: TrialRecord): void {
    appendToJournal(this.fs, this.folder, this.keep(record));
    const restMs = this.writeAt - performance.now();
    if (restMs <= 0) this.write();
    // If the write fails, the records are in the journal, and the next write reports the failure.
    else this.timer ??= setTimeout(() => attempt(() => this.write()), restMs).unref();
  }

  /** Writes `sweep.yaml` now. */
  write(): void {
    this.rest();
    const begun = performance.now();
    const { uuid, status, plan, best, all, lines } = this;
    const ordered = all.map((record) => lines.get(record.trial) ?? lineOf(record));
    writeSweep(this.fs, this.folder, { uuid, status, plan, best }, ordered);
    const ended = performance.now();
    this.writeAt = ended + REST_PER_WRITE * (ended - begun);
  }

  /** Makes the trials that are still running ones that were cut off. */
  cutOff(): void {
    for (const record of this.all) if (record.status === 'running') this.keep(interrupted(record));
  }

  /**
   * Records, as far as the disk allows, that the sweep has failed and that no trial is running any
   * more.
   */
  breakOff(): void {
    this.status = 'FAILED';
    this.cutOff();
    attempt(() => this.write());
  }

  /** Cancels the next scheduled write. */
  rest(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Keeps a record; returns its line. */
  private keep(record: TrialRecord): string {
    const line = lineOf(record);
    this.records.set(record.trial, record);
    this.lines.set(record.trial, line);
    return line;
  }
}

function assertSame(before: SweepPlan, plan: SweepPlan): void {
  const differs = (key: string, was: unknown, is: unknown): ExpmanError | null => {
    // Redacted, because the file has the same text for any secret.
    const [old, now] = [was, is].map((value) => canonical(redactNamed(value)));
    if (old === now) return null;
    return new ExpmanError(
      'INVALID_OPTION',
      `the existing sweep has ${key} ${old}, not ${now}; choose another name for a new sweep`,
      { option: key, rule: `the ${key} of the sweep that is resumed`, value: is },
    );
  };
  for (const key of [
    'metric',
    'mode',
    'metrics',
    'constraints',
    'value',
    'seed',
    'searcher',
    'space',
  ] as const) {
    const error = differs(key, before[key], plan[key]);
    if (error !== null) throw error;
  }
  // A sweep of an earlier version has none, or fewer.
  for (const [name, was] of Object.entries({ enqueue: [], ...before.searcherOptions })) {
    const is = plan.searcherOptions?.[name] ?? (name === 'enqueue' ? [] : undefined);
    const option = name === 'enqueue' ? name : `searcherOptions.${name}`;
    const error = is === undefined ? null : differs(option, was, is);
    if (error !== null) throw error;
  }
}

/**
 * Checks that every folder of a trial is one of the sweep's: the rows of any other would be mixed
 * with those of a new trial.
 */
function mustKnowTrials(
  fs: FsPort,
  folder: string,
  before: SweepRecord | null,
  outlivesStudy: boolean,
): void {
  const attempts = new Map(
    before?.trials.map(({ trial, attempt, status }) => [
      trial,
      // A trial whose worker was lost has begun again without the study.
      outlivesStudy && status === 'running' ? Infinity : attempt,
    ]),
  );
  const unknown = fs.list(folder).filter((name) => {
    if (!isTrialName(name) || fs.stat(join(folder, name))?.kind !== 'folder') return false;
    const [trial = NaN, attempt = 0] = name.slice('trial-'.length).split('.').map(Number);
    return attempt > (attempts.get(trial) ?? -1);
  });
  const isOrphan = before === null && fs.stat(join(folder, JOURNAL_NAME)) !== null;
  if (unknown.length === 0 && !isOrphan) return;
  const what =
    unknown.length === 0
      ? `a ${JOURNAL_NAME}`
      : `${unknown.length === 1 ? 'a run' : `${unknown.length} runs`} of trials (${unknown.sort().slice(0, MAX_NAMED).join(', ')}${unknown.length > MAX_NAMED ? ', …' : ''})`;
  throw new ExpmanError(
    'RUN_EXISTS',
    `${folder} holds ${what} that ${before === null ? `no ${SWEEP_NAME} belongs to` : `its ${SWEEP_NAME} does not know`}; ` +
      `choose another name, put the right ${SWEEP_NAME} back, or move them away (expman mv)`,
    { path: unknown.length === 0 ? folder : join(folder, unknown[0] ?? '') },
  );
}
