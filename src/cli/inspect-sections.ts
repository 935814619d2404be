import { type ParamValue, isParamGroup, paramLeaves } from '../model/param-value.js';
import { printable } from '../model/printable.js';
import { summaryNames } from '../pure/metric-definition.js';
import type { RunInfo } from '../reader/inspect-run.js';
import { storedArtifacts } from '../reader/read-artifacts.js';
import type { CheckpointFacts } from '../run/stored-checkpoint.js';
import type { LoggedMedia } from '../reader/read-media.js';
import type { Cell, Terminal } from './terminal.js';
import { MAX_TEXT, bytesText, count, cut, hashText, valueText, wholeText } from './words.js';

/**
 * The rows that a section shows.
 *
 * @bound tells: the last line says how many more, --json has all; specs/cli/inspecting.spec.ts
 * "shows 40 of each kind, and says how many more there are"
 */
const MAX_ROWS = 40;
/**
 * The characters of a parameter or a fact of the environment that are shown.
 *
 * @bound tells: the cell ends in an ellipsis, --json has all; specs/cli/inspecting.spec.ts "cuts a
 * long value visibly"
 */
const MAX_VALUE = 200;
/**
 * The characters of a name that are shown.
 *
 * @bound tells: the cell ends in an ellipsis, --json has all; specs/cli/inspecting.spec.ts "cuts a
 * long value visibly"
 */
const MAX_NAME = 64;

/** A table of facts about a run. */
interface Section {
  readonly heading: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** The number of rows that are not shown. */
  readonly left: number;
  /** The headings of columns that are aligned right. */
  readonly right: readonly string[];
}

/** The parts of a run that have files of their own; null for one that cannot be read. */
export interface InspectedParts {
  readonly media: readonly LoggedMedia[] | null;
  readonly checkpoints: readonly CheckpointFacts[] | null;
}

/**
 * Prints the parts of a run one below the other, each as a table; a part the run does not have is
 * left out.
 */
export function printSections(run: RunInfo, parts: InspectedParts, terminal: Terminal): void {
  const sections = [
    alertsSection(run),
    summarySection(run),
    paramsSection(run),
    metricsSection(run),
    definitionsSection(run),
    artifactsSection(run),
    linksSection('logged artifact', run.loggedArtifacts),
    linksSection('used artifact', run.usedArtifacts),
    checkpointsSection(parts.checkpoints ?? []),
    mediaSection(parts.media ?? []),
    resumesSection(run),
    lossesSection(run),
    environmentSection(run),
    filesSection(run),
  ];
  for (const { heading, rows, left, right } of sections) {
    if (rows.length === 0) continue;
    terminal.print('');
    terminal.table([heading, ...rows], right);
    if (left > 0) terminal.print(`  … and ${count(left)} more`);
  }
}

function section<T>(
  heading: readonly string[],
  items: readonly T[],
  rowOf: (item: T) => readonly Cell[],
  right: readonly string[] = [],
): Section {
  const shown = items.slice(0, MAX_ROWS);
  return { heading, rows: shown.map(rowOf), left: items.length - shown.length, right };
}

/** Shows the newest first, and how many had no room. */
function alertsSection({ alerts, alertsLeftOut }: RunInfo): Section {
  const shown = section(
    ['alert', 'level', 'raised', 'times', 'sent', 'text'],
    [...alerts].reverse(),
    ({ title, level, at, repeats, delivery, sentAt, text }) => [
      wholeText(title, MAX_VALUE),
      level,
      nameText(at),
      count(repeats + 1),
      delivery === 'none' ? '' : nameText(sentAt ?? 'not yet'),
      text === '' ? '' : wholeText(text, MAX_VALUE),
    ],
    ['times'],
  );
  return { ...shown, left: shown.left + alertsLeftOut };
}

/** Shows the headline first. */
function summarySection(run: RunInfo): Section {
  const { summary, headline } = run;
  return section(['summary', 'value', ...(headline.length > 0 ? [''] : [])], summaryNames(run), (name) => [
    nameText(name),
    wholeText(summary[name] ?? '', MAX_VALUE),
    ...(headline.length > 0 ? [headline.includes(name) ? 'headline' : ''] : []),
  ]);
}

const definitionsSection = ({ definitions }: RunInfo): Section =>
  section(
    ['defined metric', 'goal', 'x', 'summary'],
    Object.entries(definitions),
    ([pattern, { goal = '', x = '', summary = '' }]) => [nameText(pattern), goal, nameText(x), summary],
  );

const paramsSection = ({ params }: RunInfo): Section =>
  section(['param', 'value'], [...paramLeaves(params)], ([path, value]) => [
    nameText(path),
    wholeText(value, MAX_VALUE),
  ]);

