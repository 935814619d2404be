import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type QueueSweepOptions, type Searcher, sweep, uniform } from 'expman-rx/sweep';
import { expmanHere } from '../../support/cli-here.js';
import { RedisServer, hasRedis } from '../../support/redis-server.js';
import { duckdb } from '../../support/read-back.js';
import { tempFolders } from '../../support/temp-folder.js';
import { workHere } from './rig.js';

const PASSWORD = 'geheim-17';
const folder = tempFolders('queue');
const serverFolder = tempFolders('queue-redis', afterAll);
const STEPS = 10;

/** Suggests the same parameters to every trial. */
const always = (params: object): Searcher<never> => ({
  suggest: () => ({ params: params as never }),
  observe: () => undefined,
});

describe.skipIf(!hasRedis())('a sweep on many machines', () => {
  let redis: RedisServer;
  let url = '';
  beforeAll(async () => {
    redis = await RedisServer.start(serverFolder(), '--requirepass', PASSWORD);
    url = `redis://default:${PASSWORD}@127.0.0.1:${redis.port}`;
  });
  afterAll(async () => {
    await redis.kill();
  });

  const options = (given: Partial<QueueSweepOptions<never>> & { readonly name: string }) => ({
    ...{ metric: 'loss', trials: 6, concurrency: 2, handleSignals: false, queue: url },
    ...given,
  });
  const PLAIN = { x: uniform(0, 1), way: 'plain' as const };

  it('has each trial once, with every row of it, from workers that began before it', async () => {
    const [dir, one, other] = [folder(), folder(), folder()];
    const workers = [workHere(url, 'many', one), workHere(url, 'many', other)];
    const study = sweep(PLAIN, options({ name: 'many', baseDir: dir, concurrency: 3 }));
    const started: unknown[] = [];
    const values = new Map<number, number[]>();
    study.events$.subscribe((event) => {
      if (event.kind === 'started') started.push(event.trial);
      if (event.kind === 'reported')
        values.set(event.number, [...(values.get(event.number) ?? []), event.value]);
    });
    const { status, best, trials } = await study.result;
    expect(status).toBe('FINISHED');
    await expect(Promise.all(workers.map(({ ended }) => ended))).resolves.toEqual(['ended', 'ended']);

    expect(trials.map(({ status: each }) => each)).toEqual(Array<string>(6).fill('finished'));
    for (const { number, params, value, runDir, host } of trials) {
      expect([host, value]).toEqual([expect.any(String), params.x + STEPS - 1]);
      expect(values.get(number)).toEqual(Array.from({ length: STEPS }, (_, step) => params.x + step));
      expect(
        await duckdb(runDir, 'SELECT count(*)::INT AS rows, max(loss) AS last FROM read_parquet($1)'),
      ).toEqual([{ rows: STEPS, last: value }]);
    }
    expect(started[0]).toEqual({
      number: 0,
      attempt: 0,
      params: trials[0]?.params,
      slot: 0,
      host: best.host,
    });
    expect(best.value).toBe(Math.min(...trials.map(({ value }) => value ?? NaN)));

    const shown = await expmanHere('sweep', join(dir, 'many'), '--json');
    expect(JSON.parse(shown.stdout)).toMatchObject({
      ...{ status: 'FINISHED', best: best.number },
      workers: [{ host: best.host, running: 0, ended: 6 }],
    });
    // The password is in no file of it.
    for (const place of [dir, one, other])
      for (const file of readdirSync(place, { recursive: true, withFileTypes: true }))
        if (file.isFile())
          expect(readFileSync(join(file.parentPath, file.name), 'latin1')).not.toContain(PASSWORD);
  });

  it('has the values of several metrics and of constraints from its workers', async () => {
    const worker = workHere(url, 'several', folder());
    const study = sweep(
      PLAIN,
      options({
        ...{ name: 'several', baseDir: folder(), trials: 3, metric: undefined },
        metrics: [
          { name: 'loss', mode: 'min' },
          { name: 'size', mode: 'min' },
        ],
        constraints: [{ metric: 'size', max: 1 }],
      }),
    );
    const heard = new Set<string>();
    study.events$.subscribe((event) => {
      if (event.kind === 'reported') heard.add(event.metric);
    });
    const { front, trials } = await study.result;
    await worker.ended;
    expect(heard).toEqual(new Set(['loss', 'size']));
    expect(trials.map(({ values, violation }) => [values, violation])).toEqual(
      trials.map(({ params: { x } }) => [[x + STEPS - 1, 1 - x], 0]),
    );
    expect(front).toEqual(trials);
  });

  it('tries no parameters that are not of the space of the module', async () => {
    const [dir, work] = [folder(), folder()];
    const worker = workHere(url, 'strange', work);
    const study = sweep(
      PLAIN,
      options({ name: 'strange', baseDir: dir, trials: 1, searcher: always({ x: 2, way: 'plain' }) }),
    );
    await expect(study.result).rejects.toMatchObject({ code: 'SWEEP_FAILED' });
    await worker.ended;
    expect(readdirSync(work)).toEqual([]);
    const { trials } = parse(readFileSync(join(dir, 'strange/sweep.yaml'), 'utf8')) as {
      trials: { error: string }[];
    };
    expect(trials[0]?.error).toMatch(/^params.x must be a value of uniform\(0, 1\)/);
  });

  it('aborts the trials of its workers when it is stopped, and goes on later', async () => {
    const [dir, work] = [folder(), folder()];
    const worker = workHere(url, 'stopped', work);
    const begin = () =>
      sweep({ x: uniform(0, 1), way: 'endless' as const }, options({ name: 'stopped', baseDir: dir }));
    const study = begin();
    study.events$.subscribe((event) => {
      if (event.kind === 'reported' && event.step === STEPS) study.stop();
    });
    const { status, trials } = await study.result;
    expect(status).toBe('INTERRUPTED');
    await worker.ended;
    const [run] = trials.filter(({ host }) => host !== undefined);
    expect(readFileSync(join(run?.runDir ?? '', 'run.yaml'), 'utf8')).toContain('status: INTERRUPTED');
  });

  it('is refused while another one has its name', async () => {
    const [one, other] = [folder(), folder()];
    const first = sweep(PLAIN, options({ name: 'twice', baseDir: one, trials: 1 }));
    const begun = new Promise<void>((resolve) => {
      first.events$.subscribe({ next: () => resolve(), complete: resolve });
    });
    const worker = workHere(url, 'twice', folder());
    await begun;
    await worker.ended;
    await first.result;
    // Nobody takes its trials.
    const waiting = sweep(PLAIN, options({ name: 'twice', baseDir: folder(), trials: 1 }));
    await untilOffered(url, 'twice');
    await expect(sweep(PLAIN, options({ name: 'twice', baseDir: other })).result).rejects.toMatchObject({
      code: 'RUN_LOCKED',
    });
    waiting.stop();
    await expect(waiting.result).rejects.toMatchObject({ code: 'SWEEP_FAILED' });
  });

  it('says that Redis refuses the user, and not the password', async () => {
    const wrong = url.replace(PASSWORD, `wrong-${PASSWORD}`);
    const { result } = sweep(PLAIN, options({ name: 'refused', baseDir: folder(), queue: wrong }));
    const error = await result.then(
      () => new Error('it began'),
      (thrown: unknown) => thrown as Error,
    );
    expect(error).toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
      message: expect.stringContaining('WRONGPASS') as string,
    });
    expect(String(error)).not.toContain(PASSWORD);
  });
});

/** Waits until a study has the name. */
async function untilOffered(url: string, name: string): Promise<void> {
  const { Redis } = await import('ioredis');
  const client = new Redis(url);
  while ((await client.get(`expman:sweep:${name}:live`)) === null)
    await new Promise((resolve) => setTimeout(resolve, 20));
  client.disconnect();
}
