import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { ExpmanError } from '../model/errors.js';
import { redactNamed } from '../model/redact-text.js';
import { RunStatus } from '../model/run-status.js';
import type { Webhook } from '../model/webhook.js';
import type { FsPort } from '../storage/fs-port.js';
import { OwnerWatch } from '../storage/owner-watch.js';
import { RUN_NAME } from '../run/file-names.js';
import { readIdentity } from '../run/identity.js';
import { recoverRun } from '../writer/recovery/recover-run.js';
import { canonical } from './space/describe-space.js';
import {
  type SweepPlan,
  type SweepRecord,
  type TrialRecord,
  appendToJournal,
  readSweep,
  writeSweep,
} from './sweep-file.js';

/**
 * The time between writes of `sweep.yaml`, which grows with the sweep, as a multiple of the time a
 * write takes.
 */
const REST_PER_WRITE = 24;

/**
 * Settles the trials that a killed process left: one whose run had ended counts, any other was
 * interrupted. Alerts that it left unsent are sent: no session will resume its run.
 */
async function settled(
  fs: FsPort,
  folder: string,
  record: TrialRecord,
  { plan, webhook }: { readonly plan: SweepPlan; readonly webhook: Webhook | null },
): Promise<TrialRecord> {
  if (record.status !== 'running') return record;
  const { metric, mode, value } = plan;
  const interrupted: TrialRecord = { ...record, status: 'interrupted', value: null, step: null };
  const runDir = join(folder, record.run);
  if (fs.stat(join(runDir, RUN_NAME)) === null) return interrupted;
  // Its owner may have been on another host; whoever resumes the sweep takes over its trials.
  const { status } = await recoverRun(fs, runDir, new OwnerWatch(fs, runDir), webhook);
  if (status !== RunStatus.Finished) return interrupted;
  const metrics: unknown = readIdentity(fs, runDir).file['metrics'];
  const summary: unknown =
    typeof metrics === 'object' && metrics !== null ? Reflect.get(metrics, metric) : null;
  if (typeof summary !== 'object' || summary === null) return interrupted;
  const counts: unknown = Reflect.get(summary, value === 'last' ? 'last' : mode);
  const step: unknown = value === 'last' ? null : Reflect.get(summary, `${mode}Step`);
  if (typeof counts !== 'number' || Number.isNaN(counts)) return interrupted;
  return { ...record, status: 'finished', value: counts, step: typeof step === 'number' ? step : null };
}

/** How the trials of a sweep are opened. */
interface OpenOptions {
  /** False if trials that an earlier session has left running stay as they are; default true. */
  readonly settles?: boolean;
  readonly resume: 'never' | 'allow' | 'must';
  /** The webhook for alerts that a killed process has left unsent. */
  readonly webhook: Webhook | null;
}

/**
 * The trials of a sweep, and its file.
 *
 * A change is in the journal when `set` returns, and in `sweep.yaml` some time later: the whole
 * file is written each time, which takes 0.3 s for 1,000 trials.
 */
export class TrialRecords {
  status: SweepRecord['status'] = 'RUNNING';
  private writeAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private readonly records = new Map<number, TrialRecord>();

  private constructor(
    private readonly fs: FsPort,
    private readonly folder: string,
    private readonly plan: SweepPlan,
    /** The identity of the sweep, the same in every session. */
    readonly uuid: string,
  ) {}

  /**
   * Resumes the sweep of a folder, or begins one. Trials that an earlier session has left running
   * are settled, or stay as they are without `settles`.
   *
   * @throws {@link ExpmanError} `RUN_EXISTS`, `RUN_NOT_FOUND` for a `resume` that does not fit,
   * `INVALID_OPTION` if the existing sweep has another plan, and as reading and recovering do
   */
  static async open(
    fs: FsPort,
    folder: string,
    plan: SweepPlan,
    { resume, webhook, settles = true }: OpenOptions,
  ): Promise<TrialRecords> {
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
    for (const { course, ...record } of before?.trials ?? []) {
      // The records of another scheduler mean nothing to this one.
      const kept = course !== undefined && before?.plan.scheduler === plan.scheduler ? { course } : {};
      const found = { ...record, ...kept };
      records.records.set(
        record.trial,
        settles ? await settled(fs, folder, found, { plan, webhook }) : found,
      );
    }
    records.write();
    return records;
  }

  get all(): readonly TrialRecord[] {
    return [...this.records.values()].sort((one, other) => one.trial - other.trial);
  }

  /**
   * The best of the finished trials; if there are none, of those stopped early, then of those
   * interrupted.
   */
  get best(): TrialRecord | null {
    const sign = this.plan.mode === 'min' ? 1 : -1;
    const bestOf = (status: TrialRecord['status']): TrialRecord | null =>
      this.all.reduce<TrialRecord | null>((best, record) => {
        if (record.status !== status || record.value === null) return best;
        return best?.value != null && sign * best.value <= sign * record.value ? best : record;
      }, null);
    return bestOf('finished') ?? bestOf('stopped') ?? bestOf('interrupted');
  }

  of(trial: number): TrialRecord | undefined {
    return this.records.get(trial);
  }

  set(record: TrialRecord): void {
    this.records.set(record.trial, record);
    appendToJournal(this.fs, this.folder, record);
    const restMs = this.writeAt - performance.now();
    if (restMs <= 0) this.write();
    // If the write fails, the records are in the journal, and the next write reports the failure.
    else this.timer ??= setTimeout(() => attempt(() => this.write()), restMs).unref();
  }

  /** Writes `sweep.yaml` now. */
  write(): void {
    this.rest();
    const begun = performance.now();
    const { uuid, status, plan, best, all } = this;
    writeSweep(this.fs, this.folder, { uuid, status, plan, best, trials: all });
    const ended = performance.now();
    this.writeAt = ended + REST_PER_WRITE * (ended - begun);
  }

  /**
   * Records, as far as the disk allows, that the sweep has failed and that no trial is running any
   * more.
   */
  breakOff(): void {
    this.status = 'FAILED';
    for (const record of this.all)
      if (record.status === 'running')
        this.records.set(record.trial, { ...record, status: 'interrupted', value: null, step: null });
    attempt(() => this.write());
  }

  /** Cancels the next scheduled write. */
  rest(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

function assertSame(before: SweepPlan, plan: SweepPlan): void {
  for (const key of ['metric', 'mode', 'value', 'seed', 'searcher', 'space'] as const) {
    // Redacted, because the file has the same text for any secret.
    const [was, is] = [before[key], plan[key]].map((value) => canonical(redactNamed(value)));
    if (was !== is)
      throw new ExpmanError(
        'INVALID_OPTION',
        `the existing sweep has ${key} ${was}, not ${is}; choose another name for a new sweep`,
        { option: key, rule: `the ${key} of the sweep that is resumed`, value: plan[key] },
      );
  }
}
