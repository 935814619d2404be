import { basename, join } from 'node:path';
import type { ExpmanError } from '../../model/errors.js';
import type { MetricRow } from '../../model/metric.js';
import { sanitiseParams } from '../../model/params.js';
import { RunStatus } from '../../model/run-status.js';
import { quantity } from '../../pure/quantity.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeRun, Importer } from '../exchange/exchange-run.js';
import { Findings } from '../exchange/findings.js';
import { isoOf, microsOfIso } from '../exchange/instants.js';
import { rowValues } from '../exchange/made-row.js';
import { oneRowAStep } from '../exchange/one-row-a-step.js';
import {
  asExpmanError,
  corruptAt,
  isMapping,
  kindAt,
  type Mapping,
  namesIn,
  textOr,
} from '../source/source-files.js';
import { openSqlite, type SqliteFile } from '../source/sqlite.js';
import { hasSqliteWords } from '../source/sqlite-signature.js';
import { flatValues } from '../wandb/history.js';
import { isMediaValue } from '../wandb/offline-media.js';
import { parsePythonJson } from '../wandb/python-json.js';

/**
 * Reads the databases of trackio, a file `PROJECT.db` or the folder of them: configuration, metrics,
 * group and user. It does not say how a run ended: all are FINISHED. (Its Parquet files are tables of
 * several runs.)
 */
export const trackioImporter: Importer<'trackio'> = {
  format: 'trackio',
  recognises: (path) => Promise.resolve(databasesAt(path).length > 0),
  runs: runsAt,
};

const isOne = (path: string): boolean => hasSqliteWords(path, ['run_name', 'configs', 'metrics TEXT']);

const databasesAt = (path: string): string[] =>
  kindAt(path) === 'file'
    ? [path].filter(isOne)
    : namesIn(path)
        .filter((name) => name.endsWith('.db'))
        .map((name) => join(path, name))
        .filter(isOne);

async function* runsAt(path: string): AsyncGenerator<ExchangeRun | ExpmanError, void> {
  for (const file of databasesAt(path)) {
    try {
      yield* runsOf(file);
    } catch (error) {
      yield asExpmanError(error, file);
    }
  }
}

async function* runsOf(path: string): AsyncGenerator<ExchangeRun | ExpmanError, void> {
  using database = await openSqlite(path);
  if (!database.has('metrics')) throw corruptAt(path, 'it has no table metrics');
  // The first versions had names only.
  const [first] = database.rows('SELECT * FROM metrics LIMIT 1');
  const key = first !== undefined && 'run_id' in first ? 'run_id' : 'run_name';
  const configs = new Map<unknown, Mapping>(
    database.has('configs') ? database.rows('SELECT * FROM configs').map((row) => [row[key], row]) : [],
  );
  const runs = database.rows(
    `SELECT ${key} AS id, min(run_name) AS name FROM metrics GROUP BY ${key} ORDER BY min(rowid)`,
  );
  const known = new Set(runs.map(({ id }) => id));
  const bare = [...configs].flatMap(([id, row]) => (known.has(id) ? [] : [{ id, name: row['run_name'] }]));
  for (const { id, name } of [...runs, ...bare]) {
    try {
      yield runFrom(database, path, { id: textOr(id), name: textOr(name), key, config: configs.get(id) });
    } catch (error) {
      yield asExpmanError(error, path);
    }
  }
}

interface Named {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly config: Mapping | undefined;
}

function runFrom(database: SqliteFile, path: string, { id, name, key, config }: Named): ExchangeRun {
  const findings = new Findings();
  const stored = database.rows(`SELECT * FROM metrics WHERE ${key} = ? ORDER BY rowid`, id);
  const rows = rowsFrom(stored, path, findings);
  const said = jsonIn(config?.['config'], path) ?? {};
  const { _Username: user, _Group: group, _Created: created } = said;
  const own = Object.entries(said).filter(([param]) => !/^_(?:Username|Group|Created)$/.test(param));
  return {
    experiment: basename(path, '.db'),
    run: name === '' ? id : name,
    status: RunStatus.Finished,
    startedAt: isoOf(created),
    endedAt: null,
    tags: [],
    notes: '',
    group: typeof group === 'string' ? group : null,
    params: sanitiseParams(new Map(own)).params,
    fields: [],
    source: {
      id,
      state: `${stored.length} ${textOr(stored.at(-1)?.['timestamp'])}`,
      ...(typeof user === 'string' && { user }),
    },
    findings: () => findings.all,
    rows: () => oneRowAStep(asyncOf(rows)),
    log: () => asyncOf([]),
  };
}

function rowsFrom(stored: readonly Mapping[], path: string, findings: Findings): MetricRow[] {
  let wrong = 0;
  let media = 0;
  const rows = stored.flatMap((row): MetricRow[] => {
    const json = jsonIn(row['metrics'], path);
    if (json === null || !Number.isSafeInteger(row['step'])) {
      wrong++;
      return [];
    }
    const own = Object.entries(json).filter(([, value]) => !isFileValue(value));
    media += Object.keys(json).length - own.length;
    const micros = microsOfIso(textOr(row['timestamp']));
    const place = { step: Number(row['step']), ...(micros !== undefined && { timestamp: micros / 1000 }) };
    return [{ ...place, values: rowValues(flatValues(own)) }];
  });
  if (wrong > 0) findings.add('damaged', quantity(wrong, 'rows that have no step or are no JSON'));
  if (media > 0) findings.add('left out', quantity(media, 'media'));
  return rows;
}

/** A picture or a table, which is in a file. */
const isFileValue = (value: unknown): boolean =>
  isMediaValue(value) || (isMapping(value) && /^trackio\./.test(textOr(value['_type'])));

/** Parses a text or the bytes of one; null if it is no JSON object. */
function jsonIn(value: unknown, path: string): Mapping | null {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : textOr(value);
  try {
    const json = parsePythonJson(text, path);
    return isMapping(json) ? json : null;
  } catch {
    return null;
  }
}
