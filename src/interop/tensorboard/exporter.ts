import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatLogLine } from '../../run/log-line.js';
import type { MetricValue } from '../../model/metric.js';
import { bareObject } from '../../model/param-value.js';
import type { ExchangeRun, Exporter } from '../exchange/exchange-run.js';
import { EventFileWriter } from './event-file-writer.js';
import { hparamsValue, summaryEvent, wallTimeOf } from './event-writing.js';
import { experimentData, flatHparams, sessionEndData, sessionStartData } from './hparams.js';
import { ioError } from './io-error.js';
import { LOG_TAG } from './meaning.js';
import { RUN_TAG, runRecordText } from './run-tag.js';
import { kindOf, SummaryEncoder, type TagKind } from './summary-encoder.js';

const LOSES =
  'A row without a step gets the number of rows before it; a row without values is dropped; consecutive rows of one ' +
  "step become one, with the first one's time. Only the edges and counts of a histogram are kept. A metric that is text in some " +
  'rows is text in all; a lone surrogate is U+FFFD. TensorBoard itself shows numbers as float32, and of the summary only ' +
  'numbers and booleans; its texts, headline and definitions of metrics are in the text expman-rx/run. Artifacts are not exported.';

/**
 * Writes a run as a folder with one TensorBoard event file.
 *
 * A number is a float32 scalar, which TensorBoard shows, with its exact value and type next to it
 * in the same tensor: {@link tensorboardImporter} restores every double, INT64 and boolean. Texts
 * are shown in the Text tab, histograms in theirs; parameters and status are a session of the
 * HParams tab (flat names, `optimizer.lr`), and the numbers of the summary are its first metrics:
 * the tab shows the last scalar of each tag that the experiment names, so they are written once,
 * under `summary/` and their names. Facts that TensorBoard has no place for (names, exact
 * parameters and status, tags, notes) are the text `expman-rx/run`, the log is the text
 * `expman-rx/log`.
 *
 * The run's rows are read twice. On failure nothing is left behind.
 *
 * `write` throws `IO` if the folder exists already or the file system refuses.
 *
 * @example
 * await tensorboardExporter().write(run, './runs/my_exp/20260101_120000');
 */
export function tensorboardExporter(): Exporter<'tensorboard'> {
  return { format: 'tensorboard', makes: 'folder', loses: LOSES, write };
}

async function write(run: ExchangeRun, path: string): Promise<void> {
  const kinds = await kindsOf(run);
  try {
    await mkdir(dirname(path), { recursive: true });
    await mkdir(path);
  } catch (error) {
    throw ioError(path, error);
  }
  try {
    await fill(new EventFileWriter(path, { flushIntervalMs: 0 }), run, kinds);
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw error;
  }
}

async function fill(
  file: EventFileWriter,
  run: ExchangeRun,
  kinds: ReadonlyMap<string, TagKind>,
): Promise<void> {
  try {
    const encoder = new SummaryEncoder(kinds);
    const startedAt = secondsOf(run.startedAt);
    const figures = figuresOf(run, kinds);
    file.append(
      summaryEvent(startedAt, 0, sessionStart(run, startedAt, [...figures.keys(), ...numericOf(kinds)])),
    );
    for (const event of encoder.row({
      step: 0,
      wallTime: startedAt,
      values: { [RUN_TAG]: runRecordText({ ...run, figures: [...figures.keys()] }) },
    }))
      file.append(event);
    let rowCount = 0;
    for await (const { step, timestamp = Date.now(), values } of run.rows()) {
      for (const event of encoder.row({ step: step ?? rowCount, wallTime: wallTimeOf(timestamp), values }))
        file.append(event);
      rowCount++;
      file.check();
    }
    const values = bareObject(figures);
    for (const event of encoder.row({ step: 0, wallTime: secondsOf(run.endedAt ?? run.startedAt), values }))
      file.append(event);
    await writeLog(file, encoder, run);
    const endedAt = secondsOf(run.endedAt);
    if (run.status !== 'RUNNING')
      file.append(summaryEvent(endedAt, 0, [hparamsValue('end', sessionEndData(run.status, endedAt))]));
  } finally {
    file.close();
  }
}

/** Makes the summaries that TensorBoard's HParams tab shows of a run from its start on. */
function sessionStart(run: ExchangeRun, startedAt: number, metrics: readonly string[]): Uint8Array[] {
  const hparams = flatHparams(run.params);
  return [
    hparamsValue('experiment', experimentData(run.experiment, startedAt, hparams, metrics)),
    hparamsValue('start', sessionStartData(hparams, run.group, startedAt)),
  ];
}

const numericOf = (kinds: ReadonlyMap<string, TagKind>): string[] =>
  [...kinds].filter(([, kind]) => kind === 'SCALAR').map(([tag]) => tag);

/** Returns the numbers of the summary by the tags that show them, which no metric has. */
function figuresOf(
  { summary = {}, headline = [] }: ExchangeRun,
  kinds: ReadonlyMap<string, TagKind>,
): ReadonlyMap<string, MetricValue> {
  const figures = new Map<string, MetricValue>();
  for (const name of new Set([...headline, ...Object.keys(summary)])) {
    const value = Object.hasOwn(summary, name) ? summary[name] : undefined;
    if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'boolean') continue;
    let tag = `summary/${name}`;
    while (kinds.has(tag) || figures.has(tag)) tag += '_';
    figures.set(tag, value);
  }
  return figures;
}

async function writeLog(file: EventFileWriter, encoder: SummaryEncoder, run: ExchangeRun): Promise<void> {
  let lineCount = 0;
  for await (const { level, message, meta, timestampMs } of run.log()) {
    const text = formatLogLine(level, message, meta, timestampMs);
    for (const event of encoder.row({
      step: lineCount,
      wallTime: wallTimeOf(timestampMs),
      values: { [LOG_TAG]: text },
    }))
      file.append(event);
    lineCount++;
    file.check();
  }
}

/**
 * Determines the kind of each metric over all rows: a tag has one plugin, and its first value does
 * not decide it.
 */
async function kindsOf(run: ExchangeRun): Promise<ReadonlyMap<string, TagKind>> {
  const kinds = new Map<string, TagKind>();
  for await (const { values } of run.rows()) {
    for (const [name, value] of Object.entries(values)) {
      const kind = kindOf(value);
      const known = kinds.get(name) ?? kind;
      kinds.set(name, known === kind ? kind : 'TEXT');
    }
  }
  return kinds;
}

const secondsOf = (time: string | null): number => (time === null ? Date.now() : Date.parse(time)) / 1000;
