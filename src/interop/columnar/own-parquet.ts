import type { Column } from '../../columnar/column.js';
import { nodeFs } from '../../storage/node-fs.js';
import { readAll } from '../../storage/read-all.js';
import { readFooterOf } from '../../storage/metrics-footer.js';
import { decodeChunk, type FileFooter } from '../../storage/parquet/index.js';
import { factsOf } from '../../run/summaries/file-metadata.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { OUR_PLACES } from '../source/places.js';
import { columnsFor } from '../exchange/metric-fields.js';
import { headerOfText, type RunHeader } from '../exchange/run-header.js';
import { asDecodingError, corruptAt } from '../source/source-files.js';
import { unknownRun } from '../source/unknown-run.js';
import { HEADER_KEY } from './parquet-exporter.js';
import { rowsOfTable, type TableMetric } from './placed-table.js';

/**
 * Reads the run in a Parquet file that expman-rx wrote: an export, or the `metrics.parquet` of a
 * run's folder.
 *
 * @throws ExpmanError `CORRUPT` for any other file
 */
export function ownParquetRun(path: string): ExchangeRun {
  const footer = withFile(path, (file) => readFooterOf(nodeFs, file, path));
  const text = footer.metadata.get(HEADER_KEY);
  const header = text === undefined ? null : checked(headerOfText(text, path), footer, path);
  const metrics =
    header === null ? metricsOf(footer) : header.fields.map((field, at) => ({ ...field, at: at + 2 }));
  return {
    ...(header ?? unknownRun(path)),
    fields: metrics.map(({ metric, type }) => ({ name: metric, type })),
    rows: () =>
      asyncOf(
        rowsOfTable({ fields: footer.fields, batches: () => groupsOf(path, footer) }, OUR_PLACES, metrics),
      ),
    log: () => asyncOf([]),
  };
}

/** Returns the metrics by the columns that a run's own file assigns to them. */
function metricsOf({ fields, metadata }: FileFooter): TableMetric[] {
  const metricOf = new Map(factsOf(metadata).columns.map(([metric, name]) => [name, metric]));
  return fields.slice(2).map(({ name, type }, at) => ({
    metric: metricOf.get(name) ?? name,
    type: type === 'TIMESTAMP' ? 'UTF8' : type,
    at: at + 2,
  }));
}

function checked(header: RunHeader, { fields }: FileFooter, path: string): RunHeader {
  const columns = columnsFor(header.fields);
  if (columns.length !== fields.length || columns.some(({ type }, at) => type !== fields[at]?.type))
    throw corruptAt(path, 'its columns differ from those in its header');
  return header;
}

/** Yields the row groups, one in memory at a time. */
function* groupsOf(path: string, { groups }: FileFooter): Generator<readonly Column[], void> {
  for (const { chunks } of groups)
    yield withFile(path, (file) =>
      chunks.map((chunk) => {
        const bytes = new Uint8Array(chunk.length);
        readAll(nodeFs, file, bytes, chunk.offset, path);
        return decodeChunk(bytes, chunk);
      }),
    );
}

function withFile<T>(path: string, work: (file: number) => T): T {
  try {
    const file = nodeFs.open(path, 'read');
    try {
      return work(file);
    } finally {
      nodeFs.close(file);
    }
  } catch (error) {
    throw asDecodingError(error, path);
  }
}
