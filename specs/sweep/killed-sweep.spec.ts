import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { amount } from '../support/amount.js';
import { duckdb } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';
import { randomStream } from '../../src/pure/random-stream.js';

const folder = tempFolders('killed-sweep');
const DIST = new URL('../../dist/sweep.js', import.meta.url).href;
const STEPS = 10;
/** How often it is killed, at the most. */
const KILLS = amount(8, 60);
/** At most this many rows after its first trial began, so that it is far from over when it has been killed so often. */
const MAX_ROWS = 2 * STEPS;
const TRIALS = 2 * KILLS + 4;

/** Where the trials of a sweep run. */
type Place = 'the thread of the sweep' | 'worker threads';

/** A training; with `endless` the trials from the third on go on until they are aborted. */
const training = (endless: boolean): string => `async ({ run, number, params, signal }) => {
    const steps = ${endless} && number > 1 ? Infinity : ${STEPS};
    for (let step = 0; step < steps && !signal.aborted; step++) {
      run.logMetrics({ loss: params.x + step }, step);
      console.log('row');
      await delay(1);
    }
  }`;
const DELAY = `import { setTimeout as delay } from 'node:timers/promises';`;

/** A sweep that notes every trial that has finished in a file of its own, outside the sweep. */
function program(
  base: string,
  { place, endless }: { readonly place: Place; readonly endless: boolean },
): string {
  const module = join(base, 'train.mjs');
  writeFileSync(module, `${DELAY}\nexport default ${training(endless)};`);
  const isHere = place === 'the thread of the sweep';
  return `
  import { appendFileSync } from 'node:fs';
  ${DELAY}
  import { sweep, uniform } from ${JSON.stringify(DIST)};
  const options = { name: 's', baseDir: ${JSON.stringify(join(base, 'runs'))}, metric: 'loss', trials: ${TRIALS}, concurrency: 2,
    searcher: 'tpe', run: { environment: false } };
  const space = { x: uniform(0, 1) };
  const study = ${isHere ? `sweep(space, ${training(endless)}, options)` : `sweep(space, { ...options, worker: new URL(${JSON.stringify(pathToFileURL(module).href)}) })`};
  study.events$.subscribe((event) => {
    if (event.kind === 'finished') appendFileSync(${JSON.stringify(join(base, 'finished.txt'))}, event.trial.number + '\\n');
  });
  const { status, trials } = await study.result;
  console.log(JSON.stringify({ status, trials: trials.map(({ status, value }) => [status, value]) }));
`;
}

/** Runs it until it ends, or is sent a signal once it has logged some rows. */
async function play(
  base: string,
  rows: number | null,
  place: Place,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<{ ended: unknown; lines: readonly string[] }> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', program(base, { place, endless: signal === 'SIGINT' })],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 250_000,
      killSignal: 'SIGKILL',
    },
  );
  const lines: string[] = [];
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    if (lines.length === rows) child.kill(signal);
  });
  const [code, by] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { ended: by ?? code, lines };
}

const PLACES = [
  { place: 'the thread of the sweep', kills: KILLS },
  // They start in half a second each.
  { place: 'worker threads', kills: amount(3, 60) },
] as const;

describe.each(PLACES)('a sweep whose process is killed, with its trials in $place', ({ place, kills }) => {
  it(
    `${kills} times at random moments has every trial once, and every row of it`,
    { timeout: 60_000 + kills * 20_000 },
    async () => {
      const base = folder();
      writeFileSync(join(base, 'finished.txt'), '');
      const random = randomStream(7);
      for (let killed = 0; killed < kills; killed++)
        expect((await play(base, 1 + Math.floor(random() * MAX_ROWS), place)).ended).toBe('SIGKILL');
      const { ended, lines } = await play(base, null, place);
      expect(ended).toBe(0);
      const result = JSON.parse(lines.at(-1) ?? '') as { status: string; trials: [string, number][] };
      expect(result.status).toBe('FINISHED');
      expect(result.trials.map(([status]) => status)).toEqual(Array<string>(TRIALS).fill('finished'));

      const finished = readFileSync(join(base, 'finished.txt'), 'utf8').trim().split('\n');
      expect(new Set(finished).size).toBe(finished.length);
      const { trials } = parse(readFileSync(join(base, 'runs/s/sweep.yaml'), 'utf8')) as {
        trials: { run: string; params: { x: number }; value: number }[];
      };
      for (const { run, params, value } of trials) {
        const steps = await duckdb(
          join(base, 'runs/s', run),
          'SELECT count(*)::INT AS rows, count(DISTINCT step)::INT AS steps, max(loss) AS last FROM read_parquet($1)',
        );
        expect(steps).toEqual([{ rows: STEPS, steps: STEPS, last: params.x + STEPS - 1 }]);
        expect(value).toBe(params.x + STEPS - 1);
      }
    },
  );

  it('by Ctrl-C says so in every file, and ends as the signal has it', async () => {
    const base = folder();
    writeFileSync(join(base, 'finished.txt'), '');
    const { ended } = await play(base, 2 * STEPS + 1, place, 'SIGINT');
    expect(ended).toBe('SIGINT');
    const { status, trials } = parse(readFileSync(join(base, 'runs/s/sweep.yaml'), 'utf8')) as {
      status: string;
      trials: { run: string; status: string }[];
    };
    expect(status).toBe('INTERRUPTED');
    expect(trials.map(({ status: of }) => of)).toContain('interrupted');
    for (const { run, status: of } of trials) {
      const file = parse(readFileSync(join(base, 'runs/s', run, 'run.yaml'), 'utf8')) as { status: string };
      expect(file.status).toBe(of === 'finished' ? 'FINISHED' : 'INTERRUPTED');
    }
  });
});
