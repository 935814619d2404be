import type { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';

const BLOCK_MS = 2000;
const PER_READ = 500;
const RETRY_MS = 200;

/** The only field of the entries. */
const FIELD = 'm';

/** Appends a message to a stream; returns its id. */
export const appendTo = (client: Redis, key: string, text: string): Promise<string | null> =>
  client.xadd(key, '*', FIELD, text);

/** An entry's id and text. */
type Entry = readonly [id: string, text: string | undefined];

/**
 * Reads a stream from its beginning as it grows, in order and each entry once, also over outages of
 * Redis.
 */
export class StreamReader {
  private last = '0-0';
  private isClosed = false;
  private readonly ending: Promise<void>;

  /**
   * @param blocking - a connection of its own, which is closed with the reader
   * @param client - the connection to catch up with
   */
  constructor(
    private readonly blocking: Redis,
    private readonly client: Redis,
    private readonly key: string,
    private readonly received: (text: string | undefined, id: string) => void,
    /** If true, entries are deleted once they are read. */
    private readonly consumes: boolean,
  ) {
    this.ending = this.follow();
  }

  /** Reads everything that is in the stream now. */
  async catchUp(): Promise<void> {
    for (;;) {
      const entries = await this.client.xrange(this.key, `(${this.last}`, '+', 'COUNT', PER_READ);
      this.take(entries);
      if (entries.length < PER_READ) return;
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.blocking.disconnect();
    await this.ending;
  }

  private async follow(): Promise<void> {
    while (this.isOpen())
      try {
        const { blocking, key, last } = this;
        const read = await blocking.xread('COUNT', PER_READ, 'BLOCK', BLOCK_MS, 'STREAMS', key, last);
        for (const [, entries] of read ?? []) this.take(entries);
      } catch {
        if (this.isOpen()) await delay(RETRY_MS);
      }
  }

  // Asked again each time: it may be closed in between.
  private isOpen(): boolean {
    return !this.isClosed;
  }

  private take(entries: readonly (readonly [id: string, fields: readonly string[]])[]): void {
    const fresh = entries
      .map(([id, fields]): Entry => [id, fields[1]])
      .filter(([id]) => isAfter(id, this.last));
    for (const [id, text] of fresh) {
      this.last = id;
      this.received(text, id);
    }
    if (this.consumes && fresh.length > 0)
      this.client.xdel(this.key, ...fresh.map(([id]) => id)).catch(() => undefined);
  }
}

/** Tells if one id comes after another; both are `milliseconds-number`. */
function isAfter(id: string, other: string): boolean {
  const [ms = 0, n = 0] = id.split('-').map(Number);
  const [otherMs = 0, otherN = 0] = other.split('-').map(Number);
  return ms === otherMs ? n > otherN : ms > otherMs;
}
