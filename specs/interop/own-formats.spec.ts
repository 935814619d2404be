import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import {
  EXPORTERS,
  type ExportFormat,
  type Exporter,
  exportRun,
  IMPORTERS,
  type Importer,
  type ImportFormat,
  importRuns,
} from 'expman-rx/interop';
import { openRun } from 'expman-rx/reader';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { tempFolders } from '../support/temp-folder.js';
import { givenRun } from './run-arbitrary.js';

const folder = tempFolders('own-formats');

/** A line for each row: the loss. */
const lines: Exporter<'lines'> = {
  format: 'lines',
  makes: 'file',
  loses: 'everything but the loss',
  write: async (run, path) => {
    let text = '';
    for await (const { values } of run.rows()) text += `${String(values['loss'])}\n`;
    writeFileSync(path, text);
  },
};

const fromLines: Importer<'lines'> = {
  format: 'lines',
  recognises: (path) => Promise.resolve(path.endsWith('.lines')),
  // eslint-disable-next-line @typescript-eslint/require-await -- the lines are at hand
  runs: async function* (path) {
    const losses = readFileSync(path, 'utf8').trim().split('\n').map(Number);
    yield givenRun({
      ...{ experiment: 'mine', run: 'first', status: 'FINISHED', startedAt: null, endedAt: null },
      ...{ tags: [], notes: '', group: null, params: {}, fields: [], givenLog: [] },
      givenRows: losses.map((loss, step) => ({ step, values: { loss } })),
    });
  },
};

async function logged(): Promise<string> {
  const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
  for (const step of [0, 1]) run.logMetrics({ loss: 0.5 + step }, step);
  await run.close();
  return run.runDir;
}

describe('a custom format', () => {
  it('is exported and imported like the others', async () => {
    const path = join(folder(), 'run.lines');
    await exportRun(await logged(), 'lines', path, { exporters: [...EXPORTERS, lines] });
    expect(readFileSync(path, 'utf8')).toBe('0.5\n1.5\n');
    const { format, imported } = await importRuns(path, {
      dir: folder(),
      importers: [...IMPORTERS, fromLines],
    });
    expect([format, imported.map(({ rows }) => rows)]).toEqual(['lines', [2]]);
    const losses = [];
    for await (const { values } of openRun(imported[0]?.runDir ?? '').rows()) losses.push(values['loss']);
    expect(losses).toEqual([0.5, 1.5]);
  });

  it('is not known without its exporter or importer, and the error lists those that are', async () => {
    const path = join(folder(), 'run.lines');
    await expect(exportRun(await logged(), 'lines', path, { exporters: EXPORTERS })).rejects.toThrow(
      /format must be one of csv, json, .*; got "lines"/,
    );
    writeFileSync(path, '1\n');
    await expect(importRuns(path, { dir: folder() })).rejects.toThrow(/known formats: csv, json/);
    await expect(importRuns(path, { dir: folder(), importers: [] })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });

  it('is refused when it cannot work', async () => {
    const runDir = await logged();
    const path = join(folder(), 'out');
    for (const exporters of [{}, [null], [{ format: 'x' }], [{ write: () => undefined }]] as never[])
      await expect(exportRun(runDir, 'csv', path, { exporters })).rejects.toThrow(
        /exporters must be an array/,
      );
    for (const importers of ['x', [{ format: 'x', runs: () => [] }]] as never[])
      await expect(importRuns(runDir, { dir: folder(), importers })).rejects.toThrow(
        /importers must be an array/,
      );
  });
});

describe('the formats of this package', () => {
  it('are a union of their words, so that a slip is an error of the compiler', () => {
    const exported: Record<ExportFormat, true> = {
      ...{
        csv: true,
        json: true,
        ndjson: true,
        arrow: true,
        parquet: true,
        neptune: true,
        tensorboard: true,
      },
    };
    const imported: Record<ImportFormat, true> = {
      ...exported,
      'expman-rs': true,
      wandb: true,
      mlflow: true,
      trackio: true,
      dvclive: true,
      sacred: true,
    };
    expect(EXPORTERS.map(({ format }) => format).sort()).toEqual(Object.keys(exported).sort());
    expect(IMPORTERS.map(({ format }) => format).sort()).toEqual(Object.keys(imported).sort());
    // @ts-expect-error -- "cvs" is no format
    const slip = (): Promise<void> => exportRun('run', 'cvs', 'out');
    expectTypeOf(slip).returns.resolves.toBeVoid();
  });
});

describe('the folder of an import', () => {
  it('may be called baseDir, as in the configuration of a run', async () => {
    const source = join(folder(), 'run.ndjson');
    await exportRun(await logged(), 'ndjson', source);
    const baseDir = folder();
    const { imported } = await importRuns(source, { baseDir });
    expect(imported[0]?.runDir.startsWith(baseDir)).toBe(true);
    await expect(importRuns(source, { baseDir, dir: folder() })).rejects.toThrow(
      /baseDir must be left out, or/,
    );
    expect((await importRuns(source, { baseDir, dir: baseDir, again: true })).imported).toHaveLength(1);
  });
});
