import { quoted } from '../../model/printable.js';
import type { ExchangeRun, Importer } from '../exchange/exchange-run.js';
import type { MetricField } from '../exchange/metric-fields.js';
import { oneRun } from '../source/one-run.js';
import { beginningOf, corruptAt, kindAt } from '../source/source-files.js';
import { headerOf, isLinesFile, runIn } from '../text/ndjson.js';
import { unknownRun } from '../source/unknown-run.js';
import { textOfCell } from './cells.js';
import { SIDECAR_FORMAT, sidecarOf } from './csv-exporter.js';
import { headerIn } from './csv-records.js';
import { type CsvLayout, guessedLayout, rowsOfTable } from './csv-table.js';

/**
 * Reads CSV files: our own with the information in the file beside them, any others by their
 * header, in which a column `step` and a column `timestamp` (or `wall_time`; ISO 8601, or a number
 * since the epoch) are distinguished from metrics.
 */
export const csvImporter: Importer<'csv'> = {
  format: 'csv',
  recognises: (path) => Promise.resolve(isCsv(path) && !isWandbCsv(path)),
  runs: (path) => oneRun(path, isDescribed(path) ? describedRun : guessedRun),
};

/** True if a file has a CSV name. */
export const isCsv = (path: string): boolean => kindAt(path) === 'file' && /\.csv$/i.test(path);

/**
 * True if a CSV file has a column `_step`, like those of W&B, and is not one of ours, where a
 * metric may have that name.
 */
export function isWandbCsv(path: string): boolean {
  const [header = ''] = beginningOf(path, 64 * 1024)
    .toString('utf8')
    .split('\n', 1);
  return /(?:^|,)"?_step"?(?:,|\r?$)/.test(header) && !isDescribed(path);
}

const isDescribed = (path: string): boolean => isLinesFile(sidecarOf(path), SIDECAR_FORMAT);

async function describedRun(path: string): Promise<ExchangeRun> {
  const sidecar = sidecarOf(path);
  const layout = layoutBy(headerOf(sidecar).fields, await headerIn(path), path);
  return { ...runIn(sidecar), rows: () => rowsOfTable(path, layout) };
}

function layoutBy(
  fields: readonly MetricField[],
  header: readonly (string | null)[],
  path: string,
): CsvLayout {
  const places = new Map(header.map((cell, at) => [textOfCell(cell ?? ''), at]));
  const metrics = fields.map(({ name, metric, type, mixed = false }) => {
    const at = places.get(name);
    if (at === undefined) throw corruptAt(path, `it has no column ${quoted(name)}`, 1);
    return { at, metric, type, mixed };
  });
  return { step: places.get('step') ?? -1, timestamp: places.get('timestamp') ?? -1, metrics };
}

/** Makes a run from a table alone: its names come from the file and its folder. */
async function guessedRun(path: string): Promise<ExchangeRun> {
  const layout = await guessedLayout(path);
  return {
    ...unknownRun(path),
    fields: layout.metrics.map(({ metric, type }) => ({ name: metric, type })),
    rows: () => rowsOfTable(path, layout),
  };
}
