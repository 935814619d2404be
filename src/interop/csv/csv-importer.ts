import type { ExpmanError } from '../../model/errors.js';
import { quoted } from '../../model/printable.js';
import { NO_HINTS, type ExchangeRun, type Importer, type TableHints } from '../exchange/exchange-run.js';
import { Findings } from '../exchange/findings.js';
import type { MetricField } from '../exchange/metric-fields.js';
import { oneRun } from '../source/one-run.js';
import { runColumnsIn } from '../source/places.js';
import { runsOfTable } from '../source/runs-of-table.js';
import { asExpmanError, beginningOf, corruptAt, kindAt } from '../source/source-files.js';
import { headerOf, isLinesFile, runIn } from '../text/ndjson.js';
import { unknownRun } from '../source/unknown-run.js';
import { textOfCell } from './cells.js';
import { SIDECAR_FORMAT, sidecarOf } from './csv-exporter.js';
import { headerIn, ourDialect } from './csv-records.js';
import { type CsvLayout, rowsOfOurs, rowsOfTable } from './csv-table.js';
import { dialectOf } from './dialect.js';
import { guessedLayout } from './guessed-layout.js';
import { factColumnsOf, runsOfFacts } from './runs-table.js';

/**
 * Reads CSV files, and those with tabs or semicolons: our own with the information in the file
 * beside them, any others by their header, in which a column `step` and a column `timestamp` (or
 * `wall_time`; ISO 8601, or a number since the epoch) are distinguished from metrics.
 *
 * A table of several runs becomes several: with a column `run`, `run_name` or `run_id`, the columns
 * of a chart (`<run> - <metric>`), or one row a run.
 */
export const csvImporter: Importer<'csv'> = {
  format: 'csv',
  takes: ['stepColumn', 'timeColumn', 'runColumn', 'delimiter'],
  recognises: (path) => Promise.resolve(isCsv(path) && !isWandbCsv(path)),
  runs: (path, options = NO_HINTS) =>
    isDescribed(path) ? oneRun(path, describedRun) : guessedRuns(path, options),
};

/** True if a file has the name of a text file of cells. */
export const isCsv = (path: string): boolean => kindAt(path) === 'file' && /\.[ct]sv$/i.test(path);

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
  const findings = new Findings();
  const records = { dialect: ourDialect(path), findings, isOurs: true };
  const layout = layoutBy(headerOf(sidecar).fields, await headerIn(path, records), path);
  return {
    ...runIn(sidecar),
    source: { files: [sidecar, path] },
    findings: () => findings.all,
    rows: () => rowsOfOurs(path, layout, records),
  };
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

async function* guessedRuns(
  path: string,
  options: TableHints,
): AsyncGenerator<ExchangeRun | ExpmanError, void> {
  try {
    const findings = new Findings();
    const dialect = dialectOf(path, options.delimiter);
    if (dialect.encoding === 'latin1')
      findings.add('guessed', 'its bytes are no UTF-8, and were read as Latin-1');
    const records = { dialect, findings };
    const layout = await guessedLayout(path, records, options);
    const { names, metrics } = layout;
    const runs = runColumnsIn(names, options);
    const facts = await factColumnsOf(path, records, { ...layout, runs });
    if (facts !== null) {
      yield* runsOfFacts(path, records, facts, layout);
      return;
    }
    const metricAt = (at: number): string => metrics.find((column) => column.at === at)?.metric ?? '';
    yield* runsOfTable({
      path,
      run: unknownRun(path),
      fields: metrics.map(({ metric, type }) => ({ name: metric, type })),
      rows: () => rowsOfTable(path, layout, records),
      findings,
      runMetrics: runs === null ? null : { id: metricAt(runs.id), name: metricAt(runs.name) },
    });
  } catch (error) {
    yield asExpmanError(error, path);
  }
}
