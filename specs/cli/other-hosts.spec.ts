import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ExperimentConfig, LoggingEngine } from '../../dist/modules/index.js';
import { inspectRun, openExperiments, openRun, recoverRun } from '../../dist/modules/reader/index.js';
import { nodeFs } from '../../dist/modules/storage/node-fs.js';
import { type Study, sweep, uniform } from '../../dist/modules/sweep/index.js';
import { runChild } from '../support/child.js';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const newFolder = tempFolders('other-hosts');
const LONG_AGO = 1_000_000;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Gives a lock to another host; `silent` for long, or a moment ago. */
function moveAway(lock: string, silent: boolean): void {
  writeFileSync(lock, readFileSync(lock, 'utf8').replace(/"host":"[^"]*"/, '"host":"elsewhere"'));
  if (silent) utimesSync(lock, LONG_AGO, LONG_AGO);
}

/** A run whose process was killed, on another host. */
async function runElsewhere(base: string, silent: boolean): Promise<string> {
  const { runDir } = await runChild(
    base,
    `const run = open({ runName: 'run' });
     for (let step = 0; step < 9; step++) run.logMetrics({ loss: step }, step);
     await run.flush(); process.kill(process.pid, 'SIGKILL');`,
  );
  moveAway(join(runDir, 'run.lock'), silent);
  return runDir;
}

/** A folder of another device, which cannot be written to, and so not asked what time it is. */
function readOnly(): void {
  const real = { ...nodeFs };
  vi.spyOn(nodeFs, 'stat').mockImplementation((path) => {
    const facts = real.stat(path);
    return facts && { ...facts, device: -2 };
  });
  vi.spyOn(nodeFs, 'open').mockImplementation((path, mode) => {
    if (mode === 'create') throw Object.assign(new Error('EROFS'), { code: 'EROFS' });
    return real.open(path, mode);
  });
}

describe('a run of another host that has been silent', () => {
  it('is CRASHED, and neither recovered, reaped nor deleted without --force', async () => {
    const base = newFolder();
    const runDir = await runElsewhere(base, true);
    const lock = readFileSync(join(runDir, 'run.lock'), 'utf8');
    expect((await expmanHere('list', base)).stdout).toMatch(/exp\/run +CRASHED /);
    for (const command of ['recover', 'reap']) {
      const { exit, stderr } = await expmanHere(command, base);
      expect(exit).toBe(4);
      expect(stderr).toMatch(/^expman: RUN_LOCKED: .*on elsewhere, .*silent for 15 s; .*--force/);
      expect((await expmanHere(command, '--help')).stdout).toContain('--force');
    }
    expect(JSON.parse((await expmanHere('reap', base, '--json')).stdout)).toMatchObject({
      recovered: [],
      failed: [{ runDir, code: 'RUN_LOCKED' }],
    });
    expect((await expmanHere('clean', base, '--keep', '0', '--force')).stderr).toContain('RUN_LOCKED');
    expect(readFileSync(join(runDir, 'run.lock'), 'utf8')).toBe(lock);
    expect((await expmanHere('doctor', base)).stdout).toMatch(
      /1 run is owned by other hosts that have been silent for 15 s: .*\n.*reap --force/,
    );
  });

  it('is gone on with by whoever resumes it, and its time counts', async () => {
    const base = newFolder();
    const runDir = await runElsewhere(base, true);
    const before = await inspectRun(runDir);
    const config = new ExperimentConfig('exp', base, { runName: 'run', resume: 'must', environment: false });
    const run = new LoggingEngine(config);
    run.logMetrics({ loss: 9 }, 9);
    const { rows, durationMs } = await run.close();
    expect(rows).toBe(10);
    expect(durationMs).toBeGreaterThanOrEqual(before.durationMs);
    const { identity, ...after } = await inspectRun(runDir);
    expect(after.durationMs).toBe(durationMs);
    expect(identity.resumed).toMatchObject([{ from: 'RUNNING', lastedMs: before.durationMs }]);
    expect((await expmanHere('inspect', runDir)).stdout).toMatch(/ {2}took +\d.*, in 2 sessions\n/);
  });
});

describe('a run of another host that beats', () => {
  it('is RUNNING, and refused to everybody else with what to do', async () => {
    const base = newFolder();
    const runDir = await runElsewhere(base, false);
    const lock = readFileSync(join(runDir, 'run.lock'), 'utf8');
    expect((await expmanHere('list', base)).stdout).toMatch(/exp\/run +RUNNING /);
    const refused = /RUN_LOCKED: .*on elsewhere, .*wait until it closes the run, or has been silent for 15 s/;
    expect(await expmanHere('recover', base)).toMatchObject({
      exit: 4,
      stderr: expect.stringMatching(refused) as string,
    });
    expect(await expmanHere('reap', base)).toMatchObject({ exit: 0 });
    const config = new ExperimentConfig('exp', base, { runName: 'run', resume: 'must', environment: false });
    expect(() => new LoggingEngine(config)).toThrow(expect.objectContaining({ code: 'RUN_LOCKED' }) as Error);
    expect(readFileSync(join(runDir, 'run.lock'), 'utf8')).toBe(lock);
  });
});

describe('a run of another host in a folder that cannot be written to', () => {
  it.each([false, true])('is RUNNING with a question mark, silent or not: %s', async (silent) => {
    const base = newFolder();
    const runDir = await runElsewhere(base, silent);
    readOnly();
    const info = await inspectRun(runDir);
    expect(info).toMatchObject({ status: 'RUNNING', owner: 'unsure', rows: 9 });
    const [found] = await openExperiments(base, { cacheDir: null }).runs();
    expect(found?.facts).toMatchObject({ status: 'RUNNING', owner: 'unsure' });
    const list = (await expmanHere('list', base)).stdout;
    expect(list).toMatch(/exp\/run +RUNNING\? /);
    expect(list).toMatch(/RUNNING\?: owned by another host, may or may not still be running/);
    expect((await expmanHere('inspect', runDir)).stdout).toMatch(/RUNNING\?\n[^]*, may be alive\n/);
    expect((await expmanHere('doctor', base)).stdout).toMatch(
      /1 run is owned by other hosts and may or may not still be running/,
    );
    for (const command of ['recover', 'reap'])
      expect(await expmanHere(command, base)).toMatchObject({
        exit: 4,
        stderr: expect.stringMatching(
          /RUN_LOCKED: .*may still be running: .*make the folder writable/,
        ) as string,
      });
  });

  it('is followed until it is known to be over', async () => {
    const runDir = await runElsewhere(newFolder(), true);
    readOnly();
    const steps: (number | bigint | null)[] = [];
    const states: string[] = [];
    const following = openRun(runDir)
      .follow({ pollMs: 1 })
      .subscribe({ next: ({ step }) => steps.push(step), complete: () => states.push('over') });
    await vi.waitUntil(() => steps.length === 9);
    expect(states).toEqual([]);
    following.unsubscribe();
    vi.restoreAllMocks();
    await lastValueFrom(openRun(runDir).follow({ pollMs: 1 }));
  });
});

describe('recoverRun', () => {
  it('knows one option, which is true or false', async () => {
    const runDir = await runElsewhere(newFolder(), true);
    for (const options of [{ forse: true }, { force: 'yes' }, { force: 1 }])
      await expect(recoverRun(runDir, options as object)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(recoverRun(runDir, { force: false })).rejects.toMatchObject({ code: 'RUN_LOCKED' });
  });
});

describe('a sweep of another host', () => {
  const begin = (base: string): Study<{ readonly x: number }> =>
    sweep({ x: uniform(0, 1) }, ({ run, params }) => run.logMetrics({ loss: params.x }, 0), {
      ...{ name: 's', baseDir: base, metric: 'loss', trials: 2, resume: 'allow', handleSignals: false },
      run: { environment: false },
    });

  it('is taken up with its trials once it has been silent, and not before', async () => {
    const base = newFolder();
    const { said } = await runChild(
      base,
      `const { sweep, uniform } = await import(${JSON.stringify(new URL('../../dist/sweep.js', import.meta.url).href)});
       sweep({ x: uniform(0, 1) }, async ({ run, params }) => {
         run.logMetrics({ loss: params.x }, 0); await run.flush(); say(run.runDir); process.kill(process.pid, 'SIGKILL');
       }, { name: 's', baseDir: ${JSON.stringify(base)}, metric: 'loss', trials: 2, handleSignals: false, run: { environment: false } });
       await new Promise((resolve) => setTimeout(resolve, 20_000));`,
    );
    const locks = [join(base, 's'), String(said[0])].map((dir) => join(dir, 'run.lock'));
    for (const lock of locks) moveAway(lock, false);
    await expect(begin(base).result).rejects.toMatchObject({ code: 'RUN_LOCKED' });
    utimesSync(String(locks[0]), LONG_AGO, LONG_AGO);
    await expect(begin(base).result).rejects.toMatchObject({ code: 'RUN_LOCKED' });
    expect(existsSync(String(locks[0]))).toBe(false);
    utimesSync(String(locks[1]), LONG_AGO, LONG_AGO);
    expect(await begin(base).result).toMatchObject({ status: 'FINISHED' });
  });
});
