import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { writeReport } from 'expman-rx/dashboard';
import { exportRun } from 'expman-rx/interop';
import type { ExchangeRun, Importer } from '../../src/interop/exchange/exchange-run.js';
import { importFrom } from '../../src/interop/import-runs.js';
import { oneRun } from '../../src/interop/source/one-run.js';
import { unknownRun } from '../../src/interop/source/unknown-run.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('mistakes');

/** A run of which one row comes, and then an error. */
const failing = (path: string, error: unknown): ExchangeRun => ({
  ...unknownRun(path),
  fields: [],
  async *rows() {
    yield await Promise.resolve({ step: 0, values: { loss: 1 } });
    throw error;
  },
  async *log() {
    // None.
  },
});

const importerOf = (read: (path: string) => ExchangeRun): Importer => ({
  format: 'broken',
  recognises: () => Promise.resolve(true),
  runs: (path) => oneRun(path, read),
});

describe('a mistake in an importer', () => {
  const mistake = new TypeError("Cannot read properties of undefined (reading 'steps')");

  it.each([
    ['while it reads a run', importerOf(() => { throw mistake; })],
    ['while it reads the rows of one', importerOf((path) => failing(path, mistake))],
  ])('%s is told as what it is, and blames no file', async (_, importer) => {
    const dir = folder();
    const source = join(folder(), 'fine.txt');
    writeFileSync(source, 'fine');
    await expect(importFrom([importer], source, { dir })).rejects.toBe(mistake);
    expect(readdirSync(dir)).toEqual([]);
  }); // prettier-ignore

  it('is told apart from a file that is damaged', async () => {
    const source = join(folder(), 'damaged.txt');
    writeFileSync(source, 'damaged');
    const damage = new RangeError('a page of -1 bytes');
    const { failed } = await importFrom([importerOf((path) => failing(path, damage))], source, {
      dir: folder(),
    });
    expect(failed).toMatchObject([{ error: { code: 'CORRUPT', cause: damage } }]);
  });
});

describe('an export', () => {
  it('passes on what its listener throws', async () => {
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    run.logMetrics({ loss: 1 }, 0);
    await run.close();
    const mine = new Error('of the caller');
    const path = join(folder(), 'run.csv');
    const onRows = (): void => {
      throw mine;
    };
    await expect(exportRun(run.runDir, 'csv', path, { onRows })).rejects.toBe(mine);
    expect(existsSync(path)).toBe(false);
  });
});

describe('a report', () => {
  it.each([
    ['runDirs', undefined],
    ['runDirs', './exp/run'],
    ['runDirs', [1]],
    ['path', 7],
    ['title', 1],
    ['force', 'yes'],
    ['onRun', true],
    ['titel', 'x'],
  ])('of a wrong %s, %j, is refused and says which option is wrong', async (option, value) => {
    const given = { runDirs: [], path: join(folder(), 'r.html'), [option]: value };
    const { runDirs, path, ...options } = given as { runDirs: string[]; path: string };
    await expect(writeReport(runDirs, path, options)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      option,
    });
  });
});
