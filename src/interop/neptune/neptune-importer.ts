import { join } from 'node:path';
import type { ExpmanError } from '../../model/errors.js';
import { bareObject } from '../../model/param-value.js';
import { foreignParquet } from '../columnar/foreign-parquet.js';
import { hasColumns, isParquet, NEPTUNE_COLUMNS } from '../columnar/parquet-importer.js';
import type { ExchangeRun, Importer } from '../exchange/exchange-run.js';
import { asExpmanError, corruptAt, foldersIn, kindAt, namesIn } from '../source/source-files.js';
import { RunAttributes } from './run-attributes.js';

const PART = /^(.+)_part_(\d{1,6})\.parquet$/;

/**
 * Reads the output of neptune-exporter: its data folder, the folder of a project, or one file.
 * Series are combined into rows by step and time; files and histograms are left out.
 */
export const neptuneImporter: Importer<'neptune'> = {
  format: 'neptune',
  recognises: async (path) => {
    const [first] = partsAt(path);
    return first !== undefined && isParquet(first) && (await hasColumns(first, NEPTUNE_COLUMNS));
  },
  runs: runsAt,
};

async function* runsAt(path: string): AsyncGenerator<ExchangeRun | ExpmanError, void> {
  for (const parts of runsOfParts(partsAt(path))) {
    try {
      yield* await runsIn(parts);
    } catch (error) {
      yield asExpmanError(error, parts[0] ?? path);
    }
  }
}

function partsAt(path: string): string[] {
  if (kindAt(path) === 'file') return [path];
  return [path, ...foldersIn(path)].flatMap((folder) =>
    namesIn(folder)
      .filter((name) => PART.test(name))
      .map((name) => join(folder, name))
      .filter((file) => kindAt(file) === 'file'),
  );
}

/** Groups files by run, in the order of their parts. */
function runsOfParts(parts: readonly string[]): string[][] {
  const runs = new Map<string, string[]>();
  for (const part of parts) {
    const run = part.replace(/_part_\d+\.parquet$/, '');
    runs.set(run, [...(runs.get(run) ?? []), part]);
  }
  const placeOf = (part: string): number => Number(PART.exec(part)?.[2] ?? 0);
  return [...runs.values()].map((files) => files.sort((a, b) => placeOf(a) - placeOf(b)));
}

/**
 * Reads the runs in some files: one, except from older versions of neptune-exporter, which combined
 * a whole project.
 */
async function runsIn(parts: readonly string[]): Promise<ExchangeRun[]> {
  const runs = new Map<string, RunAttributes>();
  for (const path of parts) {
    const { columns, rows } = await foreignParquet(path);
    const names = columns.map(({ name }) => name);
    for await (const row of rows()) {
      const record = bareObject(names.map((name, at) => [name, row[at] ?? null] as const));
      const { project_id: project, run_id: id } = record;
      if (typeof project !== 'string' || typeof id !== 'string')
        throw corruptAt(path, 'a record has no project_id or run_id');
      const key = JSON.stringify([project, id]);
      let run = runs.get(key);
      if (run === undefined) runs.set(key, (run = new RunAttributes(project, id, path)));
      run.add(record);
    }
  }
  return [...runs.values()].map((run) => run.toRun(parts));
}
