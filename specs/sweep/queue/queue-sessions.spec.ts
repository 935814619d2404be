import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sweep, uniform } from 'expman-rx/sweep';
import { nodeFs } from '../../../src/storage/node-fs.js';
import { PREFIX, controlKey, jobId, reportsKey } from '../../../src/sweep/queue/queue-keys.js';
import { offerText, toWire } from '../../../src/sweep/queue/queue-messages.js';
import { appendTo } from '../../../src/sweep/queue/read-stream.js';
import { appendToJournal, lineOf, readSweep } from '../../../src/sweep/sweep-file.js';
import { RedisServer, hasRedis } from '../../support/redis-server.js';
import { tempFolders } from '../../support/temp-folder.js';
import { workHere } from './rig.js';

const folder = tempFolders('queue-sessions');
const serverFolder = tempFolders('queue-sessions-redis', afterAll);
const SPACE = { x: uniform(0, 1), way: 'plain' as const };
const OFFER = {
  ...{ metrics: [{ name: 'loss', mode: 'min' as const }] as const, constraints: [] },
  ...{ value: 'last' as const, graceMs: 1000 },
};

describe.skipIf(!hasRedis())('the next session of a sweep in a queue', () => {
  let redis: RedisServer;
  let client: Redis;
  const queues: Queue[] = [];
  beforeAll(async () => {
    redis = await RedisServer.start(serverFolder());
    client = new Redis(redis.url);
  });
  afterEach(async () => {
    for (const queue of queues.splice(0)) await queue.close();
  });
  afterAll(async () => {
    client.disconnect();
    await redis.kill();
  });

  /** A sweep of two trials that ran in this process; the second is running, as after a kill. */
  async function begun(name: string, more: object = {}) {
    const baseDir = folder();
    const options = { ...{ name, baseDir, metric: 'loss', trials: 2, handleSignals: false }, retries: 0 };
    await sweep(SPACE, ({ run, params }) => run.logMetrics({ loss: params.x }, 0), options).result;
    const dir = join(baseDir, name);
    const { uuid, trials } = readSweep(nodeFs, dir)!;
    const { params } = trials[1]!;
    appendToJournal(nodeFs, dir, lineOf({ ...trials[1]!, status: 'running', value: null, ...more }));
    return {
      dir,
      uuid: uuid ?? '',
      params,
      options: { ...options, queue: redis.url, resume: 'must' as const },
    };
  }

  /** Offers a trial as an earlier session has; returns its job. */
  async function offered(uuid: string, trial: number, params: unknown): Promise<string> {
    const queue = new Queue(uuid, { connection: { url: redis.url }, prefix: PREFIX });
    queues.push(queue);
    const id = jobId(trial, 0);
    await queue.add('trial', { offer: offerText({ ...OFFER, trial, attempt: 0, params }) }, { jobId: id });
    return id;
  }

  it('tries what was running without a queue again, as a further attempt', async () => {
    const { dir, options } = await begun('moved');
    const worker = workHere(redis.url, 'moved', dir);
    const { trials } = await sweep(SPACE, options).result;
    await worker.ended;
    expect(trials.map(({ status, attempt }) => [status, attempt])).toEqual([
      ['finished', 0],
      ['finished', 1],
    ]);
  });

  it('hears what was reported while no study was there', async () => {
    const place = { host: 'far', slot: 0, runDir: '/far' };
    const { dir, uuid, params, options } = await begun('dead', place);
    const [first] = readSweep(nodeFs, dir)!.trials;
    appendToJournal(nodeFs, dir, lineOf({ ...first!, status: 'running', value: null, ...place }));
    await offered(uuid, 1, params);
    await offered(uuid, 0, first!.params);
    const points = [7, 8].map((value, step) => ({ step, value, timestamp: 0 }));
    await appendTo(client, reportsKey(uuid), toWire({ kind: 'values', trial: 1, attempt: 0, points }));
    const heard: unknown[] = [];
    const study = sweep(SPACE, options);
    study.events$.subscribe((event) => {
      if (event.kind === 'reported' && event.number === 1) heard.push(event.value);
    });
    // It takes up trial 0 first, and trial 1 once that has ended.
    const worker = workHere(redis.url, 'dead', folder());
    await study.result;
    await worker.ended;
    expect(heard.slice(0, 2)).toEqual([7, 8]);
  });

  it('finds no folder of a trial that was aborted and given up before its job was delivered again', async () => {
    const { uuid, params, options } = await begun('given-up');
    const id = await offered(uuid, 1, params);
    await appendTo(client, controlKey(uuid), toWire({ kind: 'abort', job: id, reason: 'interrupted' }));
    const work = folder();
    const worker = workHere(redis.url, 'given-up', work);
    const { trials } = await sweep(SPACE, options).result;
    await worker.ended;
    expect(trials[1]).toMatchObject({ status: 'interrupted', attempt: 0 });
    expect(readdirSync(work)).toEqual([]);
  });

  it('that has finished leaves no worker waiting that can know, and any other says so', async () => {
    const { dir, options } = await begun('over', { status: 'finished', value: 1 });
    await sweep(SPACE, options).result;
    expect(readFileSync(join(dir, 'sweep.yaml'), 'utf8')).toMatch(/^status: FINISHED$/m);

    const late = workHere(redis.url, 'over', dir);
    await expect(late.ended).resolves.toBe('ended');
    expect(late.notes).toEqual([expect.stringMatching(/^the sweep over has finished, as sweep.yaml in /)]);
    const elsewhere = workHere(redis.url, 'over', folder());
    await expect.poll(() => elsewhere.notes).toHaveLength(1);
    expect(elsewhere.notes[0]).toMatch(/^waiting for the sweep over at .*one of this name has ended there/);
    elsewhere.drain();
    await expect(elsewhere.ended).resolves.toBe('drained');
  });
});

describe('a sweep in a queue without the optional packages', () => {
  it('says how to get them', () => {
    const hook = `export const resolve = (name, context, next) => { if (name === 'bullmq' || name === 'ioredis') throw Object.assign(new Error("Cannot find package '" + name + "' imported from here"), { code: 'ERR_MODULE_NOT_FOUND' }); return next(name, context); };`;
    const program = `
      import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
      const { sweep, uniform } = await import(${JSON.stringify(new URL('../../../dist/sweep.js', import.meta.url).href)});
      const options = { name: 's', metric: 'loss', queue: 'redis://user:secret@127.0.0.1:1' };
      await sweep({ x: uniform(0, 1) }, options).result.catch(({ code, message }) => console.log(code, message));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      cwd: folder(),
    });
    expect(stdout).toBe(
      'QUEUE_UNAVAILABLE a sweep on many machines needs the optional packages bullmq and ioredis; ioredis is not installed (npm install bullmq ioredis)\n',
    );
  });
});
