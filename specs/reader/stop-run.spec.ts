import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine, type StopRequest } from 'expman-rx';
import { archiveRun } from 'expman-rx/interop';
import { stopRun } from 'expman-rx/reader';
import { sweep, uniform } from 'expman-rx/sweep';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { readStopRequest } from '../../src/run/stop-file.js';
import { nodeFs } from '../../src/storage/node-fs.js';
import { runChild } from '../support/child.js';
import { expmanHere } from '../support/cli-here.js';
import { logLines } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('stop');

const open = (options: ExperimentOptions = {}, base = folder()): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, runName: 'r', ...options }));

const fileOf = (runDir: string): string => join(runDir, 'stop.request');
const MATCH = { by: expect.any(String) as string, at: expect.stringMatching(/Z$/) as string };

describe('a run that is asked to stop', () => {
  it('hears so on stop$ and signal, early or late, with the reason, and ends as it likes', async () => {
    const run = open();
    const early = firstValueFrom(run.stop$);
    const { signal } = run;
    expect(signal.aborted).toBe(false);
    const asked = await stopRun(run.runDir, { reason: 'too hot' });
    expect(asked).toEqual({ runDir: run.runDir, hasEnded: false });
    expect(await early).toEqual({ reason: 'too hot', ...MATCH });
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({
      name: 'AbortError',
      message: expect.stringMatching(/: too hot$/) as string,
    });
    expect(await lastValueFrom(run.stop$.pipe(toArray()))).toHaveLength(1);
    run.logMetrics({ a: 1 }, 0);
    expect(await run.close()).toMatchObject({ status: 'FINISHED', rows: 1 });
    expect(existsSync(fileOf(run.runDir))).toBe(false);
    expect(logLines(run.runDir).join('\n')).toMatch(/INFO {2}the run was asked to stop by .*: too hot/);
    expect(await lastValueFrom(run.stop$.pipe(toArray()))).toHaveLength(1);
  });

  it('hears so in a loop that lets no message in, and is waited for', async () => {
    const stops: Promise<unknown>[] = [];
    const { said, ended: code } = await runChild(
      folder(),
      `const run = open(); say('opened');
       let step = 0;
       while (!run.signal.aborted) run.logMetrics({ a: step }, step++);
       say(run.signal.reason.message); await run.close();`,
      {
        killWhen: (lines, runDir) => {
          if (lines.length === 1) stops.push(stopRun(runDir, { reason: 'enough', waitMs: 45_000 }));
          return false;
        },
      },
    );
    expect(code).toBe(0);
    expect(said[1]).toMatch(/asked to stop by .*: enough/);
    expect(await stops[0]).toMatchObject({ hasEnded: true });
  });

  it('that nobody asks completes stop$ with its end, and its signal stays as it is', async () => {
    const run = open();
    const { signal } = run;
    const all = lastValueFrom(run.stop$.pipe(toArray()));
    await run.close();
    expect(await all).toEqual([]);
    expect(signal.aborted).toBe(false);
  });

  it('is not stopped by a request for an earlier owner', async () => {
    const base = folder();
    const { runDir } = await runChild(
      base,
      `open({ runName: 'r' }); say('x'); setInterval(() => undefined, 1e6);`,
      {
        killWhen: (said) => said.length > 0,
      },
    );
    const { uuid } = idOf(runDir);
    writeFileSync(
      fileOf(runDir),
      JSON.stringify({ version: 1, uuid, epoch: 0, at: new Date().toISOString(), by: '', reason: '' }),
    );
    const run = open({ resume: 'must' }, base);
    run.logMetrics({ a: 1 }, 0);
    await run.flush();
    expect(existsSync(fileOf(runDir))).toBe(false);
    expect(run.signal.aborted).toBe(false);
    await run.close();
  });

  it('cuts a long reason visibly, and redacts secrets in it', async () => {
    const run = open();
    await stopRun(run.runDir, { reason: `password=hunter2 ${'x'.repeat(600)}` });
    const { reason } = await firstValueFrom(run.stop$);
    expect(reason).toHaveLength(500);
    expect(reason).toMatch(/^password=\[redacted\] x+…$/);
    await run.close();
  });

  it('is archived without the request', async () => {
    const run = open();
    await run.close();
    writeFileSync(fileOf(run.runDir), '{}');
    const archive = join(folder(), 'r.tar.gz');
    await archiveRun(run.runDir, archive);
    expect(execFileSync('tar', ['tzf', archive], { encoding: 'utf8' })).not.toContain('stop.request');
  });
});

