import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { type PlacedTrial, type Study, type StudyResult, sweep, uniform } from 'expman-rx/sweep';
import { randomStream } from '../../../src/pure/random-stream.js';
import { amount } from '../../support/amount.js';
import { duckdb } from '../../support/read-back.js';
import { RedisServer, hasRedis } from '../../support/redis-server.js';
import { tempFolders } from '../../support/temp-folder.js';
import { MODULE, workHere } from './rig.js';

const STEPS = 10;
const DIST = new URL('../../../dist/sweep.js', import.meta.url).href;
const COMMAND = fileURLToPath(new URL('../../../dist/cli/expman.js', import.meta.url));
const AT_NIGHT = amount(0, 1) === 1;
const folder = tempFolders('queue-kills');
const serverFolder = tempFolders('queue-kills-redis', afterAll);

const children: ChildProcess[] = [];
const servers: RedisServer[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
  }
  for (const server of servers.splice(0)) await server.kill();
  vi.restoreAllMocks();
});

async function redisServer(...options: readonly string[]): Promise<RedisServer> {
  const server = await RedisServer.start(serverFolder(), ...options);
  servers.push(server);
  return server;
}

type Params = { readonly x: number };
type Way = 'plain' | 'busy' | 'endless' | 'environment';

interface WorkEvent {
  readonly event: 'begun' | 'ended' | 'note';
  readonly trial?: number;
  readonly attempt?: number;
  readonly text?: string;
}

/** `expman work` in a process of its own. */
class WorkProcess {
  readonly events: WorkEvent[] = [];
  readonly exit: Promise<[number | null, NodeJS.Signals | null]>;
  private readonly child: ChildProcess;

  constructor(
    url: string,
    name: string,
    dir: string,
    { args = [], env = {} }: { args?: string[]; env?: object } = {},
  ) {
    this.child = spawn(
      process.execPath,
      [COMMAND, 'work', '--json', '--sweep', name, '--module', fileURLToPath(MODULE), '--dir', dir, ...args],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, EXPMAN_QUEUE: url, ...env } },
    );
    children.push(this.child);
    this.exit = once(this.child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    if (this.child.stdout !== null)
      createInterface(this.child.stdout).on('line', (line) =>
        this.events.push(JSON.parse(line) as WorkEvent),
      );
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async until(holds: (event: WorkEvent) => boolean): Promise<void> {
    while (!this.events.some(holds)) await delay(20);
  }
}

const study = (
  url: string,
  dir: string,
  way: Way,
  trials = 1,
): Study<Params & { way: Way }, PlacedTrial<Params & { way: Way }>> =>
  sweep(
    { x: uniform(0, 1), way },
    { name: 's', baseDir: dir, metric: 'loss', trials, concurrency: 2, handleSignals: false, queue: url },
  );

/** Every trial has one result that counts, and every row of that attempt is there. */
async function mustBeWhole({ status, trials }: StudyResult<Params>): Promise<void> {
  expect(status).toBe('FINISHED');
  for (const { params, runDir, value, status: each } of trials) {
    expect([each, value]).toEqual(['finished', params.x + STEPS - 1]);
    const rows = await duckdb(
      runDir,
      'SELECT count(*)::INT AS rows, count(DISTINCT step)::INT AS steps, max(loss) AS last FROM read_parquet($1)',
    );
    expect(rows).toEqual([{ rows: STEPS, steps: STEPS, last: value }]);
  }
}

