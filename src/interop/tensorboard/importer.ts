import type { LogLine } from '../../run/log-line.js';
import { suffixedName, parseName, type RunName } from '../../model/names.js';
import { oneOf } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { RunStatus } from '../../model/run-status.js';
import type { ExchangeRun, Importer } from '../exchange/exchange-run.js';
import { Findings } from '../exchange/findings.js';
import { summaryOf } from '../exchange/summary-json.js';
import { type EventFolder, eventFolders, holdsEventFiles, topName } from './event-files.js';
import { folderName } from './folder-name.js';
import { momentsOf, rowsOf } from './moments.js';
import { RunSurvey } from './run-survey.js';
import type { RunRecord } from './run-tag.js';

/** Options for importing TensorBoard's files. */
export interface TensorBoardImportOptions {
  /**
   * The reaction to a record that fails its checks: `'throw'` (the default) ends the import,
   * `'stop'` stops reading its file, keeps the records before it and tells that with the run.
   */
  readonly onCorrupt?: 'throw' | 'stop' | undefined;
}

const OPTIONS = optionsTable<TensorBoardImportOptions>()({
  onCorrupt: oneOf('throw', 'stop').byDefault('throw'),
});

/**
 * Reads TensorBoard's event files: one file, or a folder in which each folder with event files is a
 * run.
 *
 * Scalars of TensorFlow 1 and PyTorch (`simple_value`, a float32) and of TensorFlow 2 (a tensor)
 * become numbers; texts become text metrics; histograms become text metrics that hold
 * `{"edges":[…],"counts":[…],"min":…,"max":…,"mean":…,"count":…}`; the hparams plugin provides
 * parameters, group, times and status, and those of its metrics that have one value are summary
 * values as well. Images, sounds and other tensors are counted, and left out,
 * which is told. Consecutive values of one step form one row, with the time of the first.
 * A last record that is cut off is left out, which is told. A run that does not state how
 * it ended is `FINISHED`.
 *
 * A run is named after its folder's path below the given one, its experiment after the given
 * folder, unless the files state their names. Each run is read twice: once for its facts, once for
 * each pass over its rows. Memory does not grow with the rows; no record may exceed 64 MiB.
 *
 * Reading throws `CORRUPT` with the offset of a record that does not match its checksum, is not a
 * valid event or has no valid time; `IO` if the file system refuses.
 *
 * The formats are those of TensorFlow's
 * [record_writer.cc](https://github.com/tensorflow/tensorflow/blob/master/third_party/xla/xla/tsl/lib/io/record_writer.cc),
 * [event.proto](https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto)
 * and
 * [summary.proto](https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/summary.proto),
 * and TensorBoard's
 * [plugin_data.proto](https://github.com/tensorflow/tensorboard/blob/master/tensorboard/plugins/hparams/plugin_data.proto).
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, at the call
 * @example
 * for await (const run of tensorboardImporter().runs('./runs')) console.log(run.run, run.params);
 */
export function tensorboardImporter(options: TensorBoardImportOptions = {}): Importer<'tensorboard'> {
  const { onCorrupt } = OPTIONS.resolve(options);
  return {
    format: 'tensorboard',
    recognises: holdsEventFiles,
    runs: (path) => runsIn(path, onCorrupt),
  };
}

async function* runsIn(path: string, onCorrupt: 'throw' | 'stop'): AsyncGenerator<ExchangeRun> {
  const top = folderName(await topName(path));
  const taken = new Set<string>();
  for await (const folder of eventFolders(path)) {
    const run = await runOf(folder, top, onCorrupt);
    const name = freeName(run.run, taken);
    taken.add(name);
    yield { ...run, run: name };
  }
}

async function runOf(
  { name, files }: EventFolder,
  top: string,
  onCorrupt: 'throw' | 'stop',
): Promise<ExchangeRun> {
  const survey = new RunSurvey();
  const findings = new Findings();
  const note = (text: string): void => {
    findings.add('damaged', text);
  };
  for await (const moment of momentsOf(files, { onCorrupt, note })) survey.add(moment);
  for (const what of survey.omissions) findings.add('left out', what);
  const { record, session, types } = survey;
  const { figures = [], ...facts }: Omit<RunRecord, 'experiment' | 'run'> = record ?? {
    ...{ ...factsOf(survey), tags: [], notes: '', params: session.params ?? {} },
    ...summaryOf({ summary: survey.figures }),
  };
  const shown = new Set(figures);
  return {
    ...facts,
    experiment: folderName(record?.experiment || session.experiment || top),
    run: folderName(record?.run || name || top),
    fields: types.fields.filter(({ name: metric }) => !shown.has(metric)),
    rows: () => rowsOf(momentsOf(files, { onCorrupt }), shown),
    source: { files },
    ...(record === null && { table: { modifiedMs: survey.lastMs ?? Date.now() } }),
    findings: () => findings.all,
    log: () => linesOf(files, survey, onCorrupt),
  };
}

/**
 * Returns the facts of a run from the hparams plugin or, failing that, from the times of the
 * values.
 */
function factsOf({
  session,
  firstMs,
  lastMs,
}: RunSurvey): Pick<ExchangeRun, 'status' | 'startedAt' | 'endedAt' | 'group'> {
  const status = session.status ?? RunStatus.Finished;
  const ended = status === RunStatus.Running ? null : (isoTime(inMs(session.endedAt)) ?? isoTime(lastMs));
  const group = session.group ?? '';
  return {
    status,
    startedAt: isoTime(inMs(session.startedAt)) ?? isoTime(firstMs),
    endedAt: ended,
    group: group === '' ? null : group,
  };
}

async function* linesOf(
  files: readonly string[],
  { lineCount }: RunSurvey,
  onCorrupt: 'throw' | 'stop',
): AsyncGenerator<LogLine> {
  if (lineCount === 0) return;
  for await (const { meanings } of momentsOf(files, { onCorrupt }))
    for (const meaning of meanings) if (meaning.kind === 'line') yield meaning.line;
}

function freeName(wanted: string, taken: ReadonlySet<string>): RunName {
  const name = parseName('run', wanted);
  let free = name;
  for (let n = 2; taken.has(free); n++) free = suffixedName(name, n);
  return free;
}

// A field that was never set reads as zero.
const inMs = (seconds: number | undefined): number | null =>
  seconds === undefined || seconds === 0 ? null : seconds * 1000;

function isoTime(ms: number | null): string | null {
  if (ms === null || !(Math.abs(ms) <= 8.64e15)) return null;
  return new Date(ms).toISOString();
}
