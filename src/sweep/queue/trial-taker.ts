import type { Job, Worker } from 'bullmq';
import { messageOf } from '../../model/errors.js';
import { TrialControl, type TrialOutcome } from '../executor.js';
import { placeHere } from '../trial-place.js';
import { trialRunName } from '../trial-run-name.js';
import { PREFIX, activeKey, claimKey, controlKey, lockKey, stalledKey } from './queue-keys.js';
import {
  MAX_STALLED,
  type Offer,
  type SweepClaim,
  type WorkerResult,
  readClaim,
  readControl,
  readOffer,
  toWire,
} from './queue-messages.js';
import { StreamReader } from './read-stream.js';
import { type QueuePackages, type RedisLink, connectionTo } from './redis.js';
import { ReportSender } from './report-sender.js';
import { StallWatch } from './stall-watch.js';
import type { TakeOptions } from './taken-trial.js';

/** How long a worker that is not heard of keeps its trial. */
const LOCK_MS = 10_000;

// Takes the lock of a job again that expired in an outage, if nobody else has taken the job since.
const RELOCK = `
  if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0 end
  local active = redis.call('LRANGE', KEYS[2], 0, -1)
  for _, id in ipairs(active) do
    if id == ARGV[2] then
      redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
      redis.call('SREM', KEYS[3], ARGV[2])
      return 1
    end
  end
  return 0`;

/** What a taker works with. */
interface TakerHost {
  readonly link: RedisLink;
  readonly packages: QueuePackages;
  readonly claim: SweepClaim;
  readonly options: TakeOptions;
}

/** A trial that this process runs. */
interface Running {
  readonly control: TrialControl;
  readonly token: string;
  readonly name: string;
}

/** Takes the trials of one sweep from its BullMQ queue and gives back their results. */
export class TrialTaker {
  /** Resolves when the study says that the sweep has ended. */
  readonly ended: Promise<'ended'>;
  private readonly worker: Worker;
  private readonly stalls: StallWatch;
  private readonly control: StreamReader;
  private readonly running = new Map<string, Running>();
  private readonly aborted = new Map<string, 'stopped' | 'interrupted'>();
  private readonly free: number[];
  private end: () => void = () => undefined;

  constructor(private readonly host: TakerHost) {
    const { link, packages, claim, options } = host;
    this.free = Array.from({ length: options.concurrency }, (_, slot) => slot);
    this.ended = new Promise((resolve) => {
      this.end = () => resolve('ended');
    });
    const { uuid } = claim;
    const heard = (text: string | undefined): void => this.heard(text);
    this.control = new StreamReader(link.duplicate(), link.client, controlKey(uuid), heard, false);
    this.worker = new packages.bullmq.Worker(
      uuid,
      (job: Job, token?: string) => this.take(job, token ?? ''),
      {
        connection: connectionTo(link.address),
        prefix: PREFIX,
        concurrency: options.concurrency,
        lockDuration: LOCK_MS,
        stalledInterval: LOCK_MS,
        maxStalledCount: MAX_STALLED,
        // An outage outlasts every lock; see StallWatch.
        skipStalledCheck: true,
      },
    );
    this.worker.on('error', () => undefined);
    this.worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) void this.relock(id).catch(() => undefined);
    });
    this.stalls = new StallWatch(link, packages, { uuid, intervalMs: LOCK_MS, maxStalled: MAX_STALLED });
  }

  /** Takes no more trials, and resolves when those that run have ended. */
  async close(): Promise<void> {
    await this.worker.close();
    await Promise.all([this.stalls.close(), this.control.close()]);
  }

  private heard(text: string | undefined): void {
    const message = readControl(text);
    if (message === null) return;
    if (message.kind === 'abort') {
      this.aborted.set(message.job, message.reason);
      this.running.get(message.job)?.control.abort(message.reason);
    } else void this.checkEnd(message.session);
  }

  /** Ends, unless another session has begun since. */
  private async checkEnd(session: string): Promise<void> {
    const { link, options } = this.host;
    const claim = readClaim(await link.client.get(claimKey(options.name)));
    if (claim === null || claim.session === session) this.end();
  }

  private async take(job: Job, token: string): Promise<string> {
    const id = job.id ?? '';
    const slot = this.free.shift() ?? 0;
    try {
      const data: unknown = job.data;
      const offer = readOffer(typeof data === 'object' && data !== null ? Reflect.get(data, 'offer') : null);
      // Known before it begins: an abort may be older than this attempt.
      await this.control.catchUp();
      return toWire(await this.run(offer, { id, token, slot, redeliveries: job.stalledCounter }));
    } finally {
      this.free.push(slot);
      this.running.delete(id);
    }
  }

  private async run(offer: Offer, { id, token, slot, redeliveries }: TakenJob): Promise<WorkerResult> {
    const { link, claim, options } = this.host;
    const attempt = offer.attempt + redeliveries;
    const { trial: number, params } = offer;
    const reports = new ReportSender(link.client, claim.uuid, { trial: number, attempt });
    const control = new TrialControl();
    const run = trialRunName(number, attempt);
    let place = placeHere(options.dir, { number, attempt, slot });
    const reason = this.aborted.get(id);
    // It has no run: the study may have given it up and expects none.
    if (reason !== undefined)
      return {
        outcome: { attempt, run, status: reason, value: null, step: null, place },
        lastReport: null,
      };
    this.running.set(id, { control, token, name: run });
    options.onTrial({ kind: 'begun', number, attempt, slot });
    const outcome = await this.attempt(
      async () => {
        options.checkParams(params);
        const { metrics, constraints, value, graceMs } = offer;
        return options.run(
          { number, attempt, params, slot },
          { metrics, constraints, value, graceMs },
          {
            control,
            observer: {
              started: (at) => {
                place = at;
                reports.begun(run, place);
              },
              reported: (point) => reports.value(point),
            },
          },
        );
      },
      { attempt, run },
    );
    options.onTrial({ kind: 'ended', number, attempt, slot, outcome });
    return { outcome: { ...outcome, place }, lastReport: await reports.flush() };
  }

  /** Makes a failed trial of what cannot even be begun here. */
  private async attempt(
    run: () => Promise<TrialOutcome>,
    begun: Pick<TrialOutcome, 'attempt' | 'run'>,
  ): Promise<TrialOutcome> {
    try {
      return await run();
    } catch (error) {
      return { ...begun, status: 'failed', value: null, step: null, error: messageOf(error) };
    }
  }

  /** Takes a lost lock again; if another worker has the trial by now, this attempt at it ends. */
  private async relock(id: string): Promise<void> {
    const running = this.running.get(id);
    if (running === undefined) return;
    const { uuid } = this.host.claim;
    const keys = [lockKey(uuid, id), activeKey(uuid), stalledKey(uuid)];
    const isOurs = await this.host.link.client.eval(
      RELOCK,
      3,
      ...keys,
      ...[running.token, id, String(LOCK_MS)],
    );
    if (isOurs === 1 || running.control.abortReason !== null) return;
    this.host.options.notify(
      `${running.name} was taken by another worker while this one was not heard of; it ends here, and its values are dropped`,
    );
    running.control.abort('interrupted');
  }
}

/** A job that was taken, and how often its worker was lost before. */
interface TakenJob {
  readonly id: string;
  readonly token: string;
  readonly slot: number;
  readonly redeliveries: number;
}
