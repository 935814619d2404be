import { basename, dirname, join } from 'node:path';
import { ExpmanError } from '../../model/errors.js';
import type { ParamValue, Params } from '../../model/params.js';
import { bareObject } from '../../model/param-value.js';
import { RunStatus } from '../../model/run-status.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeRun, Importer } from '../exchange/exchange-run.js';
import { filesBelow } from '../source/files-below.js';
import { isoOfMs } from '../exchange/instants.js';
import { summaryOf } from '../exchange/summary-json.js';
import {
  asExpmanError,
  beginningOf,
  foldersIn,
  kindAt,
  type Mapping,
  textAt,
  textOr,
  yamlAt,
} from '../source/source-files.js';
import { figuresOf, metricFilesIn, rowsOfMetrics } from './mlflow-metrics.js';

const META = 'meta.yaml';
const STATUSES: ReadonlyMap<unknown, RunStatus> = new Map<unknown, RunStatus>([
  [1, RunStatus.Running],
  [2, RunStatus.Running],
  [3, RunStatus.Finished],
  [4, RunStatus.Failed],
  [5, RunStatus.Interrupted],
  ['RUNNING', RunStatus.Running],
  ['SCHEDULED', RunStatus.Running],
  ['FINISHED', RunStatus.Finished],
  ['FAILED', RunStatus.Failed],
  ['KILLED', RunStatus.Interrupted],
]);

/**
 * Reads a file store of MLflow (`mlruns`), one of its experiments, or one run; deleted runs are
 * left out.
 *
 * A killed run is INTERRUPTED. User tags become `key=value`; MLflow's own tags are left out, except
 * name and note. A parameter text that is a number or a boolean becomes one. A metric with one
 * value, at step 0, is a summary value as well.
 */
export const mlflowImporter: Importer<'mlflow'> = {
  format: 'mlflow',
  recognises: (path) => Promise.resolve(runFoldersAt(path).next().done !== true),
  runs: (path) => asyncOf(runsAt(path)),
};

function* runsAt(path: string): Generator<ExchangeRun | ExpmanError, void> {
  for (const folder of runFoldersAt(path)) {
    try {
      const run = runIn(folder);
      if (run !== null) yield run;
    } catch (error) {
      yield asExpmanError(error, folder);
    }
  }
}

/**
 * Yields the folders of runs: the path itself, those in an experiment, those in the experiments of
 * a store.
 */
function* runFoldersAt(path: string): Generator<string, void> {
  if (isRun(path)) {
    yield path;
    return;
  }
  for (const folder of foldersIn(path)) {
    if (isRun(folder)) yield folder;
    else yield* foldersIn(folder).filter(isRun);
  }
}

/** True for a run folder; experiments have a `meta.yaml` too. */
const isRun = (folder: string): boolean =>
  kindAt(folder) === 'folder' &&
  /^run_(?:id|uuid):/m.test(beginningOf(join(folder, META), 64 * 1024).toString('utf8'));

/** Reads a run; null if it was deleted. */
function runIn(folder: string): ExchangeRun | null {
  const meta = yamlAt(join(folder, META)) ?? {};
  if (meta['lifecycle_stage'] === 'deleted') return null;
  const tags = tagsIn(join(folder, 'tags'));
  const files = metricFilesIn(join(folder, 'metrics'));
  const name = tags.get('mlflow.runName') ?? textOr(meta['run_name']);
  return {
    experiment: experimentOf(folder),
    run: name === '' ? textOr(meta['run_id'], basename(folder)) : name,
    status: STATUSES.get(meta['status']) ?? RunStatus.Interrupted,
    startedAt: isoOfMs(meta['start_time']),
    endedAt: isoOfMs(meta['end_time']),
    tags: [...tags].flatMap(([key, value]) => (key.startsWith('mlflow.') ? [] : [tagOf(key, value)])),
    notes: tags.get('mlflow.note.content') ?? '',
    group: null,
    params: paramsIn(join(folder, 'params')),
    ...summaryOf({ summary: figuresOf(files) }),
    fields: files.map(({ metric }) => ({ name: metric, type: 'DOUBLE' })),
    rows: () => asyncOf(rowsOfMetrics(files, folder)),
    log: () => asyncOf([]),
  };
}

/** Returns the name of the experiment in the store, or else of its folder. */
function experimentOf(folder: string): string {
  const experiment = dirname(folder);
  let meta: Mapping = {};
  try {
    meta = yamlAt(join(experiment, META)) ?? {};
  } catch {
    // The runs can be imported without the name.
  }
  return textOr(meta['name'], basename(experiment));
}

const tagOf = (key: string, value: string): string => (value === '' ? key : `${key}=${value}`);

function tagsIn(folder: string): Map<string, string> {
  return new Map(filesBelow(folder).map(([key, path]) => [key, (textAt(path) ?? '').replace(/\n$/, '')]));
}

function paramsIn(folder: string): Params {
  return bareObject(
    filesBelow(folder).map(([key, path]) => [key, paramOf((textAt(path) ?? '').replace(/\n$/, ''))]),
  );
}

/**
 * Parses a parameter: MLflow stores texts, and those that look like Python literals become values.
 */
function paramOf(text: string): ParamValue {
  if (/^(?:True|False)$/.test(text)) return text === 'True';
  if (text === 'None') return null;
  if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return text;
  const number = Number(text);
  const isExact = Number.isFinite(number) && (!/^-?\d+$/.test(text) || Number.isSafeInteger(number));
  return isExact ? number : text;
}
