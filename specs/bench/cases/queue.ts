import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StudyResult, sweep, uniform } from 'expman-rx/sweep';
import { RedisServer, hasRedis } from '../../support/redis-server.js';
import { guard } from '../guard.js';
import { type BenchCase, inTempFolder, median, times } from '../measure.js';

const EXPMAN = fileURLToPath(new URL('../../../dist/cli/expman.js', import.meta.url));
const MODULE = new URL('../short-trial.mjs', import.meta.url);
const TRIALS = 200;
const WORKERS = 4;
const ROUNDS = 3;

/** The same sweep by worker threads of this process, and through Redis by another process, in turns. */
export default {
  title: `A sweep of ${TRIALS} trials of 50 ms, ${WORKERS} at a time`,
  run: (quick) =>
    inTempFolder(async (folder) => {
      if (!hasRedis()) return [];
      const files = join(folder, 'redis');
      mkdirSync(files);
      const redis = await RedisServer.start(files);
      try {
        const trials = quick ? TRIALS / 20 : TRIALS;
        const took = { threads: [] as number[], queue: [] as number[] };
        for (let round = 0; round < (quick ? 1 : ROUNDS); round++) {
          took.threads.push(await inThreads(folder, `threads-${round}`, trials));
          took.queue.push(await overQueue(redis.url, folder, `queue-${round}`, trials));
        }
        const [threads, queue] = [median(took.threads), median(took.queue)];
        return [
          { what: 'in worker threads of this process', figure: perTrial(threads, trials) },
          {
            what: 'over a queue on Redis, by `expman work` on the same machine',
            figure: `${perTrial(queue, trials)}: ${((queue - threads) / trials).toFixed(1)} ms more, ${times(queue / threads)}`,
            bound: '< 10 ms more',
            guards: guard('queue / threads', queue / threads),
          },
        ];
      } finally {
        await redis.kill();
      }
    }),
} satisfies BenchCase;

const perTrial = (ms: number, trials: number): string =>
  `${(ms / 1000).toFixed(1)} s, ${(ms / trials).toFixed(1)} ms a trial`;

const OPTIONS = { metric: 'loss', mode: 'min', handleSignals: false } as const;

function inThreads(baseDir: string, name: string, trials: number): Promise<number> {
  return timeOf(
    trials,
    () =>
      sweep({ x: uniform(0, 1) }, { ...OPTIONS, name, baseDir, trials, concurrency: WORKERS, worker: MODULE })
        .result,
  );
}

/** The worker is connected and waits before the clock starts. */
async function overQueue(url: string, folder: string, name: string, trials: number): Promise<number> {
  const args = ['work', url, '--sweep', name, '--module', fileURLToPath(MODULE)];
  const worker = spawn(
    process.execPath,
    [EXPMAN, ...args, '--dir', join(folder, 'worker'), '--concurrency', String(WORKERS)],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = once(worker, 'exit');
  let told = '';
  await new Promise<void>((resolve, reject) => {
    worker.stderr.on('data', (bytes: Buffer) => {
      told += bytes.toString();
      if (told.includes('wait')) resolve();
    });
    worker.once('exit', () => reject(new Error(`the worker ended: ${told}`)));
  });
  try {
    // All trials may be offered at once: workers take no more than they can run.
    return await timeOf(
      trials,
      () =>
        sweep(
          { x: uniform(0, 1) },
          { ...OPTIONS, name, baseDir: folder, trials, concurrency: 2 * WORKERS, queue: url },
        ).result,
    );
  } finally {
    worker.kill();
    await exited;
  }
}

async function timeOf(
  trials: number,
  run: () => Promise<StudyResult<{ readonly x: number }>>,
): Promise<number> {
  const started = performance.now();
  const result = await run();
  const ms = performance.now() - started;
  const finished = result.trials.filter(({ status }) => status === 'finished').length;
  if (finished !== trials) throw new Error(`${finished} of ${trials} trials finished`);
  return ms;
}
