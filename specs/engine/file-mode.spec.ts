import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine } from 'expman-rx';
import { archiveRun, importRuns, exportRun, unarchiveRun } from 'expman-rx/interop';
import { openRun } from 'expman-rx/reader';
import { sweep, uniform } from 'expman-rx/sweep';
import { describe, expect, it } from 'vitest';
import { runChild } from '../support/child.js';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('file-mode');
const onPosix = it.skipIf(process.platform === 'win32');

/** Does something with another umask of this process. */
async function withUmask<T>(mask: number, work: () => Promise<T>): Promise<T> {
  const before = process.umask(mask);
  try {
    return await work();
  } finally {
    process.umask(before);
  }
}

/** The modes of all files, and of all folders, at and below a path, each once, in octal; run.lock is left out. */
function modes(base: string): { readonly files: string[]; readonly folders: string[] } {
  const files = new Set<string>();
  const folders = new Set<string>();
  const visit = (path: string): void => {
    const stats = lstatSync(path);
    const mode = (stats.mode & 0o777).toString(8);
    if (stats.isDirectory()) {
      folders.add(mode);
      for (const name of readdirSync(path)) visit(join(path, name));
    } else if (!path.endsWith('run.lock')) files.add(mode);
  };
  visit(base);
  return { files: [...files], folders: [...folders] };
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const PRIVATE = { files: ['600'], folders: ['700'] };
const config = (base: string, options: ExperimentOptions = {}): ExperimentConfig =>
  new ExperimentConfig('exp', join(base, 'lab'), { environment: false, runName: 'r', ...options });

/** Logs something of every kind, so that every file of a run is there. */
async function logged(base: string, options: ExperimentOptions = {}): Promise<string> {
  const run = new LoggingEngine(config(base, { systemMetrics: true, ...options }));
  run.logParams({ lr: 0.1 });
  run.logger.info('begun');
  run.logMetrics({ loss: 1 }, 0);
  run.logHistogram('weights', [1, 2, 3], 0);
  run.logTable('predictions', [{ a: 1 }], 0);
  await run.saveArtifact('deep/er/model.txt', Buffer.from('weights'));
  await run.flush();
  expect(modeOf(join(run.runDir, 'run.lock'))).toBe('600');
  await run.close();
  return run.runDir;
}

describe('the files and folders of a run', () => {
  for (const [mask, files, folders] of [
    [0o022, '644', '755'],
    [0o027, '640', '750'],
    [0o077, '600', '700'],
  ] as const)
    onPosix(`have modes ${files} and ${folders} by the umask ${mask.toString(8)}; the lock is private`, () =>
      withUmask(mask, async () => {
        const base = folder();
        await logged(base);
        expect(modes(join(base, 'lab'))).toEqual({ files: [files], folders: [folders] });
      }),
    );

  onPosix('can be read by their owner only with fileMode: private, whatever the umask', () =>
    withUmask(0o000, async () => {
      const base = folder();
      const runDir = await logged(base, { fileMode: 'private' });
      expect(modes(join(base, 'lab'))).toEqual(PRIVATE);
      await expman('tag', runDir, '--add', 'best');
      await openRun(runDir).recover();
      expect(modes(runDir)).toEqual(PRIVATE);
    }),
  );

  onPosix('stay private when a run that was killed is recovered', () =>
    withUmask(0o022, async () => {
      const code = `
        const run = open({ fileMode: 'private', flushIntervalMs: 3600000 });
        run.logMetrics({ loss: 1 }, 0);
        await run.flush();
        say('logged');
        setInterval(() => undefined, 1e6);`;
      const { runDir } = await runChild(folder(), code, { killWhen: (said) => said.length > 0 });
      expect(modes(runDir)).toEqual(PRIVATE);
      expect(await openRun(runDir).recover()).toMatchObject({ status: 'CRASHED' });
      expect(modes(runDir)).toEqual(PRIVATE);
    }),
  );

  onPosix('stay private when a later session leaves the option out', () =>
    withUmask(0o022, async () => {
      const base = folder();
      await logged(base, { fileMode: 'private' });
      const runDir = await logged(base, { resume: 'must' });
      expect(modes(runDir)).toEqual(PRIVATE);
    }),
  );

  onPosix('are closed to others when a later session is private', () =>
    withUmask(0o022, async () => {
      const base = folder();
      await logged(base);
      const runDir = await logged(base, { resume: 'must', fileMode: 'private' });
      expect(modeOf(runDir)).toBe('700');
      expect(modeOf(join(runDir, 'run.yaml'))).toBe('600');
    }),
  );

  it('has no other modes', () => {
    expect(() => new ExperimentConfig('exp', folder(), { fileMode: 'public' as never })).toThrow(
      "fileMode must be one of 'umask', 'private'",
    );
  });
});

describe('the files around a run', () => {
  onPosix('follow the umask: exports, imports, archives and what is unpacked', () =>
    withUmask(0o027, async () => {
      const base = folder();
      const runDir = await logged(base);
      await exportRun(runDir, 'ndjson', join(base, 'out', 'run.ndjson'));
      await importRuns(join(base, 'out', 'run.ndjson'), { dir: join(base, 'imported') });
      await archiveRun(runDir, join(base, 'out', 'run.tar.gz'));
      await unarchiveRun(join(base, 'out', 'run.tar.gz'), join(base, 'unpacked'));
      for (const place of ['out', 'imported', 'unpacked'])
        expect({ place, ...modes(join(base, place)) }).toEqual({ place, files: ['640'], folders: ['750'] });
    }),
  );

  onPosix('are private while an archive is unpacked', () =>
    withUmask(0o022, async () => {
      const base = folder();
      const runDir = await logged(base);
      const path = join(base, 'run.tar.gz');
      await archiveRun(runDir, path);
      const into = join(base, 'unpacked');
      const seen: string[] = [];
      await unarchiveRun(path, into, {
        onBytes: () => seen.push(...readdirSync(into).map((name) => modeOf(join(into, name)))),
      });
      expect(new Set(seen)).toEqual(new Set(['700']));
      expect(modes(into)).toEqual({ files: ['644'], folders: ['755'] });
    }),
  );

  onPosix('of a sweep are private where its runs are', () =>
    withUmask(0o022, async () => {
      const base = folder();
      const { result, dir } = sweep(
        { x: uniform(0, 1) },
        ({ run, params }) => run.logMetrics({ loss: params.x }),
        {
          ...{ name: 'search', dir: join(base, 'lab'), metric: 'loss', trials: 2 },
          run: { fileMode: 'private' },
        },
      );
      await result;
      expect(relative(base, dir)).toBe(join('lab', 'search'));
      expect(modes(join(base, 'lab'))).toEqual(PRIVATE);
    }),
  );
});
