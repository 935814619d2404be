import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ImportReport, importRuns } from 'expman-rx/interop';
import { openRun, parseHistogram } from 'expman-rx/reader';
import { filesBelow } from '../../../dist/modules/interop/source/files-below.js';
import { yamlOf } from '../../support/read-back.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('stores');
const FIXTURES = join(import.meta.dirname, 'fixtures');

type Points = readonly (readonly [step: number, value: number])[];

/** What `gen.py` says that a tool was given. */
interface Expected {
  readonly params: Readonly<Record<string, unknown>>;
  readonly runs: Readonly<Record<string, Readonly<Record<string, Points>>>>;
}

const expectedOf = (tool: string): Expected =>
  JSON.parse(readFileSync(join(FIXTURES, tool, 'expected.json'), 'utf8')) as Expected;

/** A copy of what a tool has left: specs change it. */
function copyOf(tool: string): string {
  const to = join(folder(), tool);
  cpSync(join(FIXTURES, tool), to, { recursive: true });
  return to;
}

async function pointsIn(runDir: string, metric: string): Promise<Points> {
  const points: [number, number][] = [];
  for await (const { step, values } of openRun(runDir).rows()) {
    const value = values[metric];
    if (value !== undefined) points.push([Number(step), Number(value)]);
  }
  return points;
}

async function assertAsLogged(tool: string, { imported, failed }: ImportReport, count = 2): Promise<void> {
  expect(failed).toEqual([]);
  const { params, runs } = expectedOf(tool);
  const wanted = Object.entries(runs).slice(0, count);
  expect(imported.length).toBeGreaterThanOrEqual(count);
  for (const [at, [name, metrics]] of wanted.entries()) {
    const runDir = (imported.find(({ run }) => run === name) ?? imported[at])?.runDir ?? '';
    expect(yamlOf(runDir, 'config.yaml')).toMatchObject(params);
    for (const [metric, points] of Object.entries(metrics))
      expect(await pointsIn(runDir, metric)).toEqual(points);
  }
}

describe('what W&B keeps offline', () => {
  it('is imported as it was logged: metrics, parameters, tags, notes, group, exit, histograms', async () => {
    const top = copyOf('wandb');
    const [first = ''] = readdirSync(join(top, 'wandb'));
    for (const path of [top, join(top, 'wandb')]) {
      const report = await importRuns(path, { dir: folder() });
      expect(report.format).toBe('wandb');
      await assertAsLogged('wandb', report);
      const [runDir = ''] = report.imported.map((run) => run.runDir);
      expect(yamlOf(runDir)).toMatchObject({
        experiment: 'digits',
        group: 'g1',
        tags: ['baseline'],
        notes: 'a note',
        imported: { id: expect.stringMatching(/^\w{8}$/) as unknown },
      });
      expect(report.imported.map(({ status }) => status).sort()).toEqual(['FAILED', 'FINISHED']);
      for await (const { values } of openRun(runDir).rows()) {
        expect(parseHistogram(values['w'])).toMatchObject({ edges: [0, 1, 2, 3], counts: [1, 2, 3] });
        break;
      }
      expect(await pointsIn(runDir, 'bad')).toEqual([[1, NaN]]);
    }
    const one = await importRuns(join(top, 'wandb', first), { dir: folder() });
    expect(one.imported).toHaveLength(1);
  });

  it('has pictures and tables as media, saved files as artifacts, and is told what is missing', async () => {
    // Made by hand from the first run: its record of the history names files beside it.
    const top = copyOf('wandb');
    const [name = ''] = readdirSync(join(top, 'wandb'));
    cpSync(join(FIXTURES, 'gen.py'), join(top, 'wandb', name, 'files', 'gen.py'));
    const { imported } = await importRuns(join(top, 'wandb', name), { dir: folder() });
    expect(imported[0]).toMatchObject({ files: 1 });
  });

  it('that is cut off anywhere gives the rows before, and says so', async () => {
    const top = copyOf('wandb');
    const [name = ''] = readdirSync(join(top, 'wandb'));
    const log = filesBelow(join(top, 'wandb', name)).find(([file]) => file.endsWith('.wandb'))?.[1] ?? '';
    const bytes = readFileSync(log);
    const { runs } = expectedOf('wandb');
    const whole = Object.values(runs).map(({ loss = [] }) => JSON.stringify(loss));
    for (let cut = 40; cut < bytes.length; cut += 211) {
      writeFileSync(log, bytes.subarray(0, cut));
      const { imported } = await importRuns(log, { dir: folder() });
      const [run] = imported;
      if (run === undefined) continue;
      const points = await pointsIn(run.runDir, 'loss');
      expect(whole.some((each) => each.startsWith(JSON.stringify(points).slice(0, -1)))).toBe(true);
      expect(run.status).toBe('INTERRUPTED');
    }
  });
});

