import type { Job, Queue, QueueEvents } from 'bullmq';
import { ExpmanError } from '../../model/errors.js';
import type {
  ExecutedSweep,
  Executor,
  NextTrial,
  TrialControl,
  TrialObserver,
  TrialOutcome,
} from '../executor.js';
import type { PlacedTrial } from '../trial.js';
import { OfferedTrial, type QueueRules } from './offered-trial.js';
import type { QueueAddress } from './queue-address.js';
import { PREFIX, controlKey, jobId, reportsKey } from './queue-keys.js';
import { type ControlMessage, type WorkerReport, offerText, readReport, toWire } from './queue-messages.js';
import { StreamReader, appendTo } from './read-stream.js';
import { RedisLink, connectionTo, loadPackages } from './redis.js';
import { SweepClaim } from './sweep-claim.js';
import { MAX_STALLED } from './queue-messages.js';

/** How often a job is looked at whose end was not announced: the announcement may be lost in an outage. */
const LOOK_MS = 2000;
/** How long the end of a sweep waits for Redis. */
const FAREWELL_MS = 5000;

/**
 * Offers trials in a BullMQ queue on Redis, from which `expman work` takes them on any number of
 * hosts.
 *
 * The queue has the name of the sweep's uuid. Jobs outlive the study: another session finds those
 * of this one, and what has become of them.
 */
export function runInQueue<P>(rules: QueueRules, address: QueueAddress): Executor<P, PlacedTrial<P>> {
  return new QueueExecutor<P>(rules, address);
}

/** What is there while the executor is open. */
interface Session {
  readonly sweep: ExecutedSweep;
  readonly link: RedisLink;
  readonly claim: SweepClaim;
  readonly queue: Queue;
  readonly events: QueueEvents;
  readonly reports: StreamReader;
  readonly looking: NodeJS.Timeout;
}

class QueueExecutor<P> implements Executor<P, PlacedTrial<P>> {
  readonly outlivesStudy = true;
  private session: Session | null = null;
  private lost: ExpmanError | null = null;
  /** The trials that are offered, by their jobs. */
  private readonly offered = new Map<string, OfferedTrial<P>>();
  /** What was reported of trials that an earlier session has begun and this one has not taken up yet. */
  private readonly early = new Map<number, WorkerReport[]>();

  constructor(
    private readonly rules: QueueRules,
    private readonly address: QueueAddress,
  ) {}

  async open(sweep: ExecutedSweep): Promise<void> {
    const packages = await loadPackages();
    for (const number of sweep.running) this.early.set(number, []);
    const link = await this.connect(sweep, () => RedisLink.to(this.address, packages, sweep.warn));
    try {
      const { uuid } = sweep;
      const claim = await SweepClaim.take(link, { name: this.rules.name, uuid }, (error) => this.lose(error));
      const options = { connection: connectionTo(this.address), prefix: PREFIX };
      const queue = new packages.bullmq.Queue(uuid, options);
      const events = new packages.bullmq.QueueEvents(uuid, options);
      // The link reports outages.
      queue.on('error', () => undefined);
      events.on('error', () => undefined);
      for (const end of ['completed', 'failed'] as const)
        events.on(end, (event: { readonly jobId: string }) => this.look(event.jobId));
      const received = (text: string | undefined): void => this.received(text);
      const reports = new StreamReader(link.duplicate(), link.client, reportsKey(uuid), received, true);
      const looking = setInterval(() => {
        for (const id of this.offered.keys()) this.look(id);
      }, LOOK_MS).unref();
      this.session = { sweep, link, claim, queue, events, reports, looking };
    } catch (error) {
      link.close();
      throw error;
    }
  }

  async run(
    taken: NextTrial<P>,
    control: TrialControl,
    observer: TrialObserver<PlacedTrial<P>>,
  ): Promise<TrialOutcome> {
    const session = this.opened;
    const { metrics, constraints, value, graceMs } = this.rules;
    const found = taken.isTakenUp ? await this.jobOf(session.queue, taken) : null;
    // Such as one that was begun without a queue: its run goes on nowhere, and its folder is not free.
    const isLost = found === null && taken.hasBegun === true;
    const next = isLost ? { ...taken, attempt: taken.attempt + 1 } : taken;
    const trial = new OfferedTrial<P>(next, {
      rules: this.rules,
      control,
      observer,
      warn: session.sweep.warn,
    });
    const id = found?.id ?? jobId(next.number, next.attempt);
    if (found === null) {
      const { number, attempt, params } = next;
      const text = offerText({ trial: number, attempt, params, metrics, constraints, value, graceMs });
      trial.begin();
      await trial.unlessAborted(session.queue.add('trial', { offer: text }, { jobId: id }));
    }
    this.offered.set(id, trial);
    const early = this.early.get(next.number) ?? [];
    this.early.delete(next.number);
    try {
      if (found !== null) for (const report of early) trial.received(report);
      trial.onAbort((reason) => this.abort(id, reason));
      if (found !== null) this.look(id);
      return await trial.outcome;
    } finally {
      this.offered.delete(id);
      // After its record was written: until then another session may need it.
      setImmediate(() => void session.queue.remove(id).catch(() => undefined));
    }
  }

