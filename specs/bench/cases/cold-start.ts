import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guard } from '../guard.js';
import { inTempFolder, median, openRun, times, type BenchCase } from '../measure.js';

const DIST = new URL('../../../dist/index.js', import.meta.url).href;
const EXPMAN = fileURLToPath(new URL('../../../dist/cli/expman.js', import.meta.url));
const ROUNDS = 15;
const RUNS = 10;

const SHORT = `
import { ExperimentConfig, LoggingEngine } from ${JSON.stringify(DIST)};
const run = new LoggingEngine(new ExperimentConfig('short', process.argv[2]));
for (let step = 0; step < 100; step++) run.logMetrics({ loss: 1 / (step + 1) }, step);
await run.close();
`;

/** What a short program spends on us, from the start of its process to its end, against Node running an empty file. */
export default {
  title: 'A short program, from start to exit',
  run: (quick) =>
    inTempFolder(async (folder) => {
      const runs = join(folder, 'runs');
      for (let n = 0; n < RUNS; n++) {
        const run = openRun(runs, { runName: `run-${n}` });
        run.logMetrics({ loss: n }, 0);
        await run.close();
      }
      const empty = join(folder, 'empty.mjs');
      const short = join(folder, 'short.mjs');
      writeFileSync(empty, '');
      writeFileSync(short, SHORT);
      const programs = [
        [empty],
        [short, join(folder, 'short')],
        [EXPMAN, '--help'],
        [EXPMAN, 'list', runs],
      ] as const;
      const took = programs.map((): number[] => []);
      // In turns, so that all of them have the same minutes.
      for (let round = 0; round < (quick ? 2 : ROUNDS); round++)
        programs.forEach((args, at) => took[at]?.push(msOf(args)));
      const [bare = 0, whole = 0, help = 0, list = 0] = took.map(median);
      const against = (ms: number): string => `${ms.toFixed(0)} ms, ${times(ms / bare)}`;
      return [
        { what: 'Node running an empty file', figure: `${bare.toFixed(0)} ms` },
        {
          what: 'import, open, 100 rows, close, exit',
          figure: against(whole),
          bound: '4 x',
          guards: guard('short program / Node', whole / bare),
        },
        {
          what: '`expman --help`',
          figure: against(help),
          bound: '2 x',
          guards: guard('--help / Node', help / bare),
        },
        {
          what: `\`expman list\` of ${RUNS} runs`,
          figure: against(list),
          bound: '3 x',
          guards: guard('list / Node', list / bare),
        },
      ];
    }),
} satisfies BenchCase;

function msOf(args: readonly string[]): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return performance.now() - begun;
}
