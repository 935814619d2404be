import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { runChild } from '../support/child.js';
import { EXPMAN, expman } from '../support/cli.js';
import { duckdb } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('cli');

async function finishedRun(base = folder()): Promise<string> {
  const run = new LoggingEngine(
    new ExperimentConfig('exp', base, { environment: false, tags: ['t'], notes: 'n\u001b[31m' }),
  );
  for (let step = 0; step < 10; step++)
    run.logMetrics({ loss: 1 / (step + 1), 'evil\u001b]0;x\u0007': step }, step);
  await run.close();
  return run.runDir;
}

async function killedRun(base = folder()): Promise<string> {
  const code =
    "const run = open(); for (let i = 0; i < 100; i++) run.logMetrics({ a: i }, i); await run.flush(); process.kill(process.pid, 'SIGKILL');";
  return (await runChild(base, code)).runDir;
}

/** A fingerprint of every file of a run. */
const fingerprint = (runDir: string): string[] =>
  readdirSync(runDir, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(runDir, name)).isFile())
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(runDir, name)))
          .digest('hex')}`,
    );

describe('expman', () => {
  it('explains itself, says its version, and ends with 1 when it is used wrongly', async () => {
    expect((await expman('--help')).stdout).toMatch(
      /expman inspect[^]*expman recover[^]*Exit codes[^]* 5 a gate fails/,
    );
    expect((await expman('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await expman('recver', '.')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('did you mean recover?') as string,
    });
    expect((await expman('lsit')).stderr).toContain('did you mean list?');
    expect((await expman('list', '--jsn')).stderr).toMatch(
      /^expman: unknown option '--jsn'; did you mean --json\?\n/,
    );
    expect(await expman('inspect')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('a path is missing') as string,
    });
    expect(await expman('inspect', '--nonsense', '.')).toMatchObject({ exit: 1, stdout: '' });
    expect(await expman()).toMatchObject({ exit: 1 });
  });
});

describe.skipIf(!existsSync('/dev/full'))('expman with its output on a full disk', () => {
  it.each([
    ['--help'],
    ['list', 'BASE'],
    ['list', 'BASE', '--json'],
    ['list', 'BASE', '--csv'],
    ['inspect', 'RUN'],
    ['tail', 'RUN'],
    ['plot', 'RUN'],
    ['query', 'BASE', 'FROM runs'],
  ])('says so in one line and ends with 3: %s', async (...args) => {
    const base = folder();
    const run = await finishedRun(base);
    const full = openSync('/dev/full', 'w');
    const real = args.map((arg) => (arg === 'BASE' ? base : arg === 'RUN' ? run : arg));
    const { status, stderr } = spawnSync(process.execPath, [EXPMAN, ...real], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr: expect.stringMatching(/^expman: IO: [^\n]*no space left[^\n]*\n$/) as string,
    });
  });
});

describe('expman inspect', () => {
  it('prints what a run is, and nothing a terminal would obey', async () => {
    const { exit, stdout } = await expman('inspect', await finishedRun());
    expect(exit).toBe(0);
    expect(stdout).toMatch(/exp\/.* {2}FINISHED\n/);
    expect(stdout).toMatch(/rows +10\n/);
    expect(stdout).toMatch(/loss +0\.1 +0\.1 +1 +0\.292897 +10\n/);
    expect(stdout).toMatch(/metrics\.parquet +[\d,]+\n/);
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(stdout).toContain('evil\\u001b');
  });

  it('prints the same as JSON, on request', async () => {
    const { stdout } = await expman('inspect', '--json', await finishedRun());
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'FINISHED',
      rows: 10,
      walRows: 0,
      metrics: { loss: { count: 10, last: 0.1 } },
    });
  });

  it('sees the rows of a run that was cut off, and changes nothing', async () => {
    const runDir = await killedRun();
    const before = fingerprint(runDir);
    const { exit, stdout } = await expman('inspect', runDir);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/CRASHED/);
    expect(stdout).toMatch(/rows +100, of which \d+ are in the write-ahead log only/);
    expect(stdout).toMatch(/owner +process .*, dead: it did not close the run, `expman recover` does\n/);
    expect(fingerprint(runDir)).toEqual(before);
  });

  it('ends with 2 for a folder that is no run, and says why', async () => {
    const base = folder();
    expect(await expman('inspect', base)).toMatchObject({
      exit: 2,
      stdout: '',
      stderr: expect.stringMatching(/^expman: RUN_NOT_FOUND: /) as string,
    });
    mkdirSync(join(base, 'r'));
    writeFileSync(join(base, 'r/run.yaml'), `- ${'- '.repeat(1000)}1\n# end\n`);
    expect(await expman('inspect', join(base, 'r'))).toMatchObject({
      exit: 2,
      stderr: expect.stringMatching(/^expman: UNSAFE_YAML: /) as string,
    });
  });
});

