import { basename, dirname, join } from 'node:path';
import type { Params } from '../../model/params.js';
import type { ExpmanError } from '../../model/errors.js';
import { sanitiseParams } from '../../model/params.js';
import { RunStatus } from '../../model/run-status.js';
import { nodeFs } from '../../storage/node-fs.js';
import { asyncOf } from '../exchange/async-of.js';
import { isCsv, isWandbCsv } from '../csv/csv-importer.js';
import {
  NO_HINTS,
  type ExchangeRun,
  type ExchangeSource,
  type Importer,
  type TableHints,
} from '../exchange/exchange-run.js';
import { Findings } from '../exchange/findings.js';
import { isoOf } from '../exchange/instants.js';
import { summaryOf } from '../exchange/summary-json.js';
import { oneRun } from '../source/one-run.js';
import {
  beginningOf,
  foldersIn,
  isMapping,
  jsonAt,
  kindAt,
  type Mapping,
  namesIn,
  stemOf,
  textOr,
  textsOf,
  yamlAt,
} from '../source/source-files.js';
import { historyRows } from './history.js';
import { isOfflineLog } from './offline-log.js';
import { offlineRun } from './offline-run.js';
import { pythonJsonAt } from './python-json.js';
import { definitionsIn, summaryValues } from './run-summary.js';

const HISTORY = /^(?:wandb-)?history\.(?:csv|jsonl?|ndjson)$/i;
const HISTORY_FILE = /\.(?:csv|jsonl?|ndjson)$/i;
const STATUSES: ReadonlyMap<unknown, RunStatus> = new Map<unknown, RunStatus>([
  ['running', RunStatus.Running],
  ['finished', RunStatus.Finished],
  ['failed', RunStatus.Failed],
  ['crashed', RunStatus.Crashed],
  ['killed', RunStatus.Interrupted],
  ['preempted', RunStatus.Interrupted],
]);

/**
 * Reads runs that W&B keeps offline, from their logs `*.wandb`: those in a folder `wandb`, that in
 * the folder of a run, or a file. Configuration, history with histograms and media, summary, tags,
 * notes, group, exit code, output and saved files are taken.
 *
 * Reads the history of a Weights & Biases run, too: a CSV, JSON (an array) or JSONL file with a column
 * `_step`, or a folder with one called `history` or `wandb-history`.
 *
 * Files beside it are read too: `config.yaml` or `config.json`, with what `define_metric` said;
 * `wandb-summary.json`, without the copies of last values; `wandb-metadata.json` (start, state,
 * tags, names). A run without a stated status is FINISHED.
 */
export const wandbImporter: Importer<'wandb'> = {
  format: 'wandb',
  recognises: (path) => Promise.resolve(historyAt(path) !== null || offlineLogsAt(path).length > 0),
  takes: ['stepColumn', 'timeColumn', 'delimiter'],
  runs: runsAt,
};

async function* runsAt(
  path: string,
  options: TableHints = NO_HINTS,
): AsyncGenerator<ExchangeRun | ExpmanError, void> {
  const logs = offlineLogsAt(path);
  if (logs.length === 0) yield* oneRun(path, (from) => runAt(from, options));
  for (const log of logs) yield* oneRun(log, offlineRun);
}

/**
 * Lists the logs of runs that W&B keeps: the file itself, that in the folder of a run, those in the
 * folders `wandb/offline-run-*` and `wandb/run-*`, from any of the folders above.
 */
function offlineLogsAt(path: string): string[] {
  if (kindAt(path) === 'file') return isOfflineLog(path) ? [path] : [];
  const inner = join(path, 'wandb');
  const store = kindAt(inner) === 'folder' ? inner : path;
  const folders = [path, ...foldersIn(store).filter((folder) => RUN_FOLDER.test(basename(folder)))];
  return folders.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => /\.wandb$/.test(name))
      .map((name) => join(folder, name))
      .filter(isOfflineLog),
  );
}

const RUN_FOLDER = /^(?:offline-)?run-\d/;

function historyAt(path: string): string | null {
  if (kindAt(path) === 'file') return HISTORY_FILE.test(path) && hasStep(path) ? path : null;
  const name = namesIn(path).find((known) => HISTORY.test(known));
  return name === undefined || kindAt(join(path, name)) !== 'file' ? null : join(path, name);
}