function metricsSection({ metrics }: RunInfo): Section {
  const isMixed = [...metrics.values()]
    .slice(0, MAX_ROWS)
    .some(({ texts, count: values }) => texts !== undefined && texts < values);
  const heading = ['metric', 'last', 'min', 'max', 'mean', 'values', ...(isMixed ? ['texts'] : [])];
  return section(heading, [...metrics], ([metric, { last, count: values, min, max, mean, texts }]) => [
    printable(cut(metric, MAX_TEXT)),
    valueText(last),
    min === undefined ? '' : valueText(min),
    max === undefined ? '' : valueText(max),
    mean === undefined ? '' : valueText(mean),
    count(values),
    ...(isMixed ? [texts === undefined ? '' : count(texts)] : []),
  ]);
}

const artifactsSection = (run: RunInfo): Section =>
  section(
    ['artifact', 'bytes', 'sha256'],
    storedArtifacts(run),
    ({ name, bytes, sha256 }) => [nameText(name), count(bytes), hashText(sha256)],
    ['bytes'],
  );

/** Shows the newest checkpoint first. */
const checkpointsSection = (checkpoints: readonly CheckpointFacts[]): Section =>
  section(
    ['checkpoint of step', 'bytes', 'saved', 'sha256', 'ranked by'],
    [...checkpoints].reverse(),
    ({ step, size, savedAt, sha256, values }) => [
      String(step),
      count(size),
      nameText(savedAt),
      hashText(sha256),
      Object.entries(values)
        .map(([metric, value]) => `${nameText(metric)} ${valueText(value)}`)
        .join(', '),
    ],
    ['bytes'],
  );

const linksSection = (heading: string, links: RunInfo['usedArtifacts']): Section =>
  section([heading, 'type', 'digest', 'at'], Object.entries(links), ([ref, { type, digest, at }]) => [
    nameText(ref),
    nameText(type),
    hashText(digest),
    nameText(at),
  ]);

/** Shows one row per name and kind. */
function mediaSection(media: readonly LoggedMedia[]): Section {
  const groups = new Map<string, LoggedMedia[]>();
  for (const file of media) {
    const key = `${file.kind} ${file.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  return section(
    ['media', 'kind', 'files', 'last step', 'bytes'],
    [...groups.values()],
    (files) => [
      nameText(files[0]?.name ?? ''),
      files[0]?.kind ?? '',
      count(files.length),
      lastStepText(files),
      count(files.reduce((sum, { bytes }) => sum + bytes, 0)),
    ],
    ['files', 'last step', 'bytes'],
  );
}

function lastStepText(files: readonly LoggedMedia[]): string {
  const steps = files.flatMap(({ step }) => (step === null ? [] : [step]));
  return steps.length === 0 ? '' : String(steps.reduce((last, step) => (step > last ? step : last)));
}

/** Shows the newest resume first. */
const resumesSection = ({ identity: { resumed = [] } }: RunInfo): Section =>
  section(
    ['resumed', 'status before', 'last step', 'from step'],
    [...resumed].reverse(),
    ({ at, from, step, fromStep }) => [
      nameText(at),
      nameText(from),
      String(step ?? ''),
      String(fromStep ?? ''),
    ],
  );

const lossesSection = ({ losses }: RunInfo): Section =>
  section(
    ['lost in', 'epoch', 'first record', 'records', 'calls', 'other records'],
    losses,
    ({ file, epoch, firstRecord, records, calls, atMost, others = 0 }) => [
      file === '' ? 'an unknown place' : nameText(file),
      epoch < 0 ? '' : String(epoch),
      file === '' ? '' : count(firstRecord),
      count(records),
      `${atMost === true ? 'at most ' : ''}${count(calls)}`,
      count(others),
    ],
    ['epoch', 'first record', 'records', 'calls', 'other records'],
  );

/** Facts of the environment whose text is not that of any parameter. */
const ENVIRONMENT_TEXTS: ReadonlyMap<string, (value: ParamValue) => string | null> = new Map([
  ['memoryBytes', (bytes: ParamValue) => (typeof bytes === 'number' ? bytesText(bytes) : null)],
  [
    'argv',
    (words: ParamValue) =>
      Array.isArray(words) ? printable(cut(words.map(shellWord).join(' '), MAX_VALUE)) : null,
  ],
]);

/** Shows the process, and what run.yaml says of its surroundings. */
function environmentSection({ identity: { environment = {}, pid, host } }: RunInfo): Section {
  const facts = [...paramLeaves({ pid, host, ...environment })].filter(
    ([path, value]) => !(isParamGroup(value) || value === '' || (path === 'hostname' && value === host)),
  );
  return section(['environment', ''], facts, ([path, value]) => [
    nameText(path),
    ENVIRONMENT_TEXTS.get(path)?.(value) ?? wholeText(value, MAX_VALUE),
  ]);
}

/** Writes an argument as it would be typed. */
function shellWord(word: ParamValue): string {
  if (typeof word !== 'string') return wholeText(word, MAX_VALUE);
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

const filesSection = ({ files }: RunInfo): Section =>
  section(['file', 'bytes'], files, ({ name, bytes }) => [printable(name), count(bytes)], ['bytes']);

const nameText = (name: string): string => printable(cut(name, MAX_NAME));
