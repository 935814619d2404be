import type { LogLine } from '../../run/log-line.js';
import { ExpmanError } from '../../model/errors.js';
import { suffixedName, parseName, type RunName } from '../../model/names.js';
import { oneOf } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { RunStatus } from '../../model/run-status.js';
import type { SummaryValues } from '../../model/summary-values.js';
import type { ExchangeMedia, ExchangeRun, Importer } from '../exchange/exchange-run.js';
import { someNames } from '../exchange/some-names.js';
import { summaryOf } from '../exchange/summary-json.js';
import { type EventFolder, eventTree, holdsEventFiles, topName } from './event-files.js';
import { type Folding, foldingOf, sessionOf } from './folding.js';
import { folderName } from './folder-name.js';
import type { SessionFacts } from './hparams.js';
import { type Moment, momentsOf, rowsOf } from './moments.js';
import { momentsOfParts, type RunPart } from './run-part.js';
import type { RunSurvey } from './run-survey.js';
import type { RunRecord } from './run-tag.js';
import { type SurveyedFolder, surveyOf } from './surveyed-folder.js';

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
 * run; also those that gzip has compressed.
 *
 * Scalars of TensorFlow 1 and PyTorch (`simple_value`, a float32) and of TensorFlow 2 (a tensor)
 * become numbers; texts become text metrics; histograms become text metrics that hold
 * `{"edges":[…],"counts":[…],"min":…,"max":…,"mean":…,"count":…}`; the hparams plugin provides
 * parameters, group, times and status, and those of its metrics that have one value are summary
 * values as well. Images and sounds become media; other tensors are counted, and left out,
 * which is told. Consecutive values of one step form one row, with the time of the first.
 * A last record that is cut off is left out, which is told. A run that does not state how
 * it ended is `FINISHED`.
 *
 * The sub-folders that `add_scalars` and `add_hparams` of PyTorch and tensorboardX make are parts of
 * the run whose folder they are in: the series of `add_scalars` are metrics `tag/key`. Where the
 * events say that the training was started again at an earlier step, what was logged from there on
 * before is left out, as in TensorBoard. Both are told. A link is followed within the given folder.
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
  const top = await topName(path);
  const { folders, strayLinks } = await eventTree(path);
  const taken = new Set<string>();
  const folded = new Set<string>();
  const groups = new Map<string, string>();
  for (const [at, folder] of folders.entries()) {
    if (folded.has(folder.name)) continue;
    const own = await surveyOf(folder, onCorrupt);
    const below = foldersBelow(folders, at);
    const folding = await foldingOf(own, below, onCorrupt);
    for (const name of folding.folded) folded.add(name);
    for (const name of folding.grouped) groups.set(name, folder.name || top);
    // SummaryWriter leaves a file without values where all that was logged went into sub-folders.
    const isBare = own.survey.isEmpty && own.findings.all.length === 0 && folding.parts.length === 0;
    if (isBare && below.length > 0) continue;
    if (taken.size === 0 && strayLinks.length > 0)
      own.findings.add(
        'left out',
        `what links lead to outside of the given folder: ${someNames(strayLinks)}`,
      );
    const run = runOf(own, folding, { top, onCorrupt, group: groups.get(folder.name) ?? null });
    const name = freeName(folderName(run.run), taken);
    taken.add(name);
    yield { ...run, run: name, source: { ...run.source, ...(run.run !== name && { name: run.run }) } };
  }
  if (folders.length === 0 && strayLinks.length > 0)
    throw new ExpmanError(
      'CORRUPT',
      `${path}: its links (${someNames(strayLinks)}) lead out of it and are not followed; give the folder that they lead to`,
      { path },
    );
}

/** Returns the folders below one, which come right after it. */
function foldersBelow(folders: readonly EventFolder[], at: number): readonly EventFolder[] {
  const name = folders[at]?.name ?? '';
  let end = at + 1;
  while (end < folders.length && (name === '' || folders[end]?.name.startsWith(`${name}/`) === true)) end++;
  return folders.slice(at + 1, end);
}

function runOf(
  { folder, survey, restarts, findings }: SurveyedFolder,
  { parts, sessions, series, guessed }: Folding,
  { top, onCorrupt, group }: { top: string; onCorrupt: 'throw' | 'stop'; group: string | null },
): ExchangeRun {
  for (const part of [...sessions, ...series])
    for (const { kind, text } of part.findings.all) findings.add(kind, text);
  for (const text of guessed) findings.add('guessed', text);
  const all: RunPart[] = [{ files: folder.files, restarts, nameOf: (metric) => metric }, ...parts];
  const surveys = [survey, ...[...sessions, ...series].map((part) => part.survey)];
  const { record } = survey;
  const session = { ...survey.session, ...sessionOf(sessions) };
  const lastMs = latest(surveys);
  const { figures = [], ...facts }: Omit<RunRecord, 'experiment' | 'run'> = record ?? {
    ...{ ...factsOf(session, surveys, group), tags: [], notes: '', params: session.params ?? {} },
    ...summaryOf({ summary: figuresOf(survey, sessions) }),
  };
  const shown = new Set(figures);
  const moments = (): AsyncGenerator<Moment> => momentsOfParts(all, { onCorrupt });
  return {
    ...facts,
    experiment: folderName(record?.experiment || session.experiment || top),
    run: record?.run || folder.name || top,
    fields: parts.length > 0 ? [] : survey.types.fields.filter(({ name: metric }) => !shown.has(metric)),
    rows: () => rowsOf(moments(), shown),
    source: { files: all.flatMap(({ files }) => files) },
    ...(record === null && { table: { modifiedMs: lastMs ?? Date.now() } }),
    ...(survey.mediaCount > 0 && { media: () => mediaOf(moments()) }),
    findings: () => findings.all,
    log: () => linesOf(folder.files, survey, onCorrupt),
  };
}

/** The final metrics: those of the run itself that its session names, and those of `add_hparams`. */
const figuresOf = (survey: RunSurvey, sessions: readonly SurveyedFolder[]): SummaryValues =>
  sessions.reduce((figures, part) => ({ ...figures, ...part.survey.figures }), survey.figures);

const latest = (surveys: readonly RunSurvey[]): number | null =>
  surveys.reduce<number | null>(
    (last, { lastMs }) => (lastMs === null ? last : Math.max(last ?? lastMs, lastMs)),
    null,
  );

/**
 * Returns the facts of a run from the hparams plugin or, failing that, from the times of the
 * values.
 */
function factsOf(
  session: SessionFacts,
  surveys: readonly RunSurvey[],
  folder: string | null,
): Pick<ExchangeRun, 'status' | 'startedAt' | 'endedAt' | 'group'> {
  const status = session.status ?? RunStatus.Finished;
  const lastMs = latest(surveys);
  const firstMs = surveys.reduce((first, survey) => Math.min(first, survey.firstMs ?? Infinity), Infinity);
  const ended = status === RunStatus.Running ? null : (isoTime(inMs(session.endedAt)) ?? isoTime(lastMs));
  return {
    status,
    startedAt: isoTime(inMs(session.startedAt)) ?? isoTime(firstMs),
    endedAt: ended,
    group: session.group || folder,
  };
}

async function* mediaOf(moments: AsyncIterable<Moment>): AsyncGenerator<ExchangeMedia> {
  for await (const { step, meanings } of moments)
    for (const meaning of meanings)
      if (meaning.kind === 'media') yield* meaning.media.map((each) => ({ ...each, step }));
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