describe('expman verify', () => {
  it('finds whole runs intact, and a torn end of the log no corruption', async () => {
    const base = folder();
    await finishedRun(base);
    const killed = await killedRun(base);
    const [wal = ''] = readdirSync(killed).filter((name) => name.startsWith('wal-'));
    appendFileSync(join(killed, wal), 'torn');
    const { exit, stdout } = await expman('verify', '--json', base);
    const found = JSON.parse(stdout) as { rows: number; tornBytes: number; problems: unknown[] }[];
    expect(exit).toBe(0);
    expect(found.map(({ rows, tornBytes, problems }) => [rows, tornBytes, problems.length]).sort()).toEqual([
      [10, 0, 0],
      [100, 4, 0],
    ]);
  });

  it.each(['metrics.parquet', 'run.yaml', 'config.yaml'])(
    'ends with 2 for a %s that is damaged, and names it',
    async (name) => {
      const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
      run.logParams({ lr: 1 });
      run.logMetrics({ loss: 1 }, 1);
      await run.close();
      const bytes = readFileSync(join(run.runDir, name));
      // YAML has no checksum, but a last line; Parquet has both.
      if (name === 'metrics.parquet') bytes[20] = 0;
      writeFileSync(
        join(run.runDir, name),
        name === 'metrics.parquet' ? bytes : bytes.subarray(0, bytes.length / 2),
      );
      const { exit, stdout } = await expman('verify', run.runDir);
      expect(exit).toBe(2);
      expect(stdout).toMatch(new RegExp(`CORRUPT\\n[^]*${name}: CORRUPT: `));
    },
  );
});

describe('expman recover', () => {
  it('brings a run that was killed to its end, once', async () => {
    const runDir = await killedRun();
    const { exit, stdout } = await expman('recover', runDir);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/CRASHED\n {2}100 rows are in metrics\.parquet; the write-ahead log held 100\n/);
    expect(readdirSync(runDir).sort()).toEqual(['metrics.parquet', 'run.yaml']);
    expect(await duckdb(runDir, 'SELECT count(*) AS rows FROM read_parquet($1) WHERE a = step')).toEqual([
      { rows: 100n },
    ]);
    const before = fingerprint(runDir);
    expect((await expman('recover', runDir)).stdout).toContain('nothing to do');
    expect(fingerprint(runDir)).toEqual(before);
  });

  it('finds the runs of an experiment, and of a folder of experiments, without following links', async () => {
    const base = folder();
    const elsewhere = await killedRun();
    await killedRun(base);
    await finishedRun(base);
    symlinkSync(elsewhere, join(base, 'exp/link'));
    const { stdout } = await expman('recover', '--json', base);
    const { recovered, failed } = JSON.parse(stdout) as {
      recovered: { changed: boolean; rows: number }[];
      failed: unknown[];
    };
    expect(recovered.map(({ changed, rows }) => [changed, rows]).sort()).toEqual([
      [false, 10],
      [true, 100],
    ]);
    expect(failed).toEqual([]);
    expect(readdirSync(elsewhere)).toContain('run.lock');
  });

  it('leaves a run alone whose owner lives: exit 4', async () => {
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    run.logMetrics({ a: 1 });
    expect(await expman('recover', run.runDir)).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining('RUN_LOCKED') as string,
    });
    expect((await run.close()).rows).toBe(1);
  });

  it('ends with 2 where there is no run', async () => {
    expect(await expman('recover', folder())).toMatchObject({ exit: 2 });
  });
});
