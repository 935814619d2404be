import { type IpcTable, IpcWriter, readIpc } from '../../columnar/arrow-ipc.js';
import { readWhole } from '../../storage/atomic-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExpmanError } from '../../model/errors.js';
import {
  NO_HINTS,
  type ExchangeRun,
  type Exporter,
  type Importer,
  type TableHints,
} from '../exchange/exchange-run.js';
import { Findings } from '../exchange/findings.js';
import type { MetricRow } from '../../model/metric.js';
import { OUR_PLACES, placesIn, runColumnsIn } from '../source/places.js';
import { type ReadTable, runsOfTable } from '../source/runs-of-table.js';
import { columnsFor, metricFieldsOf } from '../exchange/metric-fields.js';
import { writeNewFile } from '../target/output-file.js';
import { headerMembers, headerOfText, type RunHeader } from '../exchange/run-header.js';
import { asDecodingError, asExpmanError, beginningOf, corruptAt, kindAt } from '../source/source-files.js';
import { unknownRun } from '../source/unknown-run.js';
import { columnBatches } from './columns-of-rows.js';
import { metricsIn, rowsOfTable } from './placed-table.js';

const FORMAT = 'expman-rx.arrow';
const HEADER_KEY = 'expman.run';
// Its batches are views of the whole file.
// @bound refuses: CORRUPT, with the size
const MAX_BYTES = 1024 * 1024 * 1024;

/**
 * An Arrow IPC file (the same as Feather 2): step int64, timestamp in microseconds UTC, the
 * metrics; the run is in the schema's metadata.
 */
export const arrowExporter: Exporter<'arrow'> = {
  format: 'arrow',
  makes: 'file',
  loses: 'the lines of the log; that a text such as "5" was a text, in a metric that also holds numbers',
  write: async (run, path) => {
    const fields = await metricFieldsOf(run);
    const metadata = new Map([[HEADER_KEY, `{${headerMembers(FORMAT, run, fields)}}`]]);
    await writeNewFile(path, async (output) => {
      const writer = new IpcWriter(columnsFor(fields), metadata, (bytes) => output.add(bytes));
      for await (const columns of columnBatches(run, fields)) writer.write(columns);
      writer.finish();
    });
  },
};

/**
 * Reads Arrow IPC files and streams of up to 1 GB, our own and any others with metrics in columns.
 */
export const arrowImporter: Importer<'arrow'> = {
  format: 'arrow',
  recognises: (path) => Promise.resolve(isArrow(path)),
  takes: ['stepColumn', 'timeColumn', 'runColumn'],
  runs: arrowRuns,
};

/** Reads the Arrow table in a file. @throws ExpmanError `CORRUPT` or `IO` */
export function arrowTableAt(path: string): IpcTable {
  const bytes = readWhole(nodeFs, path, MAX_BYTES);
  try {
    return readIpc(bytes);
  } catch (error) {
    throw asDecodingError(error, path);
  }
}

function isArrow(path: string): boolean {
  if (kindAt(path) !== 'file') return false;
  const magic = beginningOf(path, 6);
  const isStream = magic.length >= 4 && magic.readInt32LE(0) === -1;
  return magic.toString('latin1') === 'ARROW1' || (isStream && /\.(?:arrows?|ipc|feather)$/i.test(path));
}

async function* arrowRuns(
  path: string,
  options: TableHints = NO_HINTS,
): AsyncGenerator<ExchangeRun | ExpmanError, void> {
  try {
    const table = arrowTableAt(path);
    const header = headerIn(table, path);
    if (header === null) yield* runsOfTable(foreignTable(path, table, options));
    else yield ourRun(path, table, header);
  } catch (error) {
    yield asExpmanError(error, path);
  }
}

function ourRun(path: string, table: IpcTable, header: RunHeader): ExchangeRun {
  // Placed by our header: a tool that read the column names may have dropped a byte order mark from
  // one.
  const metrics = header.fields.map((field, at) => ({ ...field, at: at + 2 }));
  return {
    ...header,
    fields: metrics.map(({ metric, type }) => ({ name: metric, type })),
    source: { files: [path] },
    rows: () => asyncOf(withOurErrors(path, rowsOfTable(table, OUR_PLACES, metrics))),
    log: () => asyncOf([]),
  };
}

function foreignTable(path: string, table: IpcTable, options: TableHints): ReadTable {
  const names = table.fields.map(({ name }) => name);
  const places = placesIn(names, options);
  const runs = runColumnsIn(names, options);
  const metrics = metricsIn(table, places).filter(({ at }) => runs?.ignored.includes(at) !== true);
  const metricAt = (at: number): string => metrics.find((metric) => metric.at === at)?.metric ?? '';
  return {
    path,
    run: unknownRun(path),
    fields: metrics.map(({ metric, type }) => ({ name: metric, type })),
    rows: () =>
      asyncOf(withOurErrors(path, rowsOfTable(table, places, metrics, names[places.timestamp] ?? ''))),
    findings: new Findings(),
    runMetrics: runs === null ? null : { id: metricAt(runs.id), name: metricAt(runs.name) },
  };
}

/** Yields rows, and converts errors of Arrow to our own. */
function* withOurErrors(path: string, rows: Iterable<MetricRow>): Generator<MetricRow, void> {
  try {
    yield* rows;
  } catch (error) {
    throw asDecodingError(error, path);
  }
}

function headerIn({ metadata, fields }: IpcTable, path: string): RunHeader | null {
  const text = metadata.get(HEADER_KEY);
  if (text === undefined) return null;
  const header = headerOfText(text, path);
  const columns = columnsFor(header.fields);
  if (columns.length !== fields.length || columns.some(({ type }, at) => type !== fields[at]?.type))
    throw corruptAt(path, 'its columns differ from those in its header');
  return header;
}
