import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { openRun } from '../../src/reader/index.js';
import { runChild } from '../support/child.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('no-thread');

/** Lets only the first `count` threads of a process start, as a container with a limit of threads does. */
const onlyThreads = (count: number): string => `
  import threads from 'node:worker_threads';
  import { syncBuiltinESMExports } from 'node:module';
  let left = ${count};
  globalThis.started = [];
  threads.Worker = class extends threads.Worker {
    constructor(...given) {
      if (left-- <= 0) throw Object.assign(new Error('EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' });
      super(...given);
      globalThis.started.push(this);
    }
  };
  syncBuiltinESMExports();
`;

/** Keeps the modules whose address ends so from being loaded, as a bundle that lacks them does. */
const without = (end: string): string => `
  import { register } from 'node:module';
  register('data:text/javascript,' + encodeURIComponent(\`
    export async function load(url, context, next) {
      if (url.endsWith(${JSON.stringify(end)})) throw new Error('not in this bundle');
      return next(url, context);
    }
  \`));
`;

/** Runs code after a preload. */
function runAfter(preload: readonly string[], code: string): ReturnType<typeof runChild> {
  const base = folder();
  const args = preload.flatMap((text, at) => {
    const path = join(base, `preload${at}.mjs`);
    writeFileSync(path, text);
    return ['--import', pathToFileURL(path).href];
  });
  return runChild(join(base, 'runs'), code, { args });
}

const LOGS = 'for (let step = 0; step < 1000; step++) run.logMetrics({ loss: 1 / (step + 1) }, step);';

async function factsAndRows(runDir: string): Promise<{ readonly rows: number; readonly degraded: unknown }> {
  const stored = openRun(runDir);
  const rows = await lastValueFrom(from(stored.rows()).pipe(toArray()));
  return { rows: rows.length, degraded: stored.facts.degraded };
}

describe('a process that may start no thread', () => {
  it("writes on the caller's thread, keeps every row and says so", async () => {
    const { runDir, ended, said, stderr } = await runAfter(
      [onlyThreads(0)],
      `const run = open(); ${LOGS} run.status$.subscribe(({ kind }) => say(kind)).unsubscribe(); const { rows } = await run.close(); say(String(rows));`,
    );
    expect([ended, said, stderr]).toEqual([0, ['degraded', '1000'], '']);
    expect(await factsAndRows(runDir)).toMatchObject({
      rows: 1000,
      degraded: { code: 'WRITER_IN_THREAD', message: expect.stringContaining('EAGAIN') as unknown },
    });
  });

  it('goes on where only the replacement of a thread that died is refused', async () => {
    const { runDir, ended, said, stderr } = await runAfter(
      [onlyThreads(1)],
      `const run = open(); ${LOGS} await run.flush();
       const lost = new Promise((resolve) => run.status$.subscribe(({ kind }) => kind === 'degraded' && resolve()));
       await globalThis.started[0].terminate(); await lost;
       for (let step = 1000; step < 2000; step++) run.logMetrics({ loss: 0 }, step);
       say(String((await run.close()).rows));`,
    );
    expect([ended, said, stderr]).toEqual([0, ['2000'], '']);
    expect(await factsAndRows(runDir)).toMatchObject({ rows: 2000, degraded: { code: 'WRITER_IN_THREAD' } });
  });

  it('opens several runs, one after the other closed, and exits by itself', async () => {
    const { ended, said } = await runAfter(
      [onlyThreads(0)],
      `for (let n = 0; n < 3; n++) { const run = open(); ${LOGS} say(String((await run.close()).rows)); }`,
    );
    expect([ended, said]).toEqual([0, ['1000', '1000', '1000']]);
  });
});

describe('a process in which metrics.parquet cannot be written', () => {
  const missing = [onlyThreads(0), without('/columnar-parts.js')];

  it('keeps the rows in the log, and close rejects with the cause after a few tries', async () => {
    const { runDir, ended, said } = await runAfter(
      missing,
      `const run = open(); ${LOGS}
       await run.close().catch(({ code, message }) => say(code + ' ' + message));`,
    );
    expect(ended).toBe(0);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^WRITE_FAILED .*not in this bundle.*recover/);
    expect(await factsAndRows(runDir)).toMatchObject({ rows: 1000 });
  });

  it('keeps what is logged after that, and a run that is opened then', async () => {
    const { runDir, ended, said } = await runAfter(
      missing,
      `const first = open(); ${LOGS.replaceAll('run.', 'first.')}
       await first.close().catch(({ code }) => say(code));
       const run = open(); ${LOGS} await run.flush(); ${LOGS}
       await run.close().catch(({ code }) => say(code));`,
    );
    expect([ended, said]).toEqual([0, ['WRITE_FAILED', 'WRITE_FAILED']]);
    const stored = openRun(runDir);
    expect(stored.facts.accepted).toBe(2000);
  });
});
