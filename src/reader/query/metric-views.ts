import type { ColumnType } from '../../columnar/column.js';
import { ALIKE } from '../../columnar/text-cells.js';
import { widerType } from '../../columnar/widen.js';
import type { MetricColumn, MetricFile } from './parquet-sources.js';
import { folded, identifier, literal } from './sql-text.js';

/** SQL that creates a view, and the lists of files that it names. */
export interface ViewSql {
  readonly sql: string;
  /** SQL variables, each a list of paths. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/** The table that maps files to their runs. */
export const FILES_TABLE = 'expman.files';

/**
 * The number of metrics above which every column is read at once: planning a scan for each would
 * take longer than running it.
 *
 * @bound loses nothing: every column is read at once
 */
const MAX_SCANS = 64;
const TYPES: Readonly<Record<ColumnType, string>> = {
  DOUBLE: 'DOUBLE',
  INT64: 'BIGINT',
  BOOLEAN: 'BOOLEAN',
  UTF8: 'VARCHAR',
  TIMESTAMP: 'TIMESTAMPTZ',
};
const NO_ROWS = `SELECT NULL::VARCHAR AS experiment, NULL::VARCHAR AS run, NULL::BIGINT AS step, NULL::TIMESTAMPTZ AS timestamp`;
const EVERY_ROW = 'f.experiment, f.run, p.step, p.timestamp';

/**
 * Makes the long form: one row per value.
 *
 * Each metric has its own scan, so that a query for one metric reads only its column; the database
 * drops the scans of metrics that a query excludes.
 */
export function longView(files: readonly MetricFile[]): ViewSql {
  const lists = new FileLists('long');
  const scans = new Map<string, { readonly column: MetricColumn; readonly files: MetricFile[] }>();
  for (const file of files)
    for (const column of file.columns) {
      const key = JSON.stringify([file.isSnapshot, column]);
      const scan = scans.get(key) ?? { column, files: [] };
      scan.files.push(file);
      scans.set(key, scan);
    }
  const parts =
    scans.size <= MAX_SCANS
      ? [...scans.values()].map((scan) => oneMetric(scan.column, lists.scan(scan.files)))
      : groupBy(files, signature).map((group) => allMetrics(group[0]?.columns ?? [], lists.scan(group)));
  const empty = `${NO_ROWS}, NULL::VARCHAR AS metric, NULL::DOUBLE AS value, NULL::VARCHAR AS text WHERE false`;
  return { sql: [empty, ...parts].join('\nUNION ALL '), lists: lists.named };
}

function oneMetric(column: MetricColumn, scan: string): string {
  const { value, text } = longValue(column);
  return `SELECT ${EVERY_ROW}, ${literal(column.metric)}, ${value}, ${text} FROM ${scan} WHERE p.${identifier(column.column)} IS NOT NULL`;
}

function allMetrics(columns: readonly MetricColumn[], scan: string): string {
  const values = columns.map((column) => {
    const { value, text } = longValue(column);
    return `{metric: ${literal(column.metric)}, value: ${value}, text: ${text}}`;
  });
  const each = `SELECT ${EVERY_ROW}, unnest([${values.join(', ')}]) AS v FROM ${scan}`;
  return `SELECT experiment, run, step, timestamp, v.metric, v.value, v.text FROM (${each}) WHERE v.value IS NOT NULL OR v.text IS NOT NULL`;
}

/**
 * A value logged as a number stays one, even if its column became text; a value logged as text
 * stays text, even if it looks like a number.
 */
function longValue({ column, type, numbers = 'nowhere' }: MetricColumn): {
  readonly value: string;
  readonly text: string;
} {
  const name = `p.${identifier(column)}`;
  if (type !== 'UTF8') return { value: `${name}::DOUBLE`, text: 'NULL::VARCHAR' };
  if (numbers === 'nowhere') return { value: 'NULL::DOUBLE', text: name };
  if (numbers === 'alike') {
    const isNumber = `strlen(${name}) <= ${ALIKE.maxBytes} AND regexp_full_match(${name}, ${literal(ALIKE.pattern)})`;
    const number = `CASE ${name} WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE TRY_CAST(${name} AS DOUBLE) END`;
    return {
      value: `CASE WHEN ${isNumber} THEN ${number} END`,
      text: `CASE WHEN ${isNumber} THEN NULL ELSE ${name} END`,
    };
  }
  const value = `p.${identifier(numbers.column)}`;
  return { value, text: `CASE WHEN ${value} IS NULL THEN ${name} END` };
}

/**
 * Makes the wide form: one row per logged row, one column per metric, with a type that holds the
 * values of all runs.
 */
export function wideView(files: readonly MetricFile[]): ViewSql {
  const lists = new FileLists('wide');
  const outputs = outputColumns(files);
  const parts = partitions(files).map((some) => {
    const columns = new Map(some.flatMap((file) => file.columns).map((column) => [column.metric, column]));
    const casts = [...columns.values()].map(({ metric, column }) => {
      const output = outputs.get(metric);
      return output === undefined
        ? ''
        : `, p.${identifier(column)}::${TYPES[output.type]} AS ${identifier(output.name)}`;
    });
    return `SELECT ${EVERY_ROW}${casts.join('')} FROM ${lists.scan(some, groupBy(some, signature).length > 1)}`;
  });
  return { sql: [`${NO_ROWS} WHERE false`, ...parts].join('\nUNION ALL BY NAME '), lists: lists.named };
}

/**
 * Chooses the column names of the wide form; a name that differs from another only in case, or is
 * taken, gets a trailing `_`.
 */
function outputColumns(
  files: readonly MetricFile[],
): Map<string, { readonly name: string; readonly type: ColumnType }> {
  const outputs = new Map<string, { name: string; type: ColumnType }>();
  const taken = new Set(['experiment', 'run', 'step', 'timestamp']);
  for (const { metric, type } of files.flatMap((file) => file.columns)) {
    const known = outputs.get(metric);
    if (known !== undefined) {
      known.type = widerType(known.type, type, true);
      continue;
    }
    let name = metric.replaceAll('\0', '\ufffd');
    while (name === '' || taken.has(folded(name))) name += '_';
    taken.add(folded(name));
    outputs.set(metric, { name, type });
  }
  return outputs;
}

/**
 * Groups files in which no name stands for two metrics or two types: one scan can read them all.
 */
function partitions(files: readonly MetricFile[]): MetricFile[][] {
  const parts: {
    readonly known: Map<string, string>;
    readonly files: MetricFile[];
    readonly ofSnapshots: boolean;
  }[] = [];
  for (const group of groupBy(files, signature)) {
    const { columns = [], isSnapshot = false } = group[0] ?? {};
    const named = columns.map(
      ({ column, metric, type }) => [folded(column), JSON.stringify([metric, type])] as const,
    );
    const fits = parts.find(
      ({ known, ofSnapshots }) =>
        ofSnapshots === isSnapshot && named.every(([name, what]) => (known.get(name) ?? what) === what),
    );
    const part = fits ?? { known: new Map<string, string>(), files: [], ofSnapshots: isSnapshot };
    if (fits === undefined) parts.push(part);
    for (const [name, what] of named) part.known.set(name, what);
    part.files.push(...group);
  }
  return parts.map((part) => part.files);
}

const signature = ({ columns, isSnapshot }: MetricFile): string => JSON.stringify([isSnapshot, columns]);

function groupBy(files: readonly MetricFile[], keyOf: (file: MetricFile) => string): MetricFile[][] {
  const groups = new Map<string, MetricFile[]>();
  for (const file of files) {
    const key = keyOf(file);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  return [...groups.values()];
}

/**
 * Named lists of files, each list under one name: a list of ten thousand appears in the SQL once.
 */
class FileLists {
  readonly named = new Map<string, readonly string[]>();
  private readonly known = new Map<string, string>();

  constructor(private readonly prefix: string) {}

  /** Returns the SQL after FROM that reads the files, as `p`, each row with its run, as `f`. */
  scan(files: readonly MetricFile[], byName = false): string {
    const paths = files.map(({ path }) => path);
    const key = paths.join('\0');
    const name = this.known.get(key) ?? `expman_${this.prefix}_${this.named.size}`;
    this.known.set(key, name);
    this.named.set(name, paths);
    return `read_parquet(getvariable('${name}'), hive_partitioning = false, union_by_name = ${String(byName)}) AS p JOIN ${FILES_TABLE} AS f ON p.filename = f.path`;
  }
}