  async close(): Promise<void> {
    const { session } = this;
    this.session = null;
    if (session === null) return;
    const { link, claim, queue, events, reports, looking, sweep } = session;
    clearInterval(looking);
    const saidGoodbye = this.lost === null && (await withinMs(FAREWELL_MS, this.farewell(session)));
    if (!saidGoodbye) claim.abandon();
    if (!saidGoodbye && this.lost === null)
      sweep.warn(
        `the queue at ${link.address.shown} could not be told that the sweep ${this.rules.name} has ended; its workers still wait`,
      );
    const closed = await withinMs(FAREWELL_MS, Promise.all([reports.close(), queue.close(), events.close()]));
    if (!closed) await withinMs(FAREWELL_MS, Promise.all([queue.disconnect(), events.disconnect()]));
    link.close();
  }

  private async farewell({ claim, queue, link, sweep }: Session): Promise<void> {
    await queue.obliterate({ force: true });
    await link.client.del(reportsKey(sweep.uuid));
    await claim.release();
  }

  /** Connects, unless the sweep is stopped before that. */
  private async connect(sweep: ExecutedSweep, connecting: () => Promise<RedisLink>): Promise<RedisLink> {
    const link = connecting();
    const { signal } = sweep;
    const stopped = new Promise<never>((_, reject) => {
      const refuse = (): void =>
        reject(
          new ExpmanError(
            'SWEEP_FAILED',
            `the sweep was stopped before the queue at ${this.address.shown} could be reached`,
          ),
        );
      if (signal.aborted) refuse();
      else signal.addEventListener('abort', refuse, { once: true });
    });
    try {
      return await Promise.race([link, stopped]);
    } catch (error) {
      link.then((late) => late.close()).catch(() => undefined);
      throw error;
    }
  }

  /** Finds the job of a trial that an earlier session has begun; null if it was not offered in time. */
  private async jobOf(queue: Queue, { number, attempt }: NextTrial<P>): Promise<Job | null> {
    for (let offered = attempt; offered >= Math.max(0, attempt - MAX_STALLED); offered--) {
      const job = (await queue.getJob(jobId(number, offered))) as Job | undefined;
      // An older job has never come as far as this attempt.
      if (job !== undefined && offered + job.stalledCounter >= attempt) return job;
    }
    return null;
  }

  private received(text: string | undefined): void {
    const report = readReport(text);
    if (report === null) {
      this.session?.sweep.warn(`a report in the queue at ${this.address.shown} is not valid and was ignored`);
      return;
    }
    this.early.get(report.trial)?.push(report);
    for (const trial of this.offered.values()) if (trial.number === report.trial) trial.received(report);
  }

  /** Looks whether a job has ended. */
  private look(id: string): void {
    const { session } = this;
    const trial = this.offered.get(id);
    if (session === null || trial === undefined) return;
    trial.settleBy(async () => {
      const state = await session.queue.getJobState(id);
      if (state !== 'completed' && state !== 'failed') return null;
      await session.reports.catchUp();
      // Only now: a job that is read before it has ended has no result.
      const job = (await session.queue.getJob(id)) as Job | undefined;
      if (job === undefined) return null;
      return state === 'completed' ? trial.completed(job.returnvalue) : trial.failed(job.failedReason);
    });
  }

  private async abort(id: string, reason: 'stopped' | 'interrupted'): Promise<'removed' | 'sent'> {
    const { queue, link, sweep } = this.opened;
    // One that no worker has taken is gone at once.
    if ((await queue.remove(id).catch(() => 0)) === 1) return 'removed';
    const message: ControlMessage = { kind: 'abort', job: id, reason };
    await appendTo(link.client, controlKey(sweep.uuid), toWire(message));
    return 'sent';
  }

  private lose(error: ExpmanError): void {
    this.lost = error;
    for (const trial of this.offered.values()) trial.break(error);
  }

  private get opened(): Session {
    if (this.lost !== null) throw this.lost;
    if (this.session === null) throw new ExpmanError('RUN_CLOSED', 'the sweep has ended');
    return this.session;
  }
}

/** Waits for work, but no longer than a while; tells if it was done. */
async function withinMs(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const done = work.then(
    () => true,
    () => false,
  );
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}