describe.skipIf(!hasRedis())('a sweep in a queue', () => {
  it(`goes on with what workers did when its process is killed, ${amount(1, 10)} times`, async () => {
    const redis = await redisServer();
    const [dir, work] = [folder(), folder()];
    const TRIALS = amount(4, 24);
    const program = `
      import { sweep, uniform } from ${JSON.stringify(DIST)};
      const study = sweep({ x: uniform(0, 1), way: 'plain' }, { name: 's', baseDir: ${JSON.stringify(dir)}, metric: 'loss',
        trials: ${TRIALS}, concurrency: 2, queue: ${JSON.stringify(redis.url)} });
      study.events$.subscribe(({ kind }) => console.log(kind));
      console.log(JSON.stringify(await study.result));`;
    const play = async (events: number): Promise<readonly string[]> => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      const lines: string[] = [];
      createInterface(child.stdout).on('line', (line) => {
        if (lines.push(line) === events) child.kill('SIGKILL');
      });
      await once(child, 'close');
      return lines;
    };
    const worker = workHere(redis.url, 's', work);
    const random = randomStream(7);
    for (let kills = 0; kills < amount(1, 10); kills++) await play(1 + Math.floor(random() * 2 * STEPS));
    const result = JSON.parse((await play(Infinity)).at(-1) ?? '') as StudyResult<Params>;
    await expect(worker.ended).resolves.toBe('ended');
    expect(result.trials).toHaveLength(TRIALS);
    await mustBeWhole(result);
    // Nothing was tried twice: no worker was lost.
    expect(result.trials.map(({ attempt }) => attempt)).toEqual(Array<number>(TRIALS).fill(0));
    expect(readdirSync(join(work, 's')).filter((name) => name.startsWith('trial-'))).toHaveLength(TRIALS);
  });

  it.skipIf(!AT_NIGHT)(
    'gives the trial of a killed worker to another one, as a further attempt',
    async () => {
      const redis = await redisServer();
      const [dir, one, other] = [folder(), folder(), folder()];
      const file = join(folder(), 'go-on');
      const env = { QUEUE_SPEC_FILE: file };
      const first = new WorkProcess(redis.url, 's', one, { env });
      const running = study(redis.url, dir, 'busy');
      await first.until(({ event }) => event === 'begun');
      const second = new WorkProcess(redis.url, 's', other, { env });
      first.kill('SIGKILL');
      await second.until(({ event }) => event === 'begun');
      writeFileSync(file, '');
      const result = await running.result;
      expect(result.trials).toMatchObject([{ attempt: 1, runDir: join(other, 's/trial-0000.1') }]);
      await mustBeWhole(result);
      expect((await second.exit)[0]).toBe(0);
    },
  );

  it.skipIf(!AT_NIGHT)('fails a trial with its third lost worker', async () => {
    const redis = await redisServer();
    const dir = folder();
    const running = study(redis.url, dir, 'busy');
    for (let lost = 0; lost < 3; lost++) {
      const worker = new WorkProcess(redis.url, 's', folder());
      await worker.until(({ event }) => event === 'begun');
      worker.kill('SIGKILL');
      await worker.exit;
    }
    const last = new WorkProcess(redis.url, 's', folder());
    await expect(running.result).rejects.toMatchObject({
      code: 'SWEEP_FAILED',
      message: expect.stringContaining('its worker was lost for the third time') as string,
    });
    expect((await last.exit)[0]).toBe(0);
  });

  it.skipIf(!AT_NIGHT)('drops and tells what a worker says that was not heard of for a while', async () => {
    const redis = await redisServer();
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const [dir, one, other] = [folder(), folder(), folder()];
    const first = new WorkProcess(redis.url, 's', one);
    const running = study(redis.url, dir, 'endless');
    const values: number[] = [];
    running.events$.subscribe((event) => {
      if (event.kind === 'reported') values.push(event.value);
    });
    await first.until(({ event }) => event === 'begun');
    first.kill('SIGSTOP');
    const second = new WorkProcess(redis.url, 's', other);
    await second.until(({ event, attempt }) => event === 'begun' && attempt === 1);
    first.kill('SIGCONT');
    await first.until(({ text }) => text?.includes('was taken by another worker') === true);
    running.stop();
    const { trials } = await running.result;
    expect(trials).toMatchObject([{ attempt: 1, status: 'interrupted' }]);
    expect(warnings.mock.calls.map(([text]) => text)).toContainEqual(
      expect.stringMatching(/attempt 1 has begun/),
    );
    // The sweep has ended before this worker has closed the run that it was to drop.
    await first.exit;
    expect(readFileSync(join(one, 's/trial-0000/run.yaml'), 'utf8')).toContain('status: INTERRUPTED');
  });

  it.skipIf(!AT_NIGHT)('keeps the trial of a training that never yields for a minute', async () => {
    const redis = await redisServer();
    const [dir, work] = [folder(), folder()];
    const file = join(folder(), 'go-on');
    const worker = new WorkProcess(redis.url, 's', work, { env: { QUEUE_SPEC_FILE: file } });
    const running = study(redis.url, dir, 'busy');
    await worker.until(({ event }) => event === 'begun');
    const other = new WorkProcess(redis.url, 's', folder());
    await delay(60_000);
    writeFileSync(file, '');
    const result = await running.result;
    await mustBeWhole(result);
    expect(result.trials).toMatchObject([{ attempt: 0 }]);
    expect(other.events.filter(({ event }) => event === 'begun')).toEqual([]);
  });

  it.skipIf(!AT_NIGHT)('waits for a Redis that is away for a minute, says so and goes on', async () => {
    const redis = await redisServer('--appendonly', 'yes');
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const [dir, work] = [folder(), folder()];
    const file = join(folder(), 'go-on');
    const worker = new WorkProcess(redis.url, 's', work, { env: { QUEUE_SPEC_FILE: file } });
    const running = study(redis.url, dir, 'busy', 2);
    await worker.until(({ event }) => event === 'begun');
    await delay(2000);
    await redis.kill();
    await delay(60_000);
    await redis.restart();
    await worker.until(({ text }) => text?.endsWith('is back; going on') === true);
    writeFileSync(file, '');
    const result = await running.result;
    await mustBeWhole(result);
    expect(result.trials).toMatchObject([{ attempt: 0 }, { attempt: 0 }]);
    const said = warnings.mock.calls.map(([text]) => String(text));
    expect(said).toContainEqual(expect.stringContaining('cannot be reached'));
    expect(said).toContainEqual(expect.stringContaining('is back'));
  });

  it.skipIf(!AT_NIGHT)(
    'has each trial once when workers are killed at random',
    { timeout: 900_000 },
    async () => {
      const redis = await redisServer();
      const [dir, work] = [folder(), folder()];
      const random = randomStream(11);
      const running = study(redis.url, dir, 'plain', 16);
      const over = new AbortController();
      const isOver = (): boolean => over.signal.aborted;
      const ending = running.result.finally(() => over.abort());
      while (!isOver()) {
        const worker = new WorkProcess(redis.url, 's', work);
        await Promise.race([delay(3000 + random() * 25_000), ending.catch(() => undefined)]);
        if (!isOver()) worker.kill('SIGKILL');
        await worker.exit;
      }
      await mustBeWhole(await ending);
    },
  );

  it('drains when it is asked to end', async () => {
    const redis = await redisServer();
    const [dir, work] = [folder(), folder()];
    const file = join(folder(), 'go-on');
    const worker = new WorkProcess(redis.url, 's', work, { env: { QUEUE_SPEC_FILE: file } });
    const running = study(redis.url, dir, 'busy', 2);
    await worker.until(({ event }) => event === 'begun');
    worker.kill('SIGTERM');
    writeFileSync(file, '');
    expect((await worker.exit)[0]).toBe(0);
    expect(worker.events.filter(({ event }) => event === 'ended')).toHaveLength(1);
    running.stop();
    expect((await running.result).trials[0]).toMatchObject({ status: 'finished' });
  });
});