describe('what DVCLive leaves', () => {
  it('is imported as it was logged', async () => {
    const top = copyOf('dvclive');
    const report = await importRuns(top, { dir: folder() });
    expect(report.format).toBe('dvclive');
    await assertAsLogged('dvclive', report, 1);
    expect((await importRuns(join(top, 'dvclive'), { dir: folder() })).imported).toHaveLength(1);
  });
});

describe("what Sacred's FileStorageObserver leaves", () => {
  it('is imported as it was logged, with its comment, its status and the error', async () => {
    const report = await importRuns(join(copyOf('sacred'), 'runs'), { dir: folder() });
    expect(report.format).toBe('sacred');
    await assertAsLogged('sacred', report);
    const [first = '', second = ''] = report.imported.map(({ runDir }) => runDir);
    expect(yamlOf(first)).toMatchObject({ experiment: 'digits', status: 'FINISHED', notes: 'a note' });
    expect(yamlOf(second)).toMatchObject({ status: 'FAILED' });
    expect(readFileSync(join(second, 'run.log'), 'utf8')).toContain('RuntimeError: boom');
  });
});

describe('the databases of SQLite', () => {
  it('of MLflow are imported as they were logged, with artifacts, parents, user and notes', async () => {
    const top = copyOf('mlflow-sqlite');
    const before = readdirSync(top).sort();
    writeFileSync(join(top, 'mlflow.db'), gunzipSync(readFileSync(join(top, 'mlflow.db.gz'))));
    for (const path of [top, join(top, 'mlflow.db')]) {
      const report = await importRuns(path, { dir: folder() });
      expect(report.format).toBe('mlflow');
      const runs = report.imported.filter(({ run }) => run !== 'parent');
      await assertAsLogged('mlflow-sqlite', { ...report, imported: runs });
      expect(runs.map(({ status, files }) => [status, files])).toEqual([
        ['FINISHED', 1],
        ['FAILED', 1],
      ]);
      const [runDir = ''] = runs.map((run) => run.runDir);
      expect(yamlOf(runDir)).toMatchObject({
        experiment: 'digits',
        group: 'parent',
        imported: { user: 'user', parent: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown },
      });
      expect(readFileSync(join(runDir, 'artifacts', 'notes', 'a.txt'), 'utf8')).toBe('hello');
      expect(await pointsIn(runDir, 'bad')).toEqual([[1, NaN]]);
      const parent = report.imported.find(({ run }) => run === 'parent');
      expect(yamlOf(parent?.runDir ?? '')).toMatchObject({ notes: 'a note', tags: ['team=vision'] });
    }
    expect(readdirSync(top).sort()).toEqual([...before, 'mlflow.db'].sort());
  });

  it('of trackio are imported as they were logged', async () => {
    const top = copyOf('trackio');
    for (const path of [top, join(top, 'digits.db')]) {
      const report = await importRuns(path, { dir: folder() });
      expect(report.format).toBe('trackio');
      await assertAsLogged('trackio', report);
      expect(yamlOf(report.imported[0]?.runDir ?? '')).toMatchObject({ experiment: 'digits', group: 'g1' });
    }
  });

  it('are read with the log beside them, up to its last whole transaction, and nothing is written there', async () => {
    const top = copyOf('trackio-wal');
    const before = readdirSync(top);
    const lossOf = async (): Promise<Points> => {
      const report = await importRuns(top, { dir: folder() });
      return pointsIn(report.imported.find(({ run }) => run === 'run-0')?.runDir ?? '', 'loss');
    };
    const points = await lossOf();
    expect(points.at(-1)).toEqual([6, 0.5]);
    expect(points).toHaveLength(7);
    const log = readFileSync(join(top, 'digits.db-wal'));
    writeFileSync(join(top, 'digits.db-wal'), log.subarray(0, log.length - 100));
    expect(await lossOf()).toHaveLength(6);
    writeFileSync(join(top, 'digits.db-wal'), '');
    expect(await lossOf()).toHaveLength(12);
    expect(readdirSync(top)).toEqual(before);
    writeFileSync(join(top, 'digits.db-journal'), 'half a transaction');
    const { failed } = await importRuns(top, { dir: folder() });
    expect(failed[0]?.error).toMatchObject({ code: 'CORRUPT' });
    expect(failed[0]?.error.message).toContain('within a transaction');
  });

  it('that are damaged anywhere give an error or what is whole, and never hang', async () => {
    const path = join(copyOf('trackio'), 'digits.db');
    const bytes = readFileSync(path);
    const dir = folder();
    for (let seed = 1; seed <= 40; seed++) {
      const broken = Buffer.from(bytes);
      for (let n = 0; n < 8; n++) broken[(seed * 7919 + n * 104_729) % bytes.length] = (seed * 31 + n) & 0xff;
      writeFileSync(path, seed % 4 === 0 ? broken.subarray(0, (seed * 1031) % bytes.length) : broken);
      const report = await importRuns(path, { dir, format: 'trackio' });
      for (const { error } of report.failed) expect(['CORRUPT', 'IO']).toContain(error.code);
    }
  });
});
