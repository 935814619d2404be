import type { MetricRow } from '../../model/metric.js';
import type { ExchangeRun, Exporter } from '../exchange/exchange-run.js';
import { isoOfMicros, microsOf } from '../exchange/instants.js';
import { columnsFor, type MetricField, metricFieldsOf, valueAs } from '../exchange/metric-fields.js';
import { assertFree, type Output, writeNewFile } from '../target/output-file.js';
import { writeLines } from '../text/ndjson.js';
import { cellOf, cellOfMixed, cellOfText } from './cells.js';
import { csvText } from './csv-text.js';

/** The format in the sidecar's first line. */
export const SIDECAR_FORMAT = 'expman-rx.csv';
const RECORDS_AT_ONCE = 1024;

/**
 * Returns the path of the file beside the CSV that describes the run and the types of the columns.
 */
export const sidecarOf = (path: string): string => `${path}.run.ndjson`;

/**
 * Writes a header, then one record per row: step, timestamp (ISO 8601, microseconds), the metrics.
 * Nothing between two commas is a missing value, `""` the empty text; numbers may be `NaN` or
 * `Infinity`; a text that a spreadsheet would treat as a formula gets a leading `'`, and so does
 * one that looks like a number in a column that also holds numbers.
 *
 * The run itself, the types of the columns and the log are in a file beside it, {@link sidecarOf}.
 */
export const csvExporter: Exporter<'csv'> = {
  format: 'csv',
  makes: 'file',
  loses:
    'nothing, with the file FILE.run.ndjson beside it; without that file the run, its parameters, its summary and its log, and the types of columns are guessed from the cells',
  write: async (run, path) => {
    const sidecar = sidecarOf(path);
    assertFree(path);
    const fields = await metricFieldsOf(run);
    await writeNewFile(sidecar, async (output) => {
      await writeLines(output, SIDECAR_FORMAT, run, fields, false);
      await writeNewFile(path, (table) => writeTable(table, run, fields));
    });
  },
};

async function writeTable(output: Output, run: ExchangeRun, fields: readonly MetricField[]): Promise<void> {
  let records: (string | null)[][] = [columnsFor(fields).map(({ name }) => cellOfText(name))];
  for await (const row of run.rows()) {
    records.push(recordOf(row, fields));
    if (records.length < RECORDS_AT_ONCE) continue;
    output.add(csvText(records));
    records = [];
  }
  output.add(csvText(records));
}

function recordOf({ step, timestamp, values }: MetricRow, fields: readonly MetricField[]): (string | null)[] {
  const micros = microsOf(timestamp);
  const metrics = fields.map(({ metric, type, mixed = false }) => {
    const value = Object.hasOwn(values, metric) ? values[metric] : undefined;
    if (value === undefined) return null;
    return mixed ? cellOfMixed(value) : cellOf(valueAs(value, type));
  });
  return [
    step === null || step === undefined ? null : String(step),
    micros === undefined ? null : isoOfMicros(micros),
    ...metrics,
  ];
}
