import type * as bullmq from 'bullmq';
import type * as ioredis from 'ioredis';
import { ExpmanError, errorOf, messageOf } from '../../model/errors.js';
import { importOptional } from '../../model/optional-package.js';
import type { QueueAddress } from './queue-address.js';

/** Longest pause between two attempts to reach Redis. */
const RETRY_MS = 1000;
/** What Redis answers when it refuses a user: trying again would be refused again. */
const REFUSAL = /^(NOAUTH|WRONGPASS|NOPERM|ERR (AUTH|invalid password|Client sent AUTH))/;

/** The functions of the optional packages. */
export interface QueuePackages {
  readonly bullmq: typeof bullmq;
  readonly ioredis: typeof ioredis;
}

/** Options of every connection: commands wait for as long as Redis is away. */
const PATIENT = {
  maxRetriesPerRequest: null,
  retryStrategy: (times: number): number => Math.min(50 * times, RETRY_MS),
} as const;

/**
 * Loads the optional packages.
 *
 * @throws {@link ExpmanError} `QUEUE_UNAVAILABLE` if one is not installed or cannot be loaded
 */
export async function loadPackages(): Promise<QueuePackages> {
  return {
    ioredis: (await load('ioredis')) as typeof ioredis,
    bullmq: (await load('bullmq')) as typeof bullmq,
  };
}

const load = (name: string): Promise<unknown> =>
  importOptional(name, (isAbsent, cause) => {
    const why = isAbsent ? 'is not installed' : `cannot be loaded: ${messageOf(cause)}`;
    return new ExpmanError(
      'QUEUE_UNAVAILABLE',
      `a sweep on many machines needs the optional packages bullmq and ioredis; ${name} ${why} ` +
        '(npm install bullmq ioredis)',
      { cause },
    );
  });

/** Options of BullMQ for a connection to an address. */
export const connectionTo = ({ url }: QueueAddress): bullmq.ConnectionOptions => ({ url, ...PATIENT });

/**
 * A connection to Redis that outlives outages: commands wait, and each outage is reported once when
 * it begins and once when it is over.
 */
export class RedisLink {
  private outage = false;

  private constructor(
    readonly client: ioredis.Redis,
    readonly address: QueueAddress,
    private readonly notify: (text: string) => void,
    private readonly outages = new Set<(isAway: boolean) => void>(),
  ) {
    client.on('error', (error: unknown) => this.away(error));
    client.on('close', () => this.away(null));
    client.on('ready', () => this.back());
  }

  /**
   * Connects; waits while the server cannot be reached.
   *
   * @param notify - gets a sentence about each outage; it holds neither user nor password
   * @throws {@link ExpmanError} `QUEUE_UNAVAILABLE` if the server refuses the user
   */
  static async to(
    address: QueueAddress,
    { ioredis }: QueuePackages,
    notify: (text: string) => void,
  ): Promise<RedisLink> {
    const client = new ioredis.Redis(address.url, { ...PATIENT, lazyConnect: true });
    const link = new RedisLink(client, address, notify);
    try {
      const refusal = new Promise<never>((_, reject) => {
        client.on('error', (error: unknown) => {
          if (REFUSAL.test(messageOf(error))) reject(errorOf(error));
        });
      });
      refusal.catch(() => undefined);
      client.connect().catch(() => undefined);
      await Promise.race([client.ping(), refusal]);
      return link;
    } catch (cause) {
      link.close();
      throw new ExpmanError(
        'QUEUE_UNAVAILABLE',
        `${address.shown} refuses the connection: ${messageOf(cause)}; check user and password`,
      );
    }
  }

  /** A second connection, for commands that block. */
  duplicate(): ioredis.Redis {
    const client = this.client.duplicate();
    // The first connection reports outages.
    client.on('error', () => undefined);
    return client;
  }

  /** Calls back when an outage begins and ends; returns a function that unsubscribes. */
  onOutage(call: (isAway: boolean) => void): () => void {
    this.outages.add(call);
    return () => this.outages.delete(call);
  }

  close(): void {
    this.outage = true;
    this.client.disconnect();
  }

  private away(error: unknown): void {
    if (this.outage || REFUSAL.test(messageOf(error))) return;
    this.outage = true;
    const why = error === null ? 'the connection was lost' : messageOf(error);
    this.notify(`the queue at ${this.address.shown} cannot be reached (${why}); everything waits for it`);
    for (const call of this.outages) call(true);
  }

  private back(): void {
    if (!this.outage) return;
    this.outage = false;
    this.notify(`the queue at ${this.address.shown} is back; going on`);
    for (const call of this.outages) call(false);
  }
}
