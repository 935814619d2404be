import { dirname, join } from 'node:path';
import type { ExpmanError } from '../../model/errors.js';
import { quantity } from '../../pure/quantity.js';
import { quoted } from '../../model/printable.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { Findings } from '../exchange/findings.js';
import { asExpmanError, corruptAt, kindAt, type Mapping, textOr } from '../source/source-files.js';
import { openSqlite, type SqliteFile } from '../source/sqlite.js';
import { hasSqliteWords } from '../source/sqlite-signature.js';
import type { MetricEntry, MetricSeries } from './mlflow-metrics.js';
import { exchangeRunFrom } from './mlflow-run.js';

/** What MLflow stores for an infinite value, which its database cannot hold. */
const LARGEST = Number.MAX_VALUE;
/** Folders in which artifacts are beside a database. */
const ROOTS = ['mlruns', 'mlartifacts', '.'];

/** Returns the database of MLflow at a path: the file, or `mlflow.db` in a folder; null if none is. */
export function databaseAt(path: string): string | null {
  const words = ['latest_metrics', 'run_uuid', 'lifecycle_stage'];
  return [path, join(path, 'mlflow.db')].find((file) => hasSqliteWords(file, words)) ?? null;
}

/** Yields the runs of MLflow's database of SQLite, with the artifacts beside it. */
export async function* runsOfDatabase(path: string): AsyncGenerator<ExchangeRun | ExpmanError, void> {
  using database = await openSqlite(path);
  for (const table of ['runs', 'metrics', 'params', 'tags', 'experiments'])
    if (!database.has(table)) throw corruptAt(path, `it has no table ${table}`);
  const experiments = new Map(
    database
      .rows('SELECT experiment_id, name FROM experiments')
      .map((row) => [row['experiment_id'], textOr(row['name'])]),
  );
  const all = database.rows('SELECT * FROM runs ORDER BY start_time, run_uuid');
  const active = all.filter((row) => row['lifecycle_stage'] !== 'deleted');
  const names = new Map(active.map((row) => [row['run_uuid'], textOr(row['name'])]));
  const told = leftOutOf(database, all.length - active.length);
  for (const row of active) {
    const id = textOr(row['run_uuid']);
    try {
      const findings = new Findings();
      if (row === active[0]) for (const text of told) findings.add('left out', text);
      yield runFrom(database, row, { path, id, findings, experiments, names });
    } catch (error) {
      yield asExpmanError(error, path);
    }
  }
}

/** What is in the store and belongs to no run of ours. */
function leftOutOf(database: SqliteFile, deleted: number): string[] {
  const countOf = (table: string): number =>
    database.has(table) ? Number(database.rows(`SELECT count(*) AS n FROM "${table}"`)[0]?.['n'] ?? 0) : 0;
  return [
    [deleted, 'runs of the store that are deleted'] as const,
    [countOf('trace_info'), 'traces of the store'] as const,
    [countOf('logged_models'), 'models of the store'] as const,
  ].flatMap(([count, what]) => (count > 0 ? [quantity(count, what)] : []));
}

interface Place {
  readonly path: string;
  readonly id: string;
  readonly findings: Findings;
  readonly experiments: ReadonlyMap<unknown, string>;
  readonly names: ReadonlyMap<unknown, string>;
}

function runFrom(
  database: SqliteFile,
  row: Mapping,
  { path, id, findings, experiments, names }: Place,
): ExchangeRun {
  const textsOf = (table: 'params' | 'tags'): (readonly [string, string])[] =>
    database
      .rows(`SELECT "key", value FROM ${table} WHERE run_uuid = ? ORDER BY rowid`, id)
      .map(({ key, value }) => [textOr(key), textOr(value)] as const);
  const series = seriesOf(database, id, findings);
  const [tags, params] = [new Map(textsOf('tags')), textsOf('params')];
  if (database.has('inputs')) {
    const inputs = database.rows('SELECT 1 FROM inputs WHERE destination_id = ?', id).length;
    if (inputs > 0) findings.add('left out', quantity(inputs, 'data sets and models that it used'));
  }
  const artifacts = artifactsOf(path, row, id, findings);
  const run = exchangeRunFrom({
    path,
    id,
    name: tags.get('mlflow.runName') ?? textOr(row['name']),
    experiment: experiments.get(row['experiment_id']) ?? '',
    status: row['status'],
    start: row['start_time'],
    end: row['end_time'],
    user: textOr(row['user_id']),
    tags,
    params,
    series,
    artifacts,
    findings,
    nameOf: (other) => names.get(other),
  });
  const values = series.reduce((count, { entries }) => count + entries().length, 0);
  const state = [row['status'], row['end_time'], values, params.length, tags.size].map(String).join(' ');
  return { ...run, source: { ...run.source, state } };
}

function seriesOf(database: SqliteFile, id: string, findings: Findings): MetricSeries[] {
  const byMetric = new Map<string, MetricEntry[]>();
  let wrong = 0;
  for (const row of database.rows('SELECT * FROM metrics WHERE run_uuid = ? ORDER BY rowid', id)) {
    const { key, value, timestamp: ms, step = 0, is_nan: isNan } = row;
    if (
      typeof key !== 'string' ||
      typeof value !== 'number' ||
      !Number.isSafeInteger(ms) ||
      !Number.isSafeInteger(step)
    ) {
      wrong++;
      continue;
    }
    const number =
      Number(isNan) === 1 ? NaN : Math.abs(value) === LARGEST ? Math.sign(value) * Infinity : value;
    const entries = byMetric.get(key) ?? [];
    byMetric.set(key, entries);
    entries.push({ ms: Number(ms), value: number, step: Number(step) });
  }
  if (wrong > 0)
    findings.add('damaged', quantity(wrong, 'values of metrics that have no number, time or step'));
  return [...byMetric].map(([metric, entries]) => ({ metric, entries: () => entries }));
}

/** Finds the folder of artifacts beside the database; where the store says they are may be anywhere. */
function artifactsOf(path: string, row: Mapping, id: string, findings: Findings): string | null {
  const experiment = String(row['experiment_id']);
  if (!/^[\w-]{1,64}$/.test(id) || !/^\d{1,20}$/.test(experiment)) return null;
  const stores = ROOTS.map((root) => join(dirname(path), root, experiment));
  const store = stores.find((folder) => kindAt(folder) === 'folder');
  const found = stores
    .map((folder) => join(folder, id, 'artifacts'))
    .find((folder) => kindAt(folder) === 'folder');
  if (found === undefined && store === undefined)
    findings.add(
      'left out',
      `artifacts, if it has any: they are not beside the database but at ${quoted(textOr(row['artifact_uri']), 120)}`,
    );
  return found ?? null;
}
