import type { Worker } from 'bullmq';
import { PREFIX } from './queue-keys.js';
import { type QueuePackages, type RedisLink, connectionTo } from './redis.js';

/** What to watch. */
interface StallRules {
  readonly uuid: string;
  readonly intervalMs: number;
  readonly maxStalled: number;
}

/**
 * Offers the trials of lost workers again.
 *
 * It pauses while Redis is away, and for twice the interval after that: in an outage the locks of
 * all workers expire, and each needs the time to take its own again.
 */
export class StallWatch {
  private worker: Worker | null = null;
  private timer: NodeJS.Timeout | undefined;
  private readonly unsubscribe: () => void;

  constructor(
    private readonly link: RedisLink,
    private readonly packages: QueuePackages,
    private readonly rules: StallRules,
  ) {
    this.unsubscribe = link.onOutage((isAway) => {
      clearTimeout(this.timer);
      if (isAway) void this.pause();
      else this.timer = setTimeout(() => this.watch(), 2 * rules.intervalMs).unref();
    });
    this.watch();
  }

  async close(): Promise<void> {
    this.unsubscribe();
    clearTimeout(this.timer);
    await this.pause();
  }

  private watch(): void {
    const { uuid, intervalMs, maxStalled } = this.rules;
    // It takes no jobs; see BullMQ's "Manually processing jobs".
    this.worker = new this.packages.bullmq.Worker(uuid, null, {
      connection: connectionTo(this.link.address),
      prefix: PREFIX,
      autorun: false,
      lockDuration: intervalMs,
      stalledInterval: intervalMs,
      maxStalledCount: maxStalled,
    });
    this.worker.on('error', () => undefined);
    this.worker.startStalledCheckTimer().catch(() => undefined);
  }

  private async pause(): Promise<void> {
    const { worker } = this;
    this.worker = null;
    await worker?.close(true).catch(() => undefined);
  }
}
