import type { Redis } from 'ioredis';
import type { TrialPoint } from '../executor.js';
import type { TrialPlace } from '../trial.js';
import { reportsKey } from './queue-keys.js';
import { type WorkerReport, toWire } from './queue-messages.js';
import { appendTo } from './read-stream.js';

/** Values are sent together for so long: an entry in Redis costs much more than a value in it. */
const GATHER_MS = 10;
/**
 * The most values of one report; about 80 bytes each.
 *
 * @bound loses nothing: more values are in the next report
 */
const MAX_POINTS = 4096;

/** The attempt that reports. */
interface Reporting {
  readonly trial: number;
  readonly attempt: number;
}

/** Sends what an attempt reports to the study, in order; waits while Redis is away. */
export class ReportSender {
  private points: TrialPoint[] = [];
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<string | null> = Promise.resolve(null);

  constructor(
    private readonly client: Redis,
    private readonly uuid: string,
    private readonly from: Reporting,
  ) {}

  begun(run: string, place: TrialPlace): void {
    this.send({ ...this.from, kind: 'begun', run, place });
  }

  value(point: TrialPoint): void {
    this.points.push(point);
    if (this.points.length >= MAX_POINTS) this.sendPoints();
    else this.timer ??= setTimeout(() => this.sendPoints(), GATHER_MS);
  }

  /** Sends everything; returns the id of the last report. */
  async flush(): Promise<string | null> {
    this.sendPoints();
    return this.sending;
  }

  private sendPoints(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { points } = this;
    this.points = [];
    if (points.length > 0) this.send({ ...this.from, kind: 'values', points });
  }

  private send(report: WorkerReport): void {
    const { client, uuid } = this;
    this.sending = this.sending
      .then(() => appendTo(client, reportsKey(uuid), toWire(report)))
      // Only after the connection was closed for good: then nobody listens any more.
      .catch(() => null);
  }
}
