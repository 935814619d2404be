import { appendFileSync, cpSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, ExpmanError, LoggingEngine } from 'expman-rx';
import { type StoredRow, openRun } from 'expman-rx/reader';
import { take } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runChild } from '../support/child.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('follow');
const POLL_MS = 100;

/** Looks once more, now: time stands still but for this. */
const look = (): void => {
  vi.advanceTimersByTime(POLL_MS);
};
/** The files below a folder that this process holds open. */
const openIn = (folder: string): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(join('/proc/self/fd', fd));
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return []; // The one this list is read by.
    }
  });
const stepsUpTo = (end: number): number[] => Array.from({ length: end }, (_, step) => step);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

class Seen {
  readonly steps: (number | null)[] = [];
  ended: string | null = null;
  readonly subscription;

  constructor(runDir: string, from: 'start' | 'end' = 'start') {
    this.subscription = openRun(runDir)
      .follow({ from, pollMs: POLL_MS })
      .subscribe({
        next: ({ step }: StoredRow) => this.steps.push(step === null ? null : Number(step)),
        complete: () => (this.ended = 'complete'),
        error: (error: unknown) => (this.ended = String((error as { code?: string }).code ?? error)),
      });
    look();
  }
}

const log = (from: number, to: number): string =>
  `for (let i = ${from}; i < ${to}; i++) run.logMetrics({ a: i }, i); await run.flush();`;
const PUBLISHED = 'await published(run);';
const open = (flushIntervalMs: number): string =>
  `const run = open({ runName: 'r', resume: 'allow', flushIntervalMs: ${flushIntervalMs} });`;
const OPEN = open(50);

/** Runs code in a process and kills the process when it is done. */
async function untilDone(
  base: string,
  code: string,
  whenDone: (runDir: string) => void,
  flushIntervalMs = 50,
): Promise<void> {
  await runChild(base, `${open(flushIntervalMs)} ${code} await ask('look');`, {
    answer: (_, runDir) => {
      whenDone(runDir);
      return 'kill';
    },
  });
}