describe('a request', () => {
  it('is refused for what is no run, and for a run that nobody runs', async () => {
    await expect(stopRun(join(folder(), 'none'))).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    await expect(stopRun(folder())).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    const run = open();
    await run.close();
    await expect(stopRun(run.runDir)).rejects.toMatchObject({ code: 'RUN_CLOSED' });
    expect(existsSync(fileOf(run.runDir))).toBe(false);
    await expect(stopRun(run.runDir, { reason: 3 } as never)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });

  const good = (over: object = {}): string =>
    JSON.stringify({
      version: 1,
      uuid: 'u',
      epoch: 2,
      at: '2026-01-01T00:00:00Z',
      by: 'b',
      reason: 'r',
      ...over,
    });

  it.each([
    ['another run', good({ uuid: 'other' })],
    ['an earlier owner', good({ epoch: 1 })],
    ['a later owner', good({ epoch: 3 })],
    ['an owner as text', good({ epoch: '2' })],
    ['another version', good({ version: 2 })],
    ['no time', good({ at: 'soon' })],
    ['no reason', good({ reason: null })],
    ['nobody', good({ by: {} })],
    ['a list', '[]'],
    ['null', 'null'],
    ['no JSON', '{'],
    ['nothing', ''],
    ['too much', good({ more: 'x'.repeat(10_000) })],
    ['a deep nest', '['.repeat(8000)],
  ])('that names %s is ignored', (_what, text) => {
    const dir = folder();
    writeFileSync(fileOf(dir), text);
    expect(readStopRequest(nodeFs, dir, { uuid: 'u', epoch: 2 })).toBeNull();
  });

  it('may have long texts, which are cut', () => {
    const dir = folder();
    writeFileSync(fileOf(dir), good({ reason: 'x'.repeat(3000), by: 'y'.repeat(3000) }));
    const request: StopRequest | null = readStopRequest(nodeFs, dir, { uuid: 'u', epoch: 2 });
    expect([request?.reason.length, request?.by.length]).toEqual([500, 200]);
  });

  it('that is a link, a folder or a FIFO is ignored, and never blocks', () => {
    const target = join(folder(), 'target');
    writeFileSync(target, good());
    const made: ((path: string) => void)[] = [
      (path) => symlinkSync(target, path),
      (path) => mkdirSync(path),
      (path) => execFileSync('mkfifo', [path]),
    ];
    for (const make of made) {
      const dir = folder();
      make(fileOf(dir));
      expect(readStopRequest(nodeFs, dir, { uuid: 'u', epoch: 2 })).toBeNull();
    }
    expect(readFileSync(target, 'utf8')).toBe(good());
    const hard = folder();
    linkSync(target, fileOf(hard));
    expect(readStopRequest(nodeFs, hard, { uuid: 'u', epoch: 2 })).not.toBeNull();
  });

  it('replaces a link instead of writing through it', async () => {
    const target = join(folder(), 'target');
    writeFileSync(target, 'mine');
    const run = open();
    symlinkSync(target, fileOf(run.runDir));
    await stopRun(run.runDir);
    await firstValueFrom(run.stop$);
    await run.close();
    expect(readFileSync(target, 'utf8')).toBe('mine');
  });
});

describe('expman stop', () => {
  it('asks a run, and waits for it', async () => {
    const run = open();
    void firstValueFrom(run.stop$).then(() => run.close());
    const { exit, stdout } = await expmanHere('stop', run.runDir, '--wait', '--reason', 'late');
    expect([exit, stdout]).toEqual([0, `${run.runDir}  has ended\n`]);
    const again = await expmanHere('stop', run.runDir);
    expect(again).toMatchObject({ exit: 2, stderr: expect.stringMatching(/RUN_CLOSED/) as string });
  });

  it('exits with 4 if the run goes on', async () => {
    const run = open();
    const { exit, stdout } = await expmanHere('stop', run.runDir, '--wait', '--timeout', '0.1s', '--json');
    expect(exit).toBe(4);
    expect(JSON.parse(stdout)).toEqual([{ runDir: run.runDir, hasEnded: false }]);
    await run.close();
    expect((await expmanHere('stop', run.runDir, '--timeout', '1s')).exit).toBe(1);
  });
});

describe('a sweep', () => {
  it('ends a trial that is asked to stop, which counts with what it has reported', async () => {
    const base = folder();
    const study = sweep(
      { x: uniform(0, 1) },
      async ({ run, signal, number }) => {
        run.logMetrics({ loss: 1 }, 0);
        if (number > 0) return;
        await run.flush();
        await stopRun(run.runDir);
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
      },
      { name: 's', baseDir: base, metric: 'loss', trials: 2 },
    );
    const { trials } = await study.result;
    expect(trials.map(({ status, value }) => [status, value])).toEqual([['stopped', 1], ['finished', 1]]); // prettier-ignore
  });

  it('ends as a whole when its folder is asked to stop', async () => {
    const base = folder();
    const study = sweep(
      { x: uniform(0, 1) },
      async ({ run, signal }) => {
        run.logMetrics({ loss: 1 }, 0);
        await run.flush();
        await stopRun(study.dir);
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
      },
      { name: 's', baseDir: base, metric: 'loss', trials: 5 },
    );
    expect(await study.result).toMatchObject({ status: 'INTERRUPTED', trials: [{ status: 'interrupted' }] });
    expect(existsSync(fileOf(study.dir))).toBe(false);
  });
});

const idOf = (runDir: string): { readonly uuid: string } => ({
  uuid: /^uuid: "?([0-9a-f]{32})/m.exec(readFileSync(join(runDir, 'run.yaml'), 'utf8'))?.[1] ?? '',
});
