import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { archiveRun, unarchiveRun } from 'expman-rx/interop';
import { readRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { runChild } from '../../support/child.js';
import { tempFolders } from '../../support/temp-folder.js';
import { type HandEntry, paxPath, tarGzOf, tarOf } from './tar-by-hand.js';

const folder = tempFolders('archive');
const open = (base: string): LoggingEngine =>
  new LoggingEngine(
    new ExperimentConfig('exp', base, {
      environment: false,
      runName: 'run',
      title: 'An experiment',
      tags: ['x'],
    }),
  );

async function closed(base: string): Promise<string> {
  const run = open(base);
  run.logParams({ lr: 0.1 });
  run.logger.info('begun');
  for (let step = 0; step < 100; step++) run.logMetrics({ loss: 1 / step }, step);
  await run.saveArtifact('deep/er/@model.txt', Buffer.from('weights'));
  await run.close();
  return run.runDir;
}

/** Every file below a folder and what is in it. */
function contents(base: string, below = base): Record<string, string> {
  return Object.fromEntries(
    readdirSync(below, { withFileTypes: true }).flatMap((entry): [string, string][] => {
      const path = join(below, entry.name);
      return entry.isDirectory()
        ? Object.entries(contents(base, path))
        : [[relative(base, path), readFileSync(path, 'base64')]];
    }),
  );
}

describe('an archive', () => {
  it('gives the run back byte by byte, with its experiment', async () => {
    const base = folder();
    const path = join(folder(), 'run.tar.gz');
    const packed = await archiveRun(await closed(base), path);
    expect(packed).toMatchObject({ path, files: 6, skipped: [] });
    const other = join(folder(), 'new', 'base');
    const { runDir, files } = await unarchiveRun(path, other);
    expect([runDir, files]).toEqual([join(other, 'exp', 'run'), 6]);
    expect(contents(other)).toEqual(contents(base));
  });

  it('holds the rows that are only in the write-ahead log of a run that was cut off', async () => {
    const { runDir } = await runChild(
      folder(),
      `const run = open({ flushIntervalMs: 600_000 }); run.logMetrics({ x: 1 }); await run.flush(); process.kill(process.pid, 'SIGKILL');`,
    );
    const path = join(folder(), 'run.tar.gz');
    await archiveRun(runDir, path);
    const { runDir: back } = await unarchiveRun(path, folder());
    expect(await readRun(back)).toMatchObject({ status: 'CRASHED', rows: 1, walRows: 1, owner: 'free' });
  });

  it('is not made of a run that goes on', async () => {
    const run = open(folder());
    const path = join(folder(), 'run.tar.gz');
    await expect(archiveRun(run.runDir, path)).rejects.toMatchObject({ code: 'RUN_LOCKED' });
    expect(readdirSync(dirname(path))).toEqual([]);
    await run.close();
  });

  it('replaces no file, and is not made of what is no run', async () => {
    const path = join(folder(), 'run.tar.gz');
    writeFileSync(path, 'mine');
    await expect(archiveRun(await closed(folder()), path)).rejects.toMatchObject({
      code: 'IO',
      errno: 'EEXIST',
    });
    expect(readFileSync(path, 'utf8')).toBe('mine');
    await expect(archiveRun(folder(), `${path}2`)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  it('leaves links out and says so', async () => {
    const runDir = await closed(folder());
    symlinkSync('/etc/passwd', join(runDir, 'artifacts', 'linked'));
    const path = join(folder(), 'run.tar.gz');
    expect((await archiveRun(runDir, path)).skipped).toEqual(['artifacts/linked']);
    expect(existsSync(join((await unarchiveRun(path, folder())).runDir, 'artifacts', 'linked'))).toBe(false);
  });

  it('bears the names of the run, whatever its folder is called', async () => {
    const runDir = await closed(folder());
    const moved = join(dirname(runDir), '@moved');
    renameSync(runDir, moved);
    const path = join(folder(), 'run.tar.gz');
    await archiveRun(moved, path);
    expect(basename((await unarchiveRun(path, folder())).runDir)).toBe('run');
  });

  it('never replaces a run: it is refused, or gets a number', async () => {
    const base = folder();
    const path = join(folder(), 'run.tar.gz');
    await archiveRun(await closed(base), path);
    writeFileSync(join(base, 'exp', 'experiment.yaml'), 'name: mine\n# end\n');
    const before = contents(base);
    await expect(unarchiveRun(path, base)).rejects.toMatchObject({ code: 'RUN_EXISTS' });
    expect(contents(base)).toEqual(before);
    expect(await unarchiveRun(path, base, { whenTaken: 'suffix' })).toMatchObject({ run: 'run_2' });
    expect(await readRun(join(base, 'exp', 'run_2'))).toMatchObject({
      identity: { experiment: 'exp', run: 'run_2' },
      rows: 100,
      corrupt: [],
    });
    expect(contents(base)).toMatchObject(before);
  });

  it('goes where it is told to, and its run.yaml with it', async () => {
    const base = folder();
    const path = join(folder(), 'run.tar.gz');
    await archiveRun(await closed(folder()), path);
    const { runDir } = await unarchiveRun(path, base, { experiment: 'other', runName: 'new' });
    expect(runDir).toBe(join(base, 'other', 'new'));
    expect((await readRun(runDir)).identity).toMatchObject({ experiment: 'other', run: 'new', tags: ['x'] });
    await expect(unarchiveRun(path, base, { experiment: '../x' })).rejects.toMatchObject({
      code: 'INVALID_NAME',
    });
  });
});

const YAML = (over = ''): string =>
  `experiment: exp\nrun: run\nuuid: ${'a'.repeat(32)}\nstartedAt: "2026-01-01T00:00:00.000Z"\nstatus: FINISHED\n${over}# end\n`;
const RUN: HandEntry = { path: 'exp/run/run.yaml', body: YAML() };

describe('a hostile archive', () => {
  const UNSAFE: readonly (readonly [string, readonly HandEntry[]])[] = [
    ['an absolute path', [RUN, { path: '/tmp/expman-evil' }]],
    ['a way up', [RUN, { path: '../evil' }]],
    ['a way up inside', [RUN, { path: 'exp/run/../../../evil' }]],
    ['a way up in its long name', [RUN, paxPath('exp/run/../../../evil'), { path: 'x' }]],
    ['an absolute long name', [RUN, paxPath('/tmp/expman-evil'), { path: 'x' }]],
    ['a name that is none', [RUN, paxPath(`exp/run/${'a'.repeat(300)}`), { path: 'x' }]],
    ['a drive', [RUN, { path: 'C:/evil' }]],
    ['a drive in the run', [RUN, { path: 'exp/run/C:/evil' }]],
    ['backslashes', [RUN, { path: 'exp/run/..\\..\\evil' }]],
    ['a symbolic link', [RUN, { path: 'exp/run/artifacts', type: '2', link: '/tmp' }]],
    [
      'a symbolic link and a file through it',
      [RUN, { path: 'exp/run/a', type: '2', link: '/tmp' }, { path: 'exp/run/a/evil' }],
    ],
    ['a link for the run', [{ path: 'exp/run', type: '2', link: '/tmp' }, RUN]],
    ['a hard link', [RUN, { path: 'exp/run/config.yaml', type: '1', link: '/etc/passwd' }]],
    ['a character device', [RUN, { path: 'exp/run/metrics.parquet', type: '3' }]],
    ['a block device', [RUN, { path: 'exp/run/metrics.parquet', type: '4' }]],
    ['a fifo', [RUN, { path: 'exp/run/run.log', type: '6' }]],
    ['a type that nobody knows', [RUN, { path: 'exp/run/run.log', type: 'Z' }]],
    ['a file twice', [RUN, { path: 'exp/run/a' }, { path: 'exp/run/a' }]],
    [
      'a file twice, where upper and lower case are the same',
      [RUN, { path: 'exp/run/a' }, { path: 'exp/run/A' }],
    ],
    ['a file twice, where umlauts are', [RUN, { path: 'exp/run/\u00e9' }, { path: 'exp/run/e\u0301' }]],
    ['a file in a file', [RUN, { path: 'exp/run/a' }, { path: 'exp/run/a/b' }]],
    ['a file where a folder is', [RUN, { path: 'exp/run/a/b' }, { path: 'exp/run/a' }]],
    ['a second run', [RUN, { path: 'exp/run2/run.yaml' }]],
    ['a second experiment', [RUN, { path: 'exp2/experiment.yaml' }]],
    ['a file outside a run', [RUN, { path: 'exp/evil' }]],
    ['a file at the top', [RUN, { path: 'run.yaml' }]],
    ['a hidden experiment', [{ path: '.git/hooks/pre-commit' }]],
    ['a device of Windows', [{ path: 'exp/con/run.yaml' }]],
    ['an option for a name', [{ path: '-rf/run/run.yaml' }]],
    ['control characters', [RUN, { path: 'exp/run/\u001b[31m' }]],
    ['a doubled slash', [RUN, { path: 'exp/run//a' }]],
    ['a dot', [RUN, { path: 'exp/run/./a' }]],
    ['a lock', [RUN, { path: 'exp/run/run.lock', body: '{}' }]],
    ['a file that is not whole', [RUN, { path: 'exp/run/.run.yaml.0123456789ab.tmp' }]],
    ['more files than may be', [RUN, ...Array.from({ length: 20 }, (_, at) => ({ path: `exp/run/${at}` }))]],
    ['more bytes than may be', [RUN, { path: 'exp/run/a', body: Buffer.alloc(200_000) }]],
  ];
  const CORRUPT: readonly (readonly [string, readonly HandEntry[]])[] = [
    ['no run', []],
    ['an experiment only', [{ path: 'exp/experiment.yaml', body: 'name: x\n# end\n' }]],
    ['no run.yaml', [{ path: 'exp/run/run.log' }]],
    [
      'a run.yaml of another run',
      [{ path: 'exp/run/run.yaml', body: YAML().replace('run: run', 'run: other') }],
    ],
    [
      'a run.yaml of another experiment',
      [{ path: 'exp/run/run.yaml', body: YAML().replace('experiment: exp', 'experiment: ../../evil') }],
    ],
    ['a run.yaml that is cut off', [{ path: 'exp/run/run.yaml', body: 'experiment: exp\n' }]],
    ['an experiment.yaml that is none', [RUN, { path: 'exp/experiment.yaml', body: 'name' }]],
  ];

  /** Unpacks it between two folders, and sees that nothing came of it. */
  async function refused(bytes: Buffer): Promise<unknown> {
    const around = folder();
    const base = join(around, 'base');
    mkdirSync(join(base, 'exp'), { recursive: true });
    writeFileSync(join(base, 'exp', 'mine'), 'mine');
    const path = join(folder(), 'evil.tar.gz');
    writeFileSync(path, bytes);
    const error: unknown = await unarchiveRun(path, base, { maxFiles: 10, maxBytes: 100_000 }).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(contents(around)).toEqual({ 'base/exp/mine': Buffer.from('mine').toString('base64') });
    expect(readdirSync(base)).toEqual(['exp']);
    expect(existsSync('/tmp/expman-evil')).toBe(false);
    return error;
  }

  it.each(UNSAFE)('is refused for %s', async (_, entries) => {
    expect(await refused(tarGzOf(entries))).toMatchObject({ code: 'UNSAFE_ARCHIVE' });
  });

  it.each(CORRUPT)('is refused for %s', async (_, entries) => {
    expect(await refused(tarGzOf(entries))).toMatchObject({ code: 'CORRUPT' });
  });

  it('is refused for YAML that would end the process', async () => {
    expect(
      await refused(tarGzOf([{ path: 'exp/run/run.yaml', body: `${'- '.repeat(1000)}1\n# end\n` }])),
    ).toMatchObject({ code: 'UNSAFE_YAML' });
  });

  it('is refused when it is cut off anywhere, or is none', async () => {
    const whole = tarGzOf([RUN, { path: 'exp/run/a', body: Buffer.from('0123456789'.repeat(2000)) }]);
    for (const length of [0, 1, 10, 50, whole.length >> 1, whole.length - 9, whole.length - 1])
      expect(await refused(whole.subarray(0, length)), `${length} bytes`).toMatchObject({ code: 'CORRUPT' });
    const plain = tarOf([RUN, { path: 'exp/run/a', body: 'x'.repeat(5000) }]);
    for (const length of [100, 512, 700, 2000])
      expect(await refused(plain.subarray(0, length)), `${length} bytes`).toMatchObject({ code: 'CORRUPT' });
    expect(await refused(Buffer.from('no archive at all'.repeat(100)))).toMatchObject({ code: 'CORRUPT' });
  });

  it('is refused when it unpacks to many times its size', async () => {
    const path = join(folder(), 'bomb.tar.gz');
    writeFileSync(path, tarGzOf([RUN, { path: 'exp/run/a', body: Buffer.alloc(200 << 20) }]));
    const base = folder();
    await expect(unarchiveRun(path, base)).rejects.toMatchObject({ code: 'UNSAFE_ARCHIVE' });
    expect(readdirSync(base)).toEqual([]);
  });

  it('is refused for more than it has bytes for before a file is made', async () => {
    const noise = randomBytes(100_000);
    const bombs = {
      files: [RUN, ...Array.from({ length: 20_000 }, (_, at) => ({ path: `exp/run/artifacts/${at}` }))],
      bytes: [
        RUN,
        { path: 'exp/run/noise', body: noise },
        { path: 'exp/run/a', body: Buffer.alloc(60 << 20) },
      ],
    };
    for (const [name, entries] of Object.entries(bombs)) {
      const path = join(folder(), `${name}.tar.gz`);
      writeFileSync(path, tarGzOf(entries));
      const made: number[] = [];
      const unpacked = unarchiveRun(path, folder(), { onBytes: (bytes) => made.push(bytes) });
      await expect(unpacked).rejects.toMatchObject({
        code: 'UNSAFE_ARCHIVE',
        message: expect.stringMatching(/200 times the archive's size/) as string,
      });
      expect(made).toEqual([]);
    }
  });

  it('may hold a log that says the same stack trace over and over', async () => {
    const trace = Array.from({ length: 12 }, (_, at) => `at f${at} (app/lib/file${at}.js:${at}:9)`).join(' ');
    const log = Array.from(
      { length: 20_000 },
      (_, at) => `${new Date(1.7e12 + at * 37).toISOString()} ERROR ${trace}\n`,
    ).join('');
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    run.logMetrics({ loss: 1 }, 0);
    await run.close();
    writeFileSync(join(run.runDir, 'run.log'), log);
    const path = join(folder(), 'run.tar.gz');
    await archiveRun(run.runDir, path);
    const { runDir } = await unarchiveRun(path, folder());
    expect(readFileSync(join(runDir, 'run.log'), 'utf8')).toBe(log);
  });

  it('is not waited for when it is a fifo, and not read when it is a folder', async () => {
    const path = join(folder(), 'fifo');
    spawnSync('mkfifo', [path]);
    for (const each of [path, dirname(path), join(path, 'x')])
      await expect(unarchiveRun(each, folder())).rejects.toMatchObject({ code: 'IO' });
  });

  it('finds no way through a link that stands where its run belongs', async () => {
    const base = folder();
    const outside = folder();
    symlinkSync(outside, join(base, 'exp'));
    const path = join(folder(), 'run.tar.gz');
    writeFileSync(path, tarGzOf([RUN]));
    await expect(unarchiveRun(path, base)).rejects.toMatchObject({ code: 'IO' });
    expect([readdirSync(outside), readdirSync(base)]).toEqual([[], ['exp']]);
  });
});
