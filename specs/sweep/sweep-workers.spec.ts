import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { filter, lastValueFrom, mergeMap, toArray } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { parse } from 'yaml';
import {
  type ParamsOf,
  type Study,
  type WorkerSweepOptions,
  type WorkerTrain,
  choice,
  sweep,
  uniform,
} from 'expman-rx/sweep';
import { runChild } from '../support/child.js';
import { threads } from '../support/own-process.js';
import { duckdb } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('sweep-workers');
const WORKER = new URL('./workers/trials.mjs', import.meta.url);

type Params = { readonly way: string; readonly x: number };

/** A sweep whose trials all go one way. */
function sweepOf(way: string, more: Partial<WorkerSweepOptions<Params>> = {}): Study<Params> {
  const space = { way, x: uniform(0, 1) };
  const study = sweep(space, {
    name: 's',
    baseDir: folder(),
    metric: 'loss',
    trials: 1,
    run: { environment: false },
    handleSignals: false,
    worker: WORKER,
    ...more,
  });
  return study;
}
const textIn = (dir: string | undefined, file: string): string => readFileSync(join(dir ?? '', file), 'utf8');
const yamlIn = (dir: string | undefined, file: string): Record<string, unknown> =>
  parse(textIn(dir, file)) as Record<string, unknown>;