/** True if the first records of a file have a `_step`. */
function hasStep(path: string): boolean {
  const text = beginningOf(path, 64 * 1024).toString('utf8');
  if (isCsv(path)) return isWandbCsv(path);
  const isOurs = /^\s*\{\s*"format"\s*:\s*"expman-rx\./.test(text);
  return !isOurs && /^\s*[[{]/.test(text) && /"_step"\s*:/.test(text);
}

async function runAt(path: string, options: TableHints): Promise<ExchangeRun> {
  const history = historyAt(path) ?? path;
  const folder = dirname(history);
  const about = jsonAt(join(folder, 'wandb-metadata.json')) ?? {};
  const startedAt = isoOf(about['startedAt'] ?? about['created_at']);
  const findings = new Findings();
  const rows = await historyRows(history, startedAt, findings, options);
  const { group } = about;
  const config = configIn(folder);
  const summary = pythonJsonAt(join(folder, 'wandb-summary.json')) ?? {};
  return {
    experiment: textOr(about['project'], basename(isOfOneRun(history) ? dirname(folder) : folder)),
    run: textOr(about['name'] ?? about['id'], nameOf(history)),
    status: STATUSES.get(about['state']) ?? RunStatus.Finished,
    startedAt,
    endedAt: endOf(summary, startedAt),
    tags: textsOf(about['tags']),
    notes: textOr(about['notes']),
    group: typeof group === 'string' ? group : null,
    params: paramsOf(config),
    ...summaryOf({ summary: await summaryValues(summary, rows), definitions: definitionsIn(config) }),
    fields: [],
    source: sourceOf(about, history),
    table: { modifiedMs: nodeFs.stat(history)?.modifiedMs ?? Date.now() },
    findings: () => findings.all,
    rows,
    log: () => asyncOf([]),
  };
}

function sourceOf(about: Mapping, history: string): ExchangeSource {
  const { id, username: user, git } = about;
  const commit = isMapping(git) ? git['commit'] : undefined;
  return {
    files: [history],
    ...(typeof id === 'string' && { id }),
    ...(typeof user === 'string' && { user }),
    ...(typeof commit === 'string' && { commit }),
  };
}

/**
 * True if the folder is the run's own: its history has a standard name, or W&B's metadata lie
 * beside it.
 */
const isOfOneRun = (history: string): boolean =>
  HISTORY.test(basename(history)) || jsonAt(join(dirname(history), 'wandb-metadata.json')) !== null;

/** Returns the name of a run; for a file with a standard name, that of its folder. */
const nameOf = (history: string): string =>
  HISTORY.test(basename(history)) ? basename(dirname(history)) : stemOf(history);

/** Returns the time its summary was written. */
function endOf({ _timestamp: seconds, _runtime: runtime }: Mapping, startedAt: string | null): string | null {
  if (typeof seconds === 'number' && seconds > 0 && seconds < 1e11)
    return new Date(seconds * 1000).toISOString();
  if (typeof runtime !== 'number' || startedAt === null || !(Math.abs(runtime) < 1e9)) return null;
  return new Date(Date.parse(startedAt) + runtime * 1000).toISOString();
}

const configIn = (folder: string): Mapping =>
  yamlAt(join(folder, 'config.yaml')) ?? jsonAt(join(folder, 'config.json')) ?? {};

/**
 * Returns the parameters in a configuration; W&B's own file has a `value` under each name, and
 * `_wandb` and `wandb_version` among them.
 */
function paramsOf(config: Mapping): Params {
  const isTheirs = 'wandb_version' in config || '_wandb' in config;
  const entries = Object.entries(config).flatMap(([name, entry]): [string, unknown][] => {
    if (name === '_wandb' || name === 'wandb_version') return [];
    return [
      [name, isMapping(entry) && 'value' in entry && isWrapped(entry, isTheirs) ? entry['value'] : entry],
    ];
  });
  return sanitiseParams(new Map(entries)).params;
}

const isWrapped = (entry: Mapping, isTheirs: boolean): boolean =>
  isTheirs || Object.keys(entry).every((key) => key === 'value' || key === 'desc');
