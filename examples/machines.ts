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
const servers: ChildProcess[] = [];
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
      if (event.kind === 'finished') {
        const { number, value, host } = event.trial;
        console.log(`trial ${number} on ${host ?? '?'}: accuracy ${value?.toFixed(3) ?? '?'}`);
      }
    },
    error: (error: unknown) => console.error(error),
  });
  const { best } = await study.result;
  printTable([
    Object.fromEntries(Object.entries(best.params).map(([name, value]) => [name, value.toPrecision(3)])),
  ]);
  console.log(`best of all: ${best.value.toFixed(3)}, ${shortPath(best.runDir)}`);
  // The workers end with the sweep; one that came too late to see it would wait for the next of its name.
  for (const worker of workers) worker.kill('SIGTERM');
  for (const [code] of await Promise.all(exits)) if (code !== 0 && code !== null) process.exitCode = 1;
} finally {
  for (const server of servers) server.kill();
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
  const server = spawn('redis-server', args, { stdio: 'ignore' });
  servers.push(server);
  await once(server, 'spawn');
  return `redis://127.0.0.1:${port}`;
}
