import { messageOf } from '../../model/errors.js';
import type { LogLine } from '../../run/log-line.js';
import type { MetricRow } from '../../model/metric.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeRun, Exporter, Importer } from '../exchange/exchange-run.js';
import { type MetricField, metricFieldsOf } from '../exchange/metric-fields.js';
import { oneRun } from '../source/one-run.js';
import { type Output, writeNewFile } from '../target/output-file.js';
import { headerFrom, headerMembers, type RunHeader } from '../exchange/run-header.js';
import { beginningOf, corruptAt, isMapping, kindAt, type Mapping } from '../source/source-files.js';
import { logLineFrom, logLineJson, rowReader, rowWriter } from './json-lines.js';
import { linesOf } from './lines.js';

const FORMAT = 'expman-rx.ndjson';

/**
 * Writes one JSON object per line: the run (`{"format":…,"run":{…},"params":{…},"fields":[…]}`),
 * `{"row":{…}}` for each row, `{"log":{…}}` for each log line, and finally
 * `{"end":{"rows":…,"lines":…}}`, without which a file was cut off.
 */
export const ndjsonExporter: Exporter<'ndjson'> = {
  format: 'ndjson',
  makes: 'file',
  loses: '',
  write: async (run, path) => {
    const fields = await metricFieldsOf(run);
    await writeNewFile(path, (output) => writeLines(output, FORMAT, run, fields, true));
  },
};

/** Reads files of {@link ndjsonExporter}, a line at a time. */
export const ndjsonImporter: Importer<'ndjson'> = {
  format: 'ndjson',
  recognises: (path) => Promise.resolve(isLinesFile(path, FORMAT)),
  runs: (path) => oneRun(path, runIn),
};

/** True if a file begins with a header of that format. */
export function isLinesFile(path: string, format: string): boolean {
  if (kindAt(path) !== 'file') return false;
  return beginningOf(path, 64).toString('latin1').startsWith(`{"format":"${format}"`);
}

/** Writes a run as lines of JSON, with its rows or, if they are in another file, without. */
export async function writeLines(
  output: Output,
  format: string,
  run: ExchangeRun,
  fields: readonly MetricField[],
  withRows: boolean,
): Promise<void> {
  output.add(`{${headerMembers(format, run, fields)}}\n`);
  const write = rowWriter(fields);
  let rows = 0;
  let lines = 0;
  if (withRows)
    for await (const row of run.rows()) {
      output.add(`{"row":${write(row)}}\n`);
      rows++;
    }
  for await (const line of run.log()) {
    output.add(`{"log":${logLineJson(line)}}\n`);
    lines++;
  }
  output.add(`{"end":{"rows":${rows},"lines":${lines}}}\n`);
}

/** Reads the run in such a file. */
export function runIn(path: string): Omit<ExchangeRun, 'fields'> & RunHeader {
  const header = headerOf(path);
  const { fields } = header;
  return {
    ...header,
    source: { files: [path] },
    fields: fields.map((field) => ({ ...field, name: field.metric })),
    rows: () => asyncOf(rowsIn(path, fields)),
    log: () => asyncOf(logIn(path)),
  };
}

/** Reads the header of such a file, the fields with their columns. */
export function headerOf(path: string): RunHeader {
  for (const { text, number } of linesOf(path)) return headerFrom(parsed(text, path, number), path, number);
  throw corruptAt(path, 'it is empty');
}

function* rowsIn(path: string, fields: readonly MetricField[]): Generator<MetricRow, void> {
  const read = rowReader(fields);
  let rows = 0;
  for (const { text, number } of linesOf(path)) {
    if (number === 1) continue;
    const wrong = (what: string): Error => corruptAt(path, what, number);
    const line = parsed(text, path, number);
    if ('end' in line) {
      if (!isMapping(line['end']) || line['end']['rows'] !== rows)
        throw wrong(`it does not end after ${rows} rows`);
      return;
    }
    if (!('row' in line)) continue;
    yield read(line['row'], wrong);
    rows++;
  }
  throw corruptAt(path, `it is cut off after ${rows} rows`);
}

function* logIn(path: string): Generator<LogLine, void> {
  for (const { text, number } of linesOf(path)) {
    // Rows are most of the file, and were read before.
    if (number === 1 || text.startsWith('{"row":')) continue;
    const line = parsed(text, path, number);
    if ('log' in line) yield logLineFrom(line['log'], (what) => corruptAt(path, what, number));
    if ('end' in line) return;
  }
  throw corruptAt(path, 'it is cut off');
}

function parsed(text: string, path: string, number: number): Mapping {
  try {
    const json: unknown = JSON.parse(text);
    if (isMapping(json)) return json;
  } catch (error) {
    throw corruptAt(path, `not valid JSON: ${messageOf(error)}`, number);
  }
  throw corruptAt(path, 'it is not a JSON object', number);
}
