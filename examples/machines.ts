// A sweep over real handwritten digits with two worker processes, which take its trials from a queue on Redis.
//
//   npx tsx examples/machines.ts     EXAMPLE_TRIALS=4 shortens it, EXAMPLE_DIR=... puts its files elsewhere
//
// EXPMAN_QUEUE=redis://... names a server; without it, one is started here where `redis-server` is installed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sweep } from 'expman-rx/sweep';
import { space } from './machines/train.mjs';
import { baseDir, printTable, shortPath } from './shared/show.js';

const MODULE = fileURLToPath(new URL('./machines/train.mjs', import.meta.url));
const COMMAND = fileURLToPath(new URL('../dist/cli/expman.js', import.meta.url));
const WORKERS = 2;

const redisDir = mkdtempSync(join(tmpdir(), 'expman-machines-'));
let redis = null as ChildProcess | null;
try {
  process.env['EXPMAN_QUEUE'] ??= await startRedis();
  const workers = Array.from({ length: WORKERS }, () =>
    spawn(process.execPath, [COMMAND, 'work', '--sweep', 'machines', '--module', MODULE, '--dir', baseDir], {
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  const exits = workers.map((worker) => once(worker, 'exit'));
  const study = sweep(space, {
    name: 'machines',
    baseDir,
    trials: Number(process.env['EXAMPLE_TRIALS'] ?? 12),
    concurrency: WORKERS,
    metric: 'accuracy',
    mode: 'max',
    value: 'best',
    searcher: 'tpe',
    seed: 1,
    queue: true,
  });
  study.events$.subscribe({
    next: (event) => {
      if (event.kind !== 'finished') return;
      const { number, value, host } = event.trial;
      console.log(`trial ${number} on ${host ?? '?'}: accuracy ${value?.toFixed(3) ?? '?'}`);
    },
    error: (error: unknown) => console.error(error),
  });
  const { best } = await study.result;
  printTable([
    Object.fromEntries(Object.entries(best.params).map(([name, value]) => [name, value.toPrecision(3)])),
  ]);
  console.log(`best of all: ${best.value.toFixed(3)}, ${shortPath(best.runDir)}`);
  // The workers end with the sweep.
  for (const [code] of await Promise.all(exits)) if (code !== 0) process.exitCode = 1;
} finally {
  redis?.kill();
  rmSync(redisDir, { recursive: true, force: true });
}

/** Starts a Redis server on a free port of this machine. */
async function startRedis(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', redisDir, '--save', ''];
  redis = spawn('redis-server', args, { stdio: 'ignore' });
  await once(redis, 'spawn');
  return `redis://127.0.0.1:${port}`;
}
