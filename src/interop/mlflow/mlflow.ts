import { basename, dirname, join } from 'node:path';
import { ExpmanError } from '../../model/errors.js';
import { quantity } from '../../pure/quantity.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeRun, Importer } from '../exchange/exchange-run.js';
import { Findings } from '../exchange/findings.js';
import { filesBelow } from '../source/files-below.js';
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
import { databaseAt, runsOfDatabase } from './mlflow-database.js';
import { metricFilesIn } from './mlflow-metrics.js';
import { exchangeRunFrom } from './mlflow-run.js';

const META = 'meta.yaml';
/** What is not part of a run of ours, by the folders of a run: data sets, traces, models. */
const LEFT_OUT = ['inputs', 'outputs'];

/**
 * Reads a database of MLflow (`mlflow.db`), or its folder; a file store (`mlruns`), one of its
 * experiments, or one run. Deleted runs are left out.
 *
 * A killed run is INTERRUPTED. User tags become `key=value`; MLflow's own tags are left out, except
 * name, note, parent, user and commit. A parameter text that is a number or a boolean as Python
 * writes it becomes one. A metric with one value, at step 0, is a summary value as well. Artifacts
 * are copied, pictures of `log_image` become media. The group of a nested run is the name of its
 * parent.
 */
export const mlflowImporter: Importer<'mlflow'> = {
  format: 'mlflow',
  recognises: (path) => Promise.resolve(databaseAt(path) !== null || runFoldersAt(path).next().done !== true),
  runs: (path) => {
    const database = databaseAt(path);
    return database === null ? asyncOf(runsAt(path)) : runsOfDatabase(database);
  },
};

function* runsAt(path: string): Generator<ExchangeRun | ExpmanError, void> {
  const store = new Store();
  let deleted = 0;
  const runs: string[] = [];
  for (const folder of runFoldersAt(path)) {
    if (isDeleted(folder)) deleted++;
    else runs.push(folder);
  }
  for (const folder of runs) {
    try {
      const findings = new Findings();
      if (deleted > 0 && folder === runs[0])
        findings.add('left out', quantity(deleted, 'runs of the store that are deleted'));
      yield runIn(folder, store, findings);
    } catch (error) {
      yield asExpmanError(error, folder);
    }
  }
}

/**
 * Yields the folders of runs: the path itself, those in an experiment, those in the experiments of
 * a store, which may be in a folder `mlruns`.
 */
function* runFoldersAt(path: string): Generator<string, void> {
  if (isRun(path)) {
    yield path;
    return;
  }
  const inner = join(path, 'mlruns');
  const store = kindAt(join(path, 'mlflow.db')) === null && kindAt(inner) === 'folder' ? inner : path;
  for (const folder of foldersIn(store)) {
    if (isRun(folder)) yield folder;
    else yield* foldersIn(folder).filter(isRun);
  }
}

const headOf = (folder: string): string => beginningOf(join(folder, META), 64 * 1024).toString('utf8');

/** True for a run folder; experiments have a `meta.yaml` too. */
const isRun = (folder: string): boolean =>
  kindAt(folder) === 'folder' && /^run_(?:id|uuid):/m.test(headOf(folder));

const isDeleted = (folder: string): boolean => /^lifecycle_stage: ['"]?deleted\b/m.test(headOf(folder));

function runIn(folder: string, store: Store, findings: Findings): ExchangeRun {
  const meta = yamlAt(join(folder, META)) ?? {};
  const tags = new Map(textsIn(join(folder, 'tags')));
  for (const name of LEFT_OUT) {
    const { length } = filesBelow(join(folder, name));
    if (length > 0) findings.add('left out', quantity(length, `files of ${name}, of data sets and models`));
  }
  const artifacts = join(folder, 'artifacts');
  const run = exchangeRunFrom({
    path: folder,
    id: textOr(meta['run_id'] ?? meta['run_uuid'], basename(folder)),
    name: nameIn(tags, meta),
    experiment: store.experimentOf(folder),
    status: meta['status'],
    start: meta['start_time'],
    end: meta['end_time'],
    user: textOr(meta['user_id']),
    tags,
    params: textsIn(join(folder, 'params')),
    series: metricFilesIn(join(folder, 'metrics'), findings),
    artifacts: kindAt(artifacts) === 'folder' ? artifacts : null,
    findings,
    nameOf: (id) => store.nameOf(folder, id),
  });
  const files = ['metrics', 'params', 'tags'].flatMap((part) => filesBelow(join(folder, part)));
  return { ...run, source: { ...run.source, files: [join(folder, META), ...files.map(([, path]) => path)] } };
}

const nameIn = (tags: ReadonlyMap<string, string>, meta: Mapping): string =>
  tags.get('mlflow.runName') ?? textOr(meta['run_name']);

/** What runs say about others of their store. */
class Store {
  private readonly experiments = new Map<string, string>();

  /** Returns the name of the experiment in the store, or else of its folder. */
  experimentOf(folder: string): string {
    const experiment = dirname(folder);
    let name = this.experiments.get(experiment);
    if (name === undefined) this.experiments.set(experiment, (name = this.read(experiment)));
    return name;
  }

  /** Returns the name of a run beside another; undefined if there is none. */
  nameOf(folder: string, id: string): string | undefined {
    if (!/^[\w-]{1,64}$/.test(id)) return undefined;
    const other = join(dirname(folder), id);
    try {
      if (!isRun(other)) return undefined;
      return nameIn(new Map(textsIn(join(other, 'tags'))), yamlAt(join(other, META)) ?? {}) || undefined;
    } catch {
      // Its own name is all that is known of it.
      return undefined;
    }
  }

  private read(experiment: string): string {
    let meta: Mapping = {};
    try {
      meta = yamlAt(join(experiment, META)) ?? {};
    } catch {
      // The runs can be imported without the name.
    }
    return textOr(meta['name'], basename(experiment));
  }
}

/** Reads the files of a folder as texts by their names. */
const textsIn = (folder: string): (readonly [string, string])[] =>
  filesBelow(folder).map(([key, path]) => [key, (textAt(path) ?? '').replace(/\n$/, '')] as const);
