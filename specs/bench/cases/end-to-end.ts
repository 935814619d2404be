import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { guard } from '../guard.js';
import { median, millions, times, type BenchCase } from '../measure.js';

const ROWS = 2_000_000;
/** parquetjs-lite takes 33 s for a million rows; its rate is the same for fewer. */
const APPEND_ROWS = 100_000;
const ROUNDS = 5;

interface Result {
  readonly rowsPerSecond: number;
  readonly bytesPerRow: number;
  readonly peakMegabytes: number;
}

/** From the first call to a synced file, each contestant in a fresh process, in turns. */
export default {
  title: 'End to end, to a synced Parquet file',
  run: async (quick) => {
    const rows = quick ? ROWS / 100 : ROWS;
    const results = { expman: [] as Result[], hyparquet: [] as Result[], parquetjs: [] as Result[] };
    for (let round = 0; round < (quick ? 1 : ROUNDS); round++) {
      results.hyparquet.push(contest('hyparquet', rows));
      results.expman.push(contest('expman', rows));
      if (round === 0) results.parquetjs.push(contest('parquetjs', quick ? APPEND_ROWS / 100 : APPEND_ROWS));
    }
    const rate = (of: readonly Result[]): number => median(of.map(({ rowsPerSecond }) => rowsPerSecond));
    const [ours, theirs, append] = [rate(results.expman), rate(results.hyparquet), rate(results.parquetjs)];
    const pairs = results.expman.map(
      ({ rowsPerSecond }, at) => rowsPerSecond / (results.hyparquet[at]?.rowsPerSecond ?? NaN),
    );
    const bytes = median(results.expman.map(({ bytesPerRow }) => bytesPerRow));
    return Promise.resolve([
      {
        what: `${rows.toLocaleString('en-US')} rows of two doubles: logMetrics in a loop, then close`,
        figure: millions(ours),
      },
      {
        what: 'against hyparquet-writer 0.17 that is handed ready-made columns',
        figure: `${millions(theirs)}: ${times(median(pairs))}`,
        bound: '>= 1.5 x',
        guards: guard('rate / hyparquet-writer', median(pairs), 'more'),
      },
      {
        what: "against parquetjs-lite's appendRow",
        figure: `${millions(append)}: ${times(ours / append)}`,
        guards: guard('rate / parquetjs-lite', ours / append, 'more'),
      },
      {
        what: 'bytes a row: step, timestamp, two random-looking doubles',
        figure: bytes.toFixed(2),
        bound: '<= 17',
        guards: guard('bytes a row', bytes),
      },
      {
        what: 'peak memory of the process',
        figure: `${Math.max(...results.expman.map(({ peakMegabytes }) => peakMegabytes)).toFixed(0)} MB (hyparquet-writer: ${Math.max(
          ...results.hyparquet.map(({ peakMegabytes }) => peakMegabytes),
        ).toFixed(0)} MB)`,
        bound: '< 450 MB',
      },
    ]);
  },
} satisfies BenchCase;

function contest(contestant: string, rows: number): Result {
  const script = fileURLToPath(new URL('../contestants.mjs', import.meta.url));
  return JSON.parse(
    execFileSync(process.execPath, [script, contestant, String(rows)], { encoding: 'utf8' }),
  ) as Result;
}
