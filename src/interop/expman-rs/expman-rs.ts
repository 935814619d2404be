import { basename, dirname, join } from 'node:path';
import { ExpmanError } from '../../model/errors.js';
import { bareObject } from '../../model/param-value.js';
import { sanitiseParams } from '../../model/params.js';
import { isRunStatus, RunStatus } from '../../model/run-status.js';
import type { SummaryValues } from '../../model/summary-values.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeRun, Importer } from '../exchange/exchange-run.js';
import { isoOf } from '../exchange/instants.js';
import { filesBelow } from '../source/files-below.js';
import { summaryOf } from '../exchange/summary-json.js';
import {
  asExpmanError,
  foldersIn,
  isMapping,
  kindAt,
  type Mapping,
  namesIn,
  textOr,
  textsOf,
  yamlAt,
} from '../source/source-files.js';
import { logOf } from './log-file.js';
import { SEGMENT, tablesOf, VECTORS } from './tables.js';

/** The depth of run folders below the path: a folder of experiments, an experiment, a run. */
const DEPTH = 2;

/**
 * Reads the runs of the Rust crate `expman` (`expman-rs` in Python), closed ones and those with
 * segments only: `vectors.parquet`, or `metrics.parquet` in its first versions, and
 * `vectors-0000.arrow` and following.
 *
 * Its scalars are the summary: of each it keeps only the last value (`RunMetadata` in its
 * `src/core/models.rs`). A run that says RUNNING is INTERRUPTED: it does not record whether its
 * process is alive. Histograms, media and system metrics are left out.
 */
export const expmanRsImporter: Importer<'expman-rs'> = {
  format: 'expman-rs',
  recognises: (path) => Promise.resolve(runFoldersAt(path).next().done !== true),
  runs: (path) => asyncOf(runsAt(path)),
};

function* runsAt(path: string): Generator<ExchangeRun | ExpmanError, void> {
  for (const folder of runFoldersAt(path)) {
    try {
      yield runIn(folder);
    } catch (error) {
      yield asExpmanError(error, folder);
    }
  }
}

function* runFoldersAt(path: string, depth = DEPTH): Generator<string, void> {
  if (kindAt(path) !== 'folder') return;
  if (isRun(path)) yield path;
  else if (depth > 0) for (const folder of foldersIn(path)) yield* runFoldersAt(folder, depth - 1);
}

/**
 * True for a run folder: its `run.yaml` has a name but, unlike ours, no uuid; a run that was killed
 * at once may only have rows.
 */
function isRun(folder: string): boolean {
  const names = namesIn(folder);
  if (names.some((name) => name === VECTORS || SEGMENT.test(name))) return true;
  if (!names.includes('run.yaml')) return false;
  try {
    const { uuid, name, started_at: startedAt } = yamlAt(join(folder, 'run.yaml')) ?? {};
    return uuid === undefined && typeof name === 'string' && startedAt !== undefined;
  } catch {
    return false;
  }
}

function runIn(folder: string): ExchangeRun {
  const said = yamlAt(join(folder, 'run.yaml')) ?? {};
  const { status, group } = said;
  return {
    experiment: textOr(said['experiment'], basename(dirname(folder))),
    run: textOr(said['name'], basename(folder)),
    // A run without a run.yaml was killed before it had one.
    status: isRunStatus(status) ? status : RunStatus.Crashed,
    startedAt: isoOf(said['started_at']),
    endedAt: isoOf(said['finished_at']),
    tags: textsOf(said['tags']),
    notes: textOr(said['description']),
    group: typeof group === 'string' ? group : null,
    params: sanitiseParams(yamlAt(join(folder, 'config.yaml')) ?? {}).params,
    ...summaryOf({ summary: scalarsOf(said) }),
    fields: [],
    source: { files: filesBelow(folder).map(([, path]) => path) },
    rows: () => tablesOf(folder),
    log: () => asyncOf(logOf(folder)),
  };
}

/**
 * Returns the scalars as summary values; the run that they are written to refuses, counts and
 * reports what is not a value.
 */
const scalarsOf = ({ scalars }: Mapping): SummaryValues =>
  bareObject(isMapping(scalars) ? Object.entries(scalars) : []) as SummaryValues;
