import { messageOf } from '../../model/errors.js';
import type { LogLine } from '../../run/log-line.js';
import type { MetricRow } from '../../model/metric.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeRun, Exporter, Importer } from '../exchange/exchange-run.js';
import { type MetricField, metricFieldsOf } from '../exchange/metric-fields.js';
import { oneRun } from '../source/one-run.js';
import { type Output, writeNewFile } from '../target/output-file.js';
import { headerFrom, headerMembers } from '../exchange/run-header.js';
import { beginningOf, corruptAt, isMapping, kindAt, textAt } from '../source/source-files.js';
import { logLineFrom, logLineJson, rowReader, rowWriter } from './json-lines.js';

const FORMAT = 'expman-rx.json';
const OURS = /^\s*\{\s*"format"\s*:\s*"expman-rx\.json"/;
// A longer text is beyond what the engine holds as one string.
// @bound refuses: CORRUPT, with the size
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Writes one JSON object, `{ format, version, run, params, fields, rows, log }`, with each row and
 * log line on a line of its own.
 */
export const jsonExporter: Exporter<'json'> = {
  format: 'json',
  makes: 'file',
  loses: '',
  write: async (run, path) => {
    const fields = await metricFieldsOf(run);
    await writeNewFile(path, (output) => write(output, run, fields));
  },
};

/** Reads files of {@link jsonExporter}, up to 256 MB, even if they were reformatted. */
export const jsonImporter: Importer<'json'> = {
  format: 'json',
  recognises: (path) =>
    Promise.resolve(kindAt(path) === 'file' && OURS.test(beginningOf(path, 256).toString('latin1'))),
  runs: (path) => oneRun(path, runIn),
};

async function write(output: Output, run: ExchangeRun, fields: readonly MetricField[]): Promise<void> {
  const rowText = rowWriter(fields);
  output.add(`{${headerMembers(FORMAT, run, fields)},"rows":[`);
  let separator = '\n';
  for await (const row of run.rows()) {
    output.add(separator + rowText(row));
    separator = ',\n';
  }
  output.add('\n],"log":[');
  separator = '\n';
  for await (const line of run.log()) {
    output.add(separator + logLineJson(line));
    separator = ',\n';
  }
  output.add('\n]}\n');
}

function runIn(path: string): ExchangeRun {
  const json = parsedFile(path);
  const header = headerFrom(json, path);
  const { rows, log } = isMapping(json) ? json : {};
  if (!Array.isArray(rows) || !Array.isArray(log)) throw corruptAt(path, 'it has no rows or no log');
  return {
    ...header,
    source: { files: [path] },
    fields: header.fields.map((field) => ({ ...field, name: field.metric })),
    rows: () => asyncOf(rowsFrom(rows, header.fields, path)),
    log: () => asyncOf(logFrom(log, path)),
  };
}

function parsedFile(path: string): unknown {
  const text = textAt(path, MAX_BYTES) ?? '';
  try {
    return JSON.parse(text);
  } catch (error) {
    throw corruptAt(path, `not valid JSON: ${messageOf(error)}`);
  }
}

function* rowsFrom(
  rows: readonly unknown[],
  fields: readonly MetricField[],
  path: string,
): Generator<MetricRow, void> {
  const read = rowReader(fields);
  for (const [at, row] of rows.entries()) yield read(row, (what) => corruptAt(path, `rows[${at}]: ${what}`));
}

function* logFrom(log: readonly unknown[], path: string): Generator<LogLine, void> {
  for (const [at, line] of log.entries())
    yield logLineFrom(line, (what) => corruptAt(path, `log[${at}]: ${what}`));
}
