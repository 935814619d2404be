import { describe, expect, it } from 'vitest';
import { recoverRun, readRun } from 'expman-rx/reader';
import { duckdb, logLines, yamlOf } from '../support/read-back.js';
import { runChild } from '../support/child.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('ends');
const ROWS = 3000;

/** What is in a child before it ends in its own way. */
const LOGGED = `
  const run = open();
  for (let step = 0; step < ${ROWS}; step++) run.logMetrics({ loss: 1 / (step + 1) }, step);
  run.logger.info('last words');`;

interface End {
  readonly way: string;
  readonly code: string;
  readonly exit: number | NodeJS.Signals;
  readonly status: string;
  /** What more run.yaml says. */
  readonly told?: object;
  /** Nothing is left to recover; undefined where a busy machine decides. */
  readonly whole?: boolean | undefined;
}

const ENDS: readonly End[] = [
  { way: 'close', code: 'await run.close();', exit: 0, status: 'FINISHED', whole: true },
  { way: 'metrics.complete()', code: 'run.metrics.complete();', exit: 0, status: 'FINISHED', whole: true },
  { way: 'a forgotten close', code: '', exit: 0, status: 'FINISHED', whole: true },
  {
    way: 'a forgotten close, with an exit code',
    code: 'process.exitCode = 7;',
    exit: 7,
    status: 'FAILED',
    told: { exitCode: 7 },
    whole: true,
  },
  { way: 'Symbol.dispose', code: 'run[Symbol.dispose]();', exit: 0, status: 'FINISHED', whole: true },
  {
    way: 'metrics.error(e)',
    code: "run.metrics.error(new RangeError('diverged'));",
    exit: 0,
    status: 'FAILED',
    told: { error: { name: 'RangeError', message: 'diverged' } },
    whole: true,
  },
  { way: 'process.exit(3)', code: 'process.exit(3);', exit: 3, status: 'FAILED', told: { exitCode: 3 } },
  { way: 'process.exit() before its close', code: 'process.exit();', exit: 0, status: 'INTERRUPTED' },
  {
    way: 'process.exit() while it closes',
    code: 'run.close(); process.exit();',
    exit: 0,
    status: 'FINISHED',
  },
  {
    way: 'an uncaught exception',
    code: "throw new TypeError('boom');",
    exit: 1,
    status: 'CRASHED',
    told: { error: { name: 'TypeError', message: 'boom' } },
  },
  {
    way: 'an unhandled rejection',
    code: "Promise.reject(new TypeError('gone')); await new Promise(() => setTimeout(() => {}, 1e6));",
    exit: 1,
    status: 'CRASHED',
    told: { error: { message: 'gone' } },
  },
  {
    way: 'an exit in an exit handler',
    code: "process.on('exit', () => process.exit(9)); process.exit(2);",
    exit: 9,
    status: 'FAILED',
  },
  {
    way: 'a thread pool that is busy at the exit',
    code: "const { pbkdf2 } = await import('node:crypto'); for (let i = 0; i < 8; i++) pbkdf2('a', 'b', 3e5, 64, 'sha512', () => {}); process.exit(4);",
    exit: 4,
    status: 'FAILED',
  },
  // A terminal that is closed, or a connection that is cut, sends SIGHUP.
  ...(['SIGTERM', 'SIGINT', 'SIGHUP'] as const).map((signal) => ({
    way: `${signal}, handled`,
    code: `process.kill(process.pid, '${signal}'); await new Promise(() => setTimeout(() => {}, 1e6));`,
    exit: signal,
    status: 'INTERRUPTED',
    whole: undefined,
  })),
  {
    way: 'SIGQUIT after a flush, which asks for a core dump and is not handled',
    code: "await run.flush(); process.kill(process.pid, 'SIGQUIT'); await new Promise(() => setTimeout(() => {}, 1e6));",
    exit: 'SIGQUIT',
    status: 'CRASHED',
  },
  {
    way: 'SIGTERM after a flush',
    code: "await run.flush(); handle(false); process.kill(process.pid, 'SIGTERM'); await new Promise(() => setTimeout(() => {}, 1e6));",
    exit: 'SIGTERM',
    status: 'CRASHED',
  },
  {
    way: 'SIGKILL after a flush',
    code: "await run.flush(); process.kill(process.pid, 'SIGKILL');",
    exit: 'SIGKILL',
    status: 'CRASHED',
  },
  {
    way: 'abort after a flush',
    code: 'await run.flush(); process.abort();',
    exit: 'SIGABRT',
    status: 'CRASHED',
  },
];