// A thread loads all it needs anew, which takes a while on a busy machine.
describe('a sweep over worker threads', () => {
  it('trains in threads of its own, all of which log into the one writer, every row in order', async () => {
    const before = threads();
    let most = 0;
    const study = sweepOf('plain', { trials: 4, concurrency: 2 });
    study.events$.subscribe(() => (most = Math.max(most, threads() - before)));
    const { best, trials } = await study.result;
    expect(isMainThread).toBe(true);
    expect(trials.map(({ status }) => status)).toEqual(Array<string>(4).fill('finished'));
    expect(best.value).toBe(Math.min(...trials.map(({ params }) => params.x)) + 2000 - 1999);
    // Two trials, each with one thread, and one writer; never a writer for each.
    if (before > 0) expect(most).toBeLessThanOrEqual(3);
    const ids = new Set<unknown>();
    for (const { runDir, params } of trials) {
      const [row] = await duckdb(
        runDir,
        `SELECT count(*)::INT AS rows, count(DISTINCT step)::INT AS steps, max(loss) AS first, min("threadId")::INT AS id,
           bool_and(loss = '${params.x}'::DOUBLE + 2000 - step) AS right FROM read_parquet($1)`,
      );
      expect(row).toEqual({ rows: 2000, steps: 2000, first: params.x + 2000, id: row?.['id'], right: true });
      ids.add(row?.['id']);
    }
    expect(ids.size).toBe(4);
  });

  it('has recorders, whose rows are in order with the others', async () => {
    const { trials } = await sweepOf('recorder').result;
    const [{ runDir, params } = { runDir: '', params: { x: 0 } }] = trials;
    const [row] = await duckdb(
      runDir,
      `SELECT count(*)::INT AS rows, count(loss)::INT AS losses, count("threadId")::INT AS ids,
         bool_and(loss = '${params.x}'::DOUBLE + 2000 - step) AS right FROM read_parquet($1)`,
    );
    expect(row).toEqual({ rows: 2001, losses: 2000, ids: 2001, right: true });
    expect(yamlIn(runDir, 'run.yaml')['counts']).toMatchObject({ accepted: 2001, invalid: 1, lost: 0 });
  });

  it.each(['observable', 'generator'])('takes rows from a %s', async (way) => {
    const { best } = await sweepOf(way).result;
    expect([best.value, best.step]).toEqual([best.params.x + 2000 - 1999, 1999]);
    expect(await duckdb(best.runDir, 'SELECT count(*)::INT AS rows FROM read_parquet($1)')).toEqual([
      { rows: 2000 },
    ]);
  });

  it('gives a trial the run it would have in the same thread', async () => {
    const { best } = await sweepOf('everything').result;
    const [first, second, third] = await duckdb(
      best.runDir,
      'SELECT step::INT AS step, epoch_us(timestamp) AS us, * EXCLUDE (step, timestamp) FROM read_parquet($1) ORDER BY step NULLS FIRST',
    );
    expect(first).toMatchObject({ step: null, loss: 1 });
    expect(second).toEqual({
      step: 7,
      us: 1_700_000_000_000_250n,
      loss: -0,
      big: 2n ** 62n,
      flag: true,
      text: 'naïve\n',
      ['__proto__']: 1,
      nan: NaN,
      weights: null,
    });
    expect(third).toMatchObject({ step: 8, loss: 2, weights: expect.any(String) as string });
    expect(yamlIn(best.runDir, 'config.yaml')).toEqual({
      ...best.params,
      learning_rate: 0.1,
      nested: { deep: true },
    });
    expect(yamlIn(best.runDir, 'run.yaml')).toMatchObject({
      counts: { invalid: 3 },
      summary: { score: 1 },
      headline: { score: true },
      definitions: { loss: { goal: 'min' } },
      artifacts: { 'model/weights.bin': { bytes: 3 } },
      loggedArtifacts: { 'model:v1': { type: 'artifact' } },
      usedArtifacts: { 'model:v1': { type: 'artifact' } },
    });
    const log = textIn(best.runDir, 'run.log');
    expect(log).toContain('WARN  100%d {"epoch":3}\n');
    expect(log).toMatch(/"broken\\?" was left out/);
    expect(log).toContain(
      `told {"points":[2],"bytes":3,"refused":"INVALID_NAME","missing":"ARTIFACT_NOT_FOUND","runDir":${JSON.stringify(best.runDir)},"name":"trial-0000"}`,
    );
    expect(log).toContain(
      'kept {"step":8,"values":{"loss":2},"file":"step-8-1.json","noCheckpoint":"INVALID_VALUE"}',
    );
    expect(log).toContain(
      'versions {"ref":"model:v1","used":["best","latest"],"length":2,"far":"https://h/x","unknown":"ARTIFACT_NOT_FOUND"}',
    );
    for (const member of ['close', 'closed', 'health$', 'status$', 'logImage', 'logMedia', 'logTable'])
      expect(log).toContain(`no ${member} {"code":"WRONG_THREAD"}`);
    for (const member of ['lastStep', '[Symbol.dispose]', '[Symbol.asyncDispose]'])
      expect(log).toContain(`no ${member} {"code":"WRONG_THREAD"}`);
  });

  it('crowns no trial by a refused value, and tells of it as in the thread of the sweep', async () => {
    const { best, trials } = await sweepOf('refused', { trials: 3 }).result;
    expect([best.number, best.value]).toEqual([0, 1]);
    expect(trials.map(({ status }) => status)).toEqual(['finished', 'failed', 'finished']);
    expect(trials[1]?.error).toContain('was never reported as a number');
    const log = textIn(trials[2]?.runDir, 'run.log');
    expect(log).toContain('INFO  seen {"seen":[[0,3]]}\n');
    expect(log).toMatch(/parameter .?"callback.?" was left out/);
    expect(log).toContain('501 more warnings about values of metrics that were left out were not written');
    expect(yamlIn(trials[2]?.runDir, 'run.yaml')).toMatchObject({ counts: { invalid: 1502 } });
  });

  it('keeps a timestamp that was given apart from one of the clock, and steps of 64 bits', async () => {
    const study = sweepOf('stamped');
    const rows$ = study.events$.pipe(
      filter((event) => event.kind === 'started'),
      mergeMap(({ trial }) => trial.run.metrics),
      toArray(),
    );
    expect(await lastValueFrom(rows$)).toEqual([
      { step: 7, values: { loss: 1 } },
      { step: 2n ** 60n, timestamp: 1234.5, values: { loss: 2 } },
      { step: 9, timestamp: 1234.5, values: { loss: 3 } },
    ]);
  });

  it('stops a hopeless trial early, though its loop lets no message in', async () => {
    const { trials } = await sweepOf('halving', { trials: 4, scheduler: 'asha' }).result;
    expect(trials.map(({ status }) => status)).toEqual(['finished', 'finished', 'finished', 'stopped']);
    const { status, counts } = yamlIn(trials[3]?.runDir, 'run.yaml') as {
      status: string;
      counts: { rows: number };
    };
    expect(status).toBe('FINISHED');
    // What fits into the channel, and not the five millions it had gone on for.
    expect(counts.rows).toBeLessThan(1_000_000);
  });

  it('has a thread wait that is faster than the run, and loses no row', async () => {
    const { best } = await sweepOf('floods').result;
    const [row] = await duckdb(
      best.runDir,
      'SELECT count(*)::INT AS rows, max(loss) AS last, max(megabytes)::INT AS megabytes FROM read_parquet($1)',
    );
    expect(row).toMatchObject({ rows: 1_000_000, last: 999_999 });
    expect(row?.['megabytes']).toBeLessThanOrEqual(4);
  });

  it.each([
    ['throws', 1, /^boom$/, 'RangeError'],
    ['throws later', 1, /^out of the blue$/, 'Error'],
    ['exits', 2000, /exited with code 3 before/, 'Error'],
    ['no such way', null, /^no way no such way$/, 'Error'],
  ] as const)(
    'fails a trial that %s, alone, and keeps what it had logged',
    async (way, rows, error, name) => {
      const study = sweep(
        { way: choice('plain', way), x: 0 },
        {
          name: 's',
          baseDir: folder(),
          metric: 'loss',
          searcher: 'grid',
          run: { environment: false },
          handleSignals: false,
          worker: WORKER,
        },
      );
      const { trials, best } = await study.result;
      expect(best.params.way).toBe('plain');
      const failed = trials.find(({ params }) => params.way === way);
      expect(failed).toMatchObject({ status: 'failed', error: expect.stringMatching(error) as string });
      expect(yamlIn(failed?.runDir, 'run.yaml')).toMatchObject({ status: 'FAILED', error: { name } });
      if (rows !== null)
        expect(
          await duckdb(failed?.runDir ?? '', 'SELECT count(*)::INT AS rows FROM read_parquet($1)'),
        ).toEqual([{ rows }]);
    },
  );

  it('ends a thread that hangs when its time is over, and has every row it logged', async () => {
    const study = sweepOf('hangs', { graceMs: 1 });
    study.events$.subscribe((event) => {
      if (event.kind === 'reported' && event.step === 2) study.stop();
    });
    expect((await study.result).status).toBe('INTERRUPTED');
    const runDir = join(study.dir, 'trial-0000');
    expect(yamlIn(runDir, 'run.yaml')).toMatchObject({ status: 'INTERRUPTED', counts: { rows: 3 } });
    expect(textIn(runDir, 'run.log')).toMatch(/the sweep no longer waits for it/);
  });

  it('has the signal reach a trial that waits, with its reason', async () => {
    const study = sweepOf('waits');
    study.events$.subscribe((event) => {
      if (event.kind === 'reported') study.stop();
    });
    await study.result.catch(() => undefined);
    expect(textIn(join(study.dir, 'trial-0000'), 'run.log')).toMatch(
      /because AbortError: the trial was interrupted/,
    );
  });

  it('goes on where it was when it is asked for again', async () => {
    const baseDir = folder();
    const study = sweepOf('endless recorder', { baseDir, trials: 2 });
    study.events$.subscribe((event) => {
      if (event.kind === 'reported') study.stop();
    });
    await study.result.catch(() => undefined);
    expect(yamlIn(study.dir, 'sweep.yaml')).toMatchObject({
      status: 'INTERRUPTED',
      trials: [{ status: 'interrupted' }],
    });
    const { trials } = await sweep(
      { way: 'endless recorder', x: uniform(0, 1) },
      ({ run, params }) => run.logMetrics({ loss: params.x }),
      { name: 's', baseDir, metric: 'loss', trials: 2, handleSignals: false },
    ).result;
    expect(trials.map(({ status, attempt }) => [status, attempt])).toEqual([
      ['finished', 1],
      ['finished', 0],
    ]);
  });

  it('is stopped by Ctrl-C, with all that its threads have logged, and says so in every file', async () => {
    const baseDir = folder();
    const { ended, stderr } = await runChild(
      baseDir,
      `
      const { sweep, uniform } = await import(${JSON.stringify(new URL('../../dist/sweep.js', import.meta.url).href)});
      const study = sweep({ way: 'hangs', x: uniform(0, 1) }, { name: 's', baseDir: ${JSON.stringify(baseDir)}, metric: 'loss',
        worker: new URL(${JSON.stringify(WORKER.href)}), run: { environment: false } });
      study.events$.subscribe((event) => {
        if (event.kind === 'reported' && event.step === 2) process.kill(process.pid, 'SIGINT');
      });
      await study.result.catch(() => undefined);`,
    );
    expect([ended, stderr]).toEqual(['SIGINT', '']);
    const dir = join(baseDir, 's');
    expect(yamlIn(dir, 'sweep.yaml')).toMatchObject({
      status: 'INTERRUPTED',
      trials: [{ status: 'interrupted' }],
    });
    expect(yamlIn(join(dir, 'trial-0000'), 'run.yaml')).toMatchObject({
      status: 'INTERRUPTED',
      counts: { rows: 3 },
    });
  });

  it('tries a failed trial again', async () => {
    const study = sweepOf('fails once', { retries: 1 });
    const events = lastValueFrom(study.events$.pipe(toArray()));
    const { best } = await study.result;
    expect([best.status, best.attempt]).toEqual(['finished', 1]);
    expect((await events).map(({ kind }) => kind)).toEqual([
      'started',
      'reported',
      'failed',
      'started',
      'reported',
      'finished',
      'ended',
    ]);
  });

  it.each(['completes its metrics', 'keeps a timer'])(
    'ends a trial that %s as in the same thread',
    async (way) => {
      const { trials } = await sweepOf(way).result;
      expect(trials[0]?.status).toBe('finished');
      expect(yamlIn(trials[0]?.runDir, 'run.yaml')['status']).toBe('FINISHED');
    },
  );

  it('ends a trial that fails its metrics as in the same thread', async () => {
    const study = sweepOf('fails its metrics');
    await expect(study.result).rejects.toMatchObject({
      code: 'SWEEP_FAILED',
      message: /the trial closed its run as FAILED/,
    });
    expect(yamlIn(join(study.dir, 'trial-0000'), 'run.yaml')['status']).toBe('FAILED');
  });

  it('rejects when there is no such module, or it exports no function', async () => {
    const missing = sweepOf('plain', { worker: new URL('./workers/none.mjs', import.meta.url) });
    await expect(missing.result).rejects.toMatchObject({
      code: 'SWEEP_FAILED',
      message: /Cannot find module/,
    });
    const empty = sweepOf('plain', { worker: new URL('data:text/javascript,export default 1') });
    await expect(empty.result).rejects.toMatchObject({
      code: 'SWEEP_FAILED',
      message: /worker must be a module whose default export/,
    });
  });

  it('takes a named export, and is refused a worker that is no URL', async () => {
    const named = 'data:text/javascript,export const train = ({ run }) => run.logMetrics({ loss: 5 })';
    expect((await sweepOf('plain', { worker: new URL(named) }).result).best.value).toBe(5);
    const wrong = pathToFileURL('train.js').href as never;
    expect(() => sweepOf('plain', { worker: wrong })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option: 'worker' }) as Error,
    );
  });

  it('has types for what the module exports, which also trains in the same thread', () => {
    const space = { lr: uniform(0, 1), optimizer: choice('sgd', 'adam') };
    const train = (({ params, run }) => {
      expectTypeOf(params.optimizer).toEqualTypeOf<'sgd' | 'adam'>();
      expectTypeOf(run).not.toHaveProperty('close');
      run.logMetrics({ loss: params.lr });
    }) satisfies WorkerTrain<ParamsOf<typeof space>>;
    expectTypeOf(sweep<typeof space>).toBeCallableWith(space, train, { name: 's', metric: 'loss' });
    expectTypeOf(sweep<typeof space>).toBeCallableWith(space, { name: 's', metric: 'loss', worker: WORKER });
  });
});
