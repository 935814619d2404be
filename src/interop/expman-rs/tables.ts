import { join } from 'node:path';
import type { MetricRow } from '../../model/metric.js';
import { arrowTableAt } from '../columnar/arrow-format.js';
import { parquetRun } from '../columnar/parquet-importer.js';
import { metricsIn, rowsOfTable } from '../columnar/placed-table.js';
import { placesIn } from '../source/places.js';
import { asDecodingError, beginningOf, endOf, kindAt, namesIn } from '../source/source-files.js';

/** The file of rows of a closed run; versions before 0.4 call it `metrics.parquet`. */
export const VECTORS = 'vectors.parquet';
/**
 * The files of rows of an open run: Arrow streams, with a new one whenever the metrics of a batch
 * differ from the previous one. They are called `vectors-0000.arrow` and following, but copies may
 * have other names. `system-0000.arrow` has system metrics.
 */
export const SEGMENT = /^(?!system-).*\.arrow$/;

/** Yields the rows of a run: those of its Parquet file, then of its segments in order. */
export async function* tablesOf(folder: string): AsyncGenerator<MetricRow, void> {
  for (const name of [VECTORS, 'metrics.parquet']) {
    const path = join(folder, name);
    if (kindAt(path) === null) continue;
    yield* (await parquetRun(path)).rows();
    break;
  }
  for (const name of segmentsIn(folder)) yield* rowsOfSegment(join(folder, name));
}

function segmentsIn(folder: string): string[] {
  const inOrder = new Intl.Collator('en', { numeric: true });
  return namesIn(folder)
    .filter((name) => SEGMENT.test(name))
    .sort(inOrder.compare);
}

/**
 * Yields the rows of a segment; a kill cuts the last one off, and then only the batches before the
 * cut are read.
 */
function* rowsOfSegment(path: string): Generator<MetricRow, void> {
  if (beginningOf(path, 8).length < 8) return;
  try {
    const table = arrowTableAt(path);
    const places = placesIn(table.fields.map(({ name }) => name));
    yield* rowsOfTable(table, places, metricsIn(table, places));
  } catch (error) {
    if (!isCutOff(path)) throw asDecodingError(error, path);
  }
}

const END_OF_STREAM = Buffer.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** True if the mark is missing that ends a complete stream. */
function isCutOff(path: string): boolean {
  const end = endOf(path, END_OF_STREAM.length);
  return !end.equals(END_OF_STREAM) && !end.toString('latin1').endsWith('ARROW1');
}
