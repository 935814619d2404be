import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ChannelReader } from '../../../src/channel/channel-reader.js';
import { Arena, ArenaTable } from '../../../src/channel/chunk-pool.js';
import { RECORD_HEAD_BYTES, WIRE_BYTES, WireWord } from '../../../src/channel/chunk-layout.js';
import { RunControl } from '../../../src/channel/run-control.js';
import { must } from '../check-run.js';
import { randomFrom, type Random, type Scenario, type ScenarioContext } from '../scenario.js';

const MOST_IN_ROUND = 250_000;
const WATCHDOG_MS = 30_000;
/** Where the counters begin: at nought, and so that they pass from 2^31 - 1 to -2^31, and from -1 to nought, on the way. */
const STARTS = [0, 2 ** 31 - 5_000, -5_000, 2 ** 31 - 1];

/** A producer and a consumer in threads of their own, with pauses wherever they may be, over counters that wrap. */
export const handshakes: Scenario = {
  name: 'handshakes over shared memory, counters that pass 2^31',
  rows: [33],
  run: async (context) => {
    const wanted = context.amount(1_000_000, 100_000_000);
    let done = 0;
    for (let round = 0; done < wanted && context.goOn(); round++) {
      const startAt = STARTS[round % STARTS.length] ?? 0;
      done += await shakeHands(context, {
        startAt,
        seed: context.seed + round,
        handshakes: Math.min(MOST_IN_ROUND, wanted - done),
      });
      context.progress(`${done} of ${wanted}`);
    }
    context.tally.cases += done;
  },
};

interface Round {
  readonly startAt: number;
  readonly seed: number;
  readonly handshakes: number;
}

/** What the producer says. */
interface Told {
  readonly arena?: { readonly id: number; readonly memory: SharedArrayBuffer };
  readonly control?: SharedArrayBuffer;
  readonly end?: {
    readonly sent: number;
    readonly wrong: readonly string[];
    readonly wakes: number;
    readonly slept: number;
    readonly buffered: number;
  };
}

async function shakeHands(
  { progress }: ScenarioContext,
  { startAt, seed, handshakes }: Round,
): Promise<number> {
  const wire = new Int32Array(new SharedArrayBuffer(WIRE_BYTES));
  wire[WireWord.heartbeat] = wire[WireWord.acknowledged] = startAt;
  const workerData = { wire: wire.buffer, handshakes, seed, startAt };
  const worker = new Worker(new URL('../handshaker.mjs', import.meta.url), { workerData, execArgv: [] });
  const arenas = new ArenaTable();
  const seen: { end?: NonNullable<Told['end']>; failure?: unknown; consumer?: Consumer } = {};
  worker.on('error', (error) => (seen.failure = error));
  worker.on('message', ({ arena, control, end }: Told) => {
    if (arena !== undefined) arenas.add(new Arena(arena.id, arena.memory));
    if (control !== undefined)
      seen.consumer = new Consumer(
        wire,
        new ChannelReader(new RunControl(control), arenas),
        randomFrom(seed),
      );
    if (end !== undefined) seen.end = end;
  });
  const what = `counters from ${startAt}, seed ${seed}`;
  let movedAt = performance.now();
  try {
    while (seen.end === undefined && seen.failure === undefined) {
      if (seen.consumer?.poll() === true) movedAt = performance.now();
      const record = seen.consumer?.seq;
      must(performance.now() - movedAt < WATCHDOG_MS, 'I7', () => `${what}: a hang at record ${record}`);
      await turn();
    }
  } finally {
    await worker.terminate();
  }
  const { end, failure, consumer } = seen;
  must(failure === undefined, 'I7', () => `${what}: ${String(failure)}`);
  must(end?.wrong.length === 0, 'I7', () => `${what}: ${String(end?.wrong[0])}`);
  const came = consumer?.seq;
  must(came === handshakes && end.sent === came, 'I1', () => `${what}: ${came} records came of ${end.sent}`);
  must(end.buffered === 0, 'I8', () => `${what}: ${end.buffered} bytes were never given back`);
  progress(`${what}: ${JSON.stringify(end)}`);
  return handshakes;
}

/** The writer's end: what `WriterLoop` and `WriterCore.drain` do, with the frames thrown away once their records are checked. */
class Consumer {
  seq = 0;
  private quiet = 0;

  constructor(
    private readonly wire: Int32Array,
    private readonly reader: ChannelReader,
    private readonly random: Random,
  ) {}

  /** One poll; true when it brought something. */
  poll(): boolean {
    if (this.drain()) this.quiet = 0;
    else if (++this.quiet > this.random.below(60)) this.sleep();
    if (this.random.below(2000) === 0)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.random.below(3));
    return this.quiet === 0;
  }

  /** The flag first, then one more look; the producer's own look comes behind its commit. */
  private sleep(): void {
    const { wire } = this;
    Atomics.store(wire, WireWord.sleeping, 1);
    if (this.drain()) this.quiet = 0;
    else {
      const woken = Atomics.wait(wire, WireWord.sleeping, 1, 2_000);
      // Nothing that was committed may be left lying when nobody woke this end.
      must(woken !== 'timed-out' || this.reader.idle, 'I7', () => `a wake was lost at record ${this.seq}`);
    }
    Atomics.store(wire, WireWord.sleeping, 0);
  }

  private drain(): boolean {
    const { wire, reader } = this;
    const payload = reader.read(1 + this.random.below(60_000), 0);
    Atomics.add(wire, WireWord.heartbeat, 1);
    if (payload === null) return false;
    // A write that failed: the same bytes are there again, or fewer of them where more that came no longer fits.
    if (this.random.below(50) === 0) {
      const again = reader.read(payload.length, 0) ?? Buffer.alloc(0);
      const common = Math.min(again.length, payload.length);
      must(
        again.subarray(0, common).equals(payload.subarray(0, common)) &&
          again.length > 0 === payload.length > 0,
        'I1',
        () => `other bytes at record ${this.seq}`,
      );
      this.check(again);
    } else this.check(payload);
    reader.acknowledge(this.seq, 0);
    Atomics.add(wire, WireWord.acknowledged, 1);
    Atomics.notify(wire, WireWord.acknowledged);
    return true;
  }

  private check(payload: Buffer): void {
    for (let at = 0; at < payload.length; at += payload.readInt32LE(at), this.seq++) {
      const length = payload.readUInt32LE(at + RECORD_HEAD_BYTES + 4);
      const text = payload.toString(
        'latin1',
        at + RECORD_HEAD_BYTES + 8,
        at + RECORD_HEAD_BYTES + 8 + Math.min(length, 12),
      );
      must(Number(text) === this.seq, 'I2', () => `record ${this.seq} is ${text}`);
    }
  }
}
