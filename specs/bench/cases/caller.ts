import { Subject } from 'rxjs';
import type { MetricRow, Recorder } from 'expman-rx';
import { guard } from '../guard.js';
import {
  inTempFolder,
  median,
  nanoseconds,
  openRun,
  quantile,
  randomAt,
  times,
  type BenchCase,
  type Figure,
} from '../measure.js';

// Many short blocks: on a busy machine most of them are not interrupted.
const BLOCK = 1_000;
const BLOCKS = 2_000;
/** The first blocks are for the compiler. */
const WARM_UP = 500;
/** So often the writer catches up, which takes its memory back. */
const CATCH_UP = 10;
const SINGLE_CALLS = 1_000_000;

type Values = Record<string, number>;

const metricsOf = (count: number): Values =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, at / count]));
const TEN = metricsOf(10);
const HUNDRED = metricsOf(100);

const TEN_MORE = Object.values(TEN).slice(1);
const HUNDRED_MORE = Object.values(HUNDRED).slice(1);

interface Rows {
  /** The row of a step. */
  readonly values: (at: number) => Values;
  /** The same by a recorder. */
  readonly record: (record: Recorder, at: number) => void;
  /** What the recorder may cost, and with an array. */
  readonly bounds?: readonly [number, number?];
}

// Written out as a training loop writes them: object literals, not something built in a loop.
const ROWS: readonly Rows[] = [
  { values: (at) => ({ loss: randomAt(at) }), record: (record, at) => record(at, randomAt(at)) },
  {
    values: (at) => ({ loss: randomAt(at), accuracy: randomAt(at * 7) }),
    record: (record, at) => record(at, randomAt(at), randomAt(at * 7)),
    bounds: [0.6],
  },
  {
    values: (at) => ({ ...TEN, m0: randomAt(at) }),
    record: (record, at) => record(at, randomAt(at), ...TEN_MORE),
  },
  {
    values: (at) => ({ ...HUNDRED, m0: randomAt(at) }),
    record: (record, at) => record(at, randomAt(at), ...HUNDRED_MORE),
    bounds: [2, 0.8],
  },
];

/** What a row costs the caller, against a bare `Subject.next` with one observer. */
export default {
  title: 'The cost of a row to the caller',
  run: async (quick) => {
    const figures: Figure[] = [];
    for (const rows of ROWS) figures.push(...(await compare(rows, quick)));
    figures.push(...(await singleCalls(quick ? SINGLE_CALLS / 100 : SINGLE_CALLS)));
    return figures;
  },
} satisfies BenchCase;

async function compare({ values, record, bounds }: Rows, quick: boolean): Promise<Figure[]> {
  const names = Object.keys(values(0));
  const metrics = `${names.length} metric${names.length === 1 ? '' : 's'}`;
  const block = Math.ceil((BLOCK / (quick ? 10 : 1)) * (names.length > 10 ? 0.1 : 1));
  const blocks = quick ? BLOCKS / 10 : BLOCKS;
  const bare = new Subject<MetricRow>();
  let seen = 0;
  bare.subscribe({ next: ({ step }) => (seen += Number(step ?? 0)) });
  return inTempFolder(async (folder) => {
    const run = openRun(folder);
    const recorder = run.recorder(...names);
    const array = Float64Array.from(Object.values(values(0)));
    const calls: readonly ((at: number) => void)[] = [
      (at) => bare.next({ step: at, values: values(at) }),
      (at) => run.logMetrics(values(at), at),
      (at) => record(recorder, at),
      (at) => {
        array[0] = randomAt(at);
        recorder(at, array);
      },
    ];
    // A loop for each: in one loop for all of them, the compiler could take none into it.
    const loops = calls.map((call) => loopOf(call));
    const costs = loops.map((): number[] => []);
    for (let round = 0, step = 0; round < blocks; round++, step += block) {
      for (const [at, loop] of loops.entries()) {
        const started = performance.now();
        loop(step, step + block);
        if (round >= WARM_UP / (quick ? 10 : 1))
          costs[at]?.push(((performance.now() - started) * 1e6) / block);
      }
      if (round % CATCH_UP === 0) await run.flush();
    }
    await run.close();
    const [next = NaN, ...others] = costs.map(median);
    const doors = ['logMetrics', 'a recorder', 'a recorder with a Float64Array'];
    const limits = [names.length === 2 ? 1.5 : undefined, ...(bounds ?? [])];
    return others.map((cost, at) => ({
      what: `${doors[at] ?? ''} of ${metrics}, against Subject.next with one observer`,
      figure: `${nanoseconds(cost)} against ${nanoseconds(next)}: ${times(cost / next)}`,
      guards: guard(`${doors[at] ?? ''} of ${metrics} / Subject.next`, cost / next),
      ...(limits[at] !== undefined && { bound: `<= ${limits[at]} x` }),
    }));
  });
}

/** Makes a loop of its own, from source that no other loop shares. */
function loopOf(call: (at: number) => void): (from: number, to: number) => void {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a closure would share its code with the others
  const loop = new Function('call', 'from', 'to', 'for (let at = from; at < to; at++) call(at)') as (
    made: typeof call,
    from: number,
    to: number,
  ) => void;
  return (from, to) => loop(call, from, to);
}

/** Every call by itself, the writer working at full speed; the two readings of the clock are in the figures. */
async function singleCalls(calls: number): Promise<Figure[]> {
  return inTempFolder(async (folder) => {
    const run = openRun(folder);
    const took = new Float64Array(calls);
    for (let at = 0; at < calls; at++) {
      const started = performance.now();
      run.logMetrics({ loss: randomAt(at), accuracy: randomAt(at * 7) }, at);
      took[at] = (performance.now() - started) * 1e6;
    }
    await run.close();
    const sorted = took.subarray(calls / 10).sort();
    const [p50, p99, p999, max] = [0.5, 0.99, 0.999, 1].map((share) => quantile(sorted, share)) as [
      number,
      number,
      number,
      number,
    ];
    return [
      {
        what: 'single calls while the writer works: p50, p99, p99.9, max (two readings of the clock included)',
        figure: `${nanoseconds(p50)}, ${nanoseconds(p99)}, ${nanoseconds(p999)}, ${(max / 1e6).toFixed(2)} ms; p99.9 is ${times(p999 / p50)} p50`,
        bound: 'p99.9 <= 20 x p50',
        guards: guard('p99 / p50', p99 / p50),
      },
    ];
  });
}