describe('a run that is followed', () => {
  it.each([
    ['killed', "process.kill(process.pid, 'SIGKILL');"],
    ['closed', 'await run.close();'],
  ])('gives every row once when it is %s and resumed, and nobody looked in between', async (_how, ends) => {
    const base = folder();
    let seen: Seen | undefined;
    await runChild(
      base,
      `${OPEN} ${log(0, 10)} await ask('look'); ${PUBLISHED} ${log(10, 20)} ${PUBLISHED} ${log(20, 30)} ${PUBLISHED} ${log(30, 40)} ${ends}`,
      {
        answer: (_, runDir) => {
          seen = new Seen(runDir);
        },
      },
    );
    expect(seen?.steps).toEqual(stepsUpTo(10));
    await untilDone(base, log(40, 50), look, 60_000);
    expect(seen?.steps).toEqual(stepsUpTo(50));
    look();
    expect(seen).toMatchObject({ ended: 'complete' });
    expect(seen?.steps).toEqual(stepsUpTo(50));
  });

  it('gives every row once when it is killed and resumed right away', async () => {
    const base = folder();
    let seen: Seen | undefined;
    await untilDone(base, log(0, 10), (runDir) => {
      seen = new Seen(runDir);
    });
    await untilDone(base, log(10, 20), look);
    await untilDone(base, `${PUBLISHED} ${log(20, 30)} ${PUBLISHED}`, look);
    look();
    expect(seen).toMatchObject({ ended: 'complete' });
    expect(seen?.steps).toEqual(stepsUpTo(30));
  });

  it('gives no row again when it is resumed, although rows of one step have become one', async () => {
    const base = folder();
    let seen: Seen | undefined;
    const twice = (from: number): string =>
      `for (let i = 0; i < 20; i++) run.logMetrics({ a: i }, ${from} + (i >> 1)); await run.flush();`;
    await untilDone(base, `${twice(0)} ${PUBLISHED}`, (runDir) => {
      seen = new Seen(runDir, 'end');
    });
    await untilDone(base, twice(10), look, 60_000);
    expect(seen?.steps).toEqual(stepsUpTo(20).map((at) => 10 + (at >> 1)));
  });

  it('gives every row once to one who looks more seldom than it publishes', async () => {
    const base = folder();
    let seen: Seen | undefined;
    const parts = stepsUpTo(6).map((at) => `${log(at * 10, at * 10 + 10)} ${PUBLISHED}`);
    await runChild(
      base,
      `${OPEN} ${parts.slice(0, 1).join('')} await ask('1'); ${parts.slice(1).join('')} await ask('2'); ${log(60, 70)} await run.close();`,
      {
        answer: (_, runDir) => {
          if (seen === undefined) seen = new Seen(runDir);
          else look();
        },
      },
    );
    look();
    look();
    expect(seen?.steps).toEqual(stepsUpTo(70));
    expect(seen?.ended).toBe('complete');
  });

  it('leaves no file open: read to its end, left at the first row, or left before a look', async () => {
    const base = folder();
    const run = new LoggingEngine(new ExperimentConfig('exp', base, { environment: false }));
    for (let step = 0; step < 100; step++) run.logMetrics({ a: step }, step);
    await run.flush();
    // A copy, which nobody writes to, of a run whose owner lives.
    const copy = join(base, 'exp/copy');
    cpSync(run.runDir, copy, { recursive: true });
    await run.close();
    const rows$ = openRun(copy).follow({ pollMs: POLL_MS });
    rows$.pipe(take(1)).subscribe();
    look();
    rows$.subscribe().unsubscribe();
    expect(openIn(copy)).toEqual([]);
    const following = rows$.subscribe();
    look();
    expect(openIn(copy)).not.toEqual([]);
    following.unsubscribe();
    expect(openIn(copy)).toEqual([]);
    for await (const { step } of openRun(copy).rows()) {
      expect(step).toBe(0);
      break;
    }
    for await (const { numRows } of openRun(copy).batches()) {
      expect(numRows).toBe(100);
      break;
    }
    expect(openIn(copy)).toEqual([]);
  });

  it('leaves go of a log that is deleted, also one that ends in the middle of a frame', async () => {
    const base = folder();
    const run = new LoggingEngine(new ExperimentConfig('exp', base, { environment: false }));
    run.logMetrics({ a: 0 }, 0);
    await run.flush();
    const copy = join(base, 'exp/copy');
    cpSync(run.runDir, copy, { recursive: true });
    await run.close();
    const [wal = ''] = readdirSync(copy).filter((name) => name.startsWith('wal-'));
    appendFileSync(join(copy, wal), 'torn');
    const seen = new Seen(copy);
    expect(openIn(copy)).toEqual([join(copy, wal)]);
    rmSync(join(copy, wal));
    look();
    expect(openIn(copy)).toEqual([]);
    expect(seen).toMatchObject({ steps: [0], ended: null });
    seen.subscription.unsubscribe();
  });

  it('leaves no file open when its log cannot be opened', async () => {
    const base = folder();
    const { runDir } = await runChild(base, `${OPEN} ${log(0, 10)} process.kill(process.pid, 'SIGKILL');`);
    const stored = openRun(runDir);
    symlinkSync('nowhere', join(runDir, 'wal-7-7.log'));
    let code: unknown;
    stored.follow({ pollMs: POLL_MS }).subscribe({
      error: (error: unknown) => {
        code = error instanceof ExpmanError ? error.code : error;
      },
    });
    look();
    expect(code).toBe('IO');
    expect(openIn(runDir)).toEqual([]);
  });

  it('errs with RUN_NOT_FOUND when it is deleted, or another one takes its place', async () => {
    const base = folder();
    const [one, other] = [0, 1].map((at) => {
      const run = new LoggingEngine(
        new ExperimentConfig('exp', base, { runName: `r${at}`, environment: false }),
      );
      run.logMetrics({ a: 0 }, 0);
      return run;
    });
    if (one === undefined || other === undefined) throw new Error('two runs');
    await Promise.all([one.flush(), other.flush()]);
    const place = join(base, 'exp/place');
    cpSync(one.runDir, place, { recursive: true });
    const replaced = new Seen(place);
    expect(replaced).toMatchObject({ steps: [0], ended: null });
    rmSync(place, { recursive: true });
    cpSync(other.runDir, place, { recursive: true });
    look();
    expect(replaced.ended).toBe('RUN_NOT_FOUND');
    const deleted = new Seen(place);
    expect(deleted).toMatchObject({ steps: [0], ended: null });
    rmSync(place, { recursive: true });
    look();
    expect(deleted.ended).toBe('RUN_NOT_FOUND');
    await Promise.all([one.close(), other.close()]);
  });
});
