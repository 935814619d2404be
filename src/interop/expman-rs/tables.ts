import { join } from 'node:path';
import type { MetricRow } from '../../model/metric.js';
import { arrowTableAt } from '../columnar/arrow-format.js';
import { parquetRun } from '../columnar/parquet-importer.js';
import { metricsIn, rowsOfTable } from '../columnar/placed-table.js';
import { placesIn } from '../source/places.js';
import { asDecodingError, beginningOf, endOf, kindAt, namesIn } from '../source/source-files.js';

/** Its rows, once it has closed; versions before 0.4 call the file `metrics.parquet`. */
export const VECTORS = 'vectors.parquet';
/**
 * Its rows while it is open: Arrow streams, a new one whenever the metrics of a batch differ from those before. It calls them
 * `vectors-0000.arrow` and on; whoever copied them may have given them other names. `system-0000.arrow` is of the machine.
 */
export const SEGMENT = /^(?!system-).*\.arrow$/;

/** The rows of a run: its Parquet file, then its segments in their order. */
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

/** A kill cuts the last segment off; the batches in front of the cut are whole, and all there is. */
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

/** Whether the mark is missing that a stream is closed with. */
function isCutOff(path: string): boolean {
  const end = endOf(path, END_OF_STREAM.length);
  return !end.equals(END_OF_STREAM) && !end.toString('latin1').endsWith('ARROW1');
}
