import { Subject } from 'rxjs';
import type { MetricRow } from 'expman-rx';
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

const BLOCK = 20_000;
const BLOCKS = 150;
/** The first blocks are for the compiler. */
const WARM_UP = 30;
const SINGLE_CALLS = 1_000_000;

type Values = Record<string, number>;

const metricsOf = (count: number): Values =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, at / count]));
const TEN = metricsOf(10);
const HUNDRED = metricsOf(100);

// Written out as a training loop writes them: object literals, not something built in a loop.
const ROWS: readonly { readonly metrics: number; readonly values: (at: number) => Values }[] = [
  { metrics: 1, values: (at) => ({ loss: randomAt(at) }) },
  { metrics: 2, values: (at) => ({ loss: randomAt(at), accuracy: randomAt(at * 7) }) },
  { metrics: 10, values: (at) => ({ ...TEN, m0: randomAt(at) }) },
  { metrics: 100, values: (at) => ({ ...HUNDRED, m0: randomAt(at) }) },
];

/** What `logMetrics` costs the caller, against a bare `Subject.next` with one observer. */
export default {
  title: 'The cost of logMetrics to the caller',
  run: async (quick) => {
    const figures: Figure[] = [];
    for (const { metrics, values } of ROWS) figures.push(await compare(metrics, values, quick));
    figures.push(...(await singleCalls(quick ? SINGLE_CALLS / 100 : SINGLE_CALLS)));
    return figures;
  },
} satisfies BenchCase;

async function compare(metrics: number, values: (at: number) => Values, quick: boolean): Promise<Figure> {
  const block = Math.ceil((BLOCK / (quick ? 100 : 1)) * (metrics > 10 ? 0.1 : 1));
  const bare = new Subject<MetricRow>();
  let seen = 0;
  bare.subscribe({ next: ({ step }) => (seen += Number(step ?? 0)) });
  return inTempFolder(async (folder) => {
    const run = openRun(folder);
    const costs: { readonly bare: number; readonly log: number }[] = [];
    for (let round = 0, step = 0; round < BLOCKS; round++, step += block) {
      const started = performance.now();
      for (let at = step; at < step + block; at++) bare.next({ step: at, values: values(at) });
      const between = performance.now();
      for (let at = step; at < step + block; at++) run.logMetrics(values(at), at);
      const ended = performance.now();
      if (round >= WARM_UP)
        costs.push({ bare: ((between - started) * 1e6) / block, log: ((ended - between) * 1e6) / block });
    }
    await run.close();
    const [next, log] = [median(costs.map((cost) => cost.bare)), median(costs.map((cost) => cost.log))];
    const ratio = log / next;
    return {
      what: `logMetrics of ${metrics} metric${metrics === 1 ? '' : 's'}, against Subject.next with one observer`,
      figure: `${nanoseconds(log)} against ${nanoseconds(next)}: ${times(ratio)}`,
      guards: guard(`${metrics} metrics / Subject.next`, ratio),
      ...(metrics === 2 && { bound: '<= 1.5 x' }),
    };
  });
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