describe('a run whose process ends by', () => {
  it.each(ENDS)(
    '$way keeps every row and tells the truth',
    async ({ way, code, exit, status, told = {}, ...rest }) => {
      const whole = 'whole' in rest ? rest.whole : false;
      const options = /handled$/.test(way) ? '{ handleSignals: true }' : '{}';
      const { runDir, ended } = await runChild(
        folder(),
        `${LOGGED.replace('open()', `open(${options})`)}\n${code.replace('handle(false); ', '')}`,
      );
      expect(ended).toBe(exit);
      const { status: seen, rows, walRows } = await readRun(runDir);
      expect({ seen, rows }).toEqual({ seen: status, rows: ROWS });
      if (whole !== undefined) expect(walRows === 0).toBe(whole);

      const { changed } = await recoverRun(runDir);
      if (whole !== undefined) expect(changed).toBe(!whole);
      expect(yamlOf(runDir)).toMatchObject({ status, counts: { rows: ROWS }, ...told });
      expect(
        await duckdb(runDir, 'SELECT count(*) AS rows, max(step) AS last FROM read_parquet($1)'),
      ).toEqual([{ rows: BigInt(ROWS), last: BigInt(ROWS - 1) }]);
      expect(logLines(runDir)).toEqual([expect.stringContaining('last words')]);
    },
  );

  it('process.exit right after it was opened, before its writer thread is up, keeps every row', async () => {
    const { runDir, ended } = await runChild(
      folder(),
      'const run = open(); run.logMetrics({ loss: 1 }, 1); process.exit(5);',
    );
    expect(ended).toBe(5);
    expect(await readRun(runDir)).toMatchObject({ status: 'FAILED', rows: 1 });
  });
});

describe('a run whose process is killed in a loop that never yields', () => {
  it('has every row its health said was flushed, and no hole', async () => {
    const code = `
      const run = open();
      let flushed = 0;
      for (let step = 0; ; step++) {
        run.logMetrics({ loss: step }, step);
        for (let i = 0; i < 200; i++) Math.sin(i * step);
        if (step % 1000 === 0) run.health$.subscribe((health) => (flushed = health.flushed)).unsubscribe();
        if (step % 1000 === 0) say(String(flushed));
      }`;
    const flushedBy = (said: readonly string[]): number => Number(said.at(-1) ?? 0);
    // The writer thread takes a moment to come up; the promise holds from its first write on.
    const killWhen = (said: readonly string[]): boolean => said.length > 50 && flushedBy(said) > 0;
    const { runDir, ended, said } = await runChild(folder(), code, { killWhen });
    expect(ended).toBe('SIGKILL');
    const { status, table } = await readRun(runDir);
    const steps = table.getChild('step');
    expect(status).toBe('CRASHED');
    expect(flushedBy(said)).toBeGreaterThan(0);
    expect(table.numRows).toBeGreaterThanOrEqual(flushedBy(said));
    for (let at = 0; at < table.numRows; at++)
      if (steps?.get(at) !== BigInt(at)) expect(steps?.get(at)).toBe(BigInt(at));
    await recoverRun(runDir);
    expect(await duckdb(runDir, 'SELECT count(*) AS rows, max(step) AS last FROM read_parquet($1)')).toEqual([
      { rows: BigInt(table.numRows), last: BigInt(table.numRows - 1) },
    ]);
  });
});
