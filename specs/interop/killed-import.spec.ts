import { readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { openExperiments } from 'expman-rx/reader';
import { type FailedImport, type ImportedRun, importFrom } from '../../dist/modules/interop/import-runs.js';
import { runChild } from '../support/child.js';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';
import { givenRun } from './run-arbitrary.js';

const folder = tempFolders('killed-import');

const source = {
  ...{ experiment: 'lab', run: 'one', status: 'FAILED' as const, tags: ['baseline'], params: { lr: 0.1 } },
  ...{ notes: '', group: null, fields: [] },
  ...{ startedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T01:00:00.000Z' },
  givenRows: [0, 1, 2].map((step) => ({ step, timestamp: 1_767_225_600_000 + step, values: { loss: step } })),
  givenLog: [{ timestampMs: 1_767_225_600_005, level: 'warn', message: 'hot', meta: {} }],
};

/** Imports a run in this process. */
async function here(dir: string, run = givenRun(source)): Promise<ImportedRun | FailedImport | undefined> {
  // eslint-disable-next-line @typescript-eslint/require-await -- it is at hand
  const runs = async function* () {
    yield run;
  };
  const given = { format: 'given', recognises: () => Promise.resolve(true), runs };
  const { imported, failed } = await importFrom([given], dir, { dir });
  return imported[0] ?? failed[0];
}

/** Imports the source in a process of its own; `hold` says where in it, `prelude` runs before. */
const child = (dir: string, hold: '' | 'rows' | 'log', prelude = '') =>
  runChild(
    dir,
    `import { importFrom } from ${JSON.stringify(new URL('../../dist/modules/interop/import-runs.js', import.meta.url).href)};
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const source = ${JSON.stringify(source)};
    const held = async (point) => {
      if (point !== ${JSON.stringify(hold)}) return;
      setInterval(() => undefined, 1000);
      say('held');
      await new Promise(() => undefined);
    };
    const run = {
      ...source,
      rows: async function* () { yield* source.givenRows; await held('rows'); },
      log: async function* () { yield* source.givenLog; await held('log'); },
    };
    const importer = { format: 'given', recognises: async () => true, runs: async function* () { yield run; } };
    ${prelude}
    const { imported, failed } = await importFrom([importer], ${JSON.stringify(dir)}, { dir: ${JSON.stringify(dir)} });
    if (failed.length > 0) throw failed[0].error;
    say('imported');
    ${prelude === '' ? '' : "say('changes ' + changes);"}`,
    { killWhen: (said) => said.includes('held') },
  );

/** Kills the process before its main thread changes something in the folder for the n-th time. */
const killAt = (dir: string, n: number): string => `
  let changes = 0;
  const paths = new Map();
  const before = (path) => {
    if (!String(path).startsWith(${JSON.stringify(dir)}) || ++changes !== ${n}) return;
    process.kill(process.pid, 'SIGKILL');
    for (;;);
  };
  const real = { ...fs };
  for (const name of ['mkdirSync', 'renameSync', 'unlinkSync', 'rmdirSync', 'rmSync']) {

    fs[name] = (path, ...rest) => (before(path), real[name](path, ...rest));
  }
  fs.openSync = (path, flags, mode) => {
    if ((flags & fs.constants.O_CREAT) !== 0) before(path);
    const fd = real.openSync(path, flags, mode);
    paths.set(fd, path);
    return fd;
  };
  fs.writeSync = (fd, ...rest) => (before(paths.get(fd)), real.writeSync(fd, ...rest));
  syncBuiltinESMExports();`;

const listed = async (dir: string) => {
  const { runs, unreadable } = await openExperiments(dir, { cacheDir: null }).list();
  expect(unreadable).toEqual([]);
  return runs.map(({ run, status, rows, tags, lastStep }) => ({ run, status, rows, tags, lastStep }));
};

const WHOLE = { run: 'one', status: 'FAILED', rows: 3, tags: ['baseline'], lastStep: 2 };

describe('an import that is killed', () => {
  it.each(['rows', 'log'] as const)(
    'while it copies the %s leaves no run, and the name to the next',
    async (point) => {
      const dir = folder();
      expect((await child(dir, point)).ended).toBe('SIGKILL');
      expect(await listed(dir)).toEqual([]);
      expect(await openExperiments(join(dir, 'lab'), { cacheDir: null }).list()).toMatchObject({ runs: [] });
      expect(readdirSync(join(dir, 'lab'))).toEqual([expect.stringMatching(/^\.one\.[0-9a-f]{12}\.tmp$/)]);
      expect(await here(dir)).toMatchObject({ run: 'one', status: 'FAILED', rows: 3 });
      expect(await listed(dir)).toEqual([WHOLE]);
      expect(readdirSync(join(dir, 'lab')).sort()).toEqual(['experiment.yaml', 'one']);
    },
  );

  it('before any change on the disk leaves the whole run or none', async () => {
    const whole = folder();
    const { said, stderr } = await child(whole, '', killAt(whole, 0));
    expect(stderr).toBe('');
    const changes = Number(said.find((line) => line.startsWith('changes '))?.slice(8));
    expect(changes).toBeGreaterThan(20);
    const check = async (n: number): Promise<number> => {
      const dir = folder();
      expect((await child(dir, '', killAt(dir, n))).ended, `at change ${n}`).toBe('SIGKILL');
      const left = await listed(dir);
      expect([[], [WHOLE]], `at change ${n}`).toContainEqual(left);
      const next = left.length === 0 ? 'one' : 'one_2';
      expect(await here(dir), `at change ${n}`).toMatchObject({ run: next });
      expect(readdirSync(join(dir, 'lab')).sort()).toEqual([...new Set(['experiment.yaml', 'one', next])]);
      return left.length;
    };
    // In between the engine writes into its folder, as it does elsewhere.
    const places = Array.from({ length: changes }, (_, at) => at + 1).filter(
      (n) => n <= 6 || n > changes - 8 || n % 4 === 0,
    );
    const outcomes: number[] = [];
    for (let at = 0; at < places.length; at += 2)
      outcomes.push(...(await Promise.all(places.slice(at, at + 2).map(check))));
    // Once it is there it stays.
    expect(outcomes).toEqual([...outcomes].sort());
    expect(new Set(outcomes)).toEqual(new Set([0, 1]));
  });

  it('is reported by doctor until the next import', async () => {
    const dir = folder();
    await child(dir, 'rows');
    const doctor = async (): Promise<string> => (await expmanHere('doctor', dir)).stdout;
    const [hidden = ''] = readdirSync(join(dir, 'lab'));
    expect(await doctor()).toContain(
      `1 hidden folder was left by an interrupted import, copy, move or deletion: ${join(dir, 'lab', hidden)}`,
    );
    await here(dir);
    expect(await doctor()).not.toContain('cut off');
  });
});

/** A run whose rows do not end before they are let go. */
function heldRun(): { readonly run: typeof held; readonly begun: Promise<void>; readonly go: () => void } {
  let begin = (): void => undefined;
  let go = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const gone = new Promise<void>((resolve) => (go = resolve));
  const held = {
    ...givenRun(source),
    rows: async function* () {
      begin();
      await gone;
      yield* source.givenRows;
    },
  };
  return { run: held, begun, go };
}

describe('an import that goes on', () => {
  it('is seen by no reader, and keeps its name from another import', async () => {
    const dir = folder();
    const { run, begun, go } = heldRun();
    const first = here(dir, run);
    await begun;
    expect(await listed(dir)).toEqual([]);
    expect((await expmanHere('doctor', dir)).stdout).not.toContain('cut off');
    expect(await here(dir)).toMatchObject({ run: 'one_2' });
    go();
    expect(await first).toMatchObject({ run: 'one', rows: 3 });
    expect((await listed(dir)).map(({ run: name }) => name)).toEqual(['one', 'one_2']);
  });

  it('of one name in several processes at once is one run each', async () => {
    const dir = folder();
    const ends = await Promise.all([child(dir, ''), child(dir, ''), child(dir, '')]);
    expect(ends.map(({ said }) => said)).toEqual([['imported'], ['imported'], ['imported']]);
    expect((await listed(dir)).map(({ run, rows }) => [run, rows])).toEqual([
      ['one', 3],
      ['one_2', 3],
      ['one_3', 3],
    ]);
    expect(readdirSync(join(dir, 'lab')).sort()).toEqual(['experiment.yaml', 'one', 'one_2', 'one_3']);
  });

  it('fails with RUN_EXISTS where a run was opened under its name meanwhile, and leaves that one alone', async () => {
    const dir = folder();
    const { run, begun, go } = heldRun();
    const first = here(dir, run);
    await begun;
    const other = new LoggingEngine(new ExperimentConfig('lab', dir, { runName: 'one', environment: false }));
    other.logMetrics({ own: 1 }, 7);
    await other.close();
    go();
    expect(await first).toMatchObject({
      kind: 'failed',
      error: { code: 'RUN_EXISTS', path: join(dir, 'lab', 'one') },
    });
    expect(await listed(dir)).toMatchObject([{ run: 'one', status: 'FINISHED', rows: 1, lastStep: 7 }]);
    expect(readdirSync(join(dir, 'lab')).sort()).toEqual(['experiment.yaml', 'one']);
  });

  it('writes nothing where a link has the name of its hidden folder', async () => {
    const dir = folder();
    const outside = folder();
    await child(dir, 'rows');
    const [hidden = ''] = readdirSync(join(dir, 'lab'));
    rmSync(join(dir, 'lab', hidden), { recursive: true });
    symlinkSync(outside, join(dir, 'lab', hidden));
    expect(await here(dir)).toMatchObject({ run: 'one_2' });
    expect(readdirSync(outside)).toEqual([]);
  });
});
