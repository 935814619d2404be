import { ExpmanError } from '../../model/errors.js';
import type { MetricRow, MetricValue } from '../../model/metric.js';
import { asyncOf } from '../exchange/async-of.js';
import type { ExchangeField, ExchangeRun } from '../exchange/exchange-run.js';
import type { Findings } from '../exchange/findings.js';
import { rowValues } from '../exchange/made-row.js';
import { oneRowAStep } from '../exchange/one-row-a-step.js';
import { isMissing } from '../exchange/missing-words.js';

/**
 * The most values of a table of several runs; they wait in memory until each run is written.
 *
 * @bound refuses: CORRUPT, with the number
 */
const MAX_VALUES = 20_000_000;

/** A table of any writer, read. */
export interface ReadTable {
  readonly path: string;
  /** The facts of the run, if it is one. */
  readonly run: Omit<ExchangeRun, 'fields' | 'rows' | 'findings'>;
  readonly fields: readonly ExchangeField[];
  readonly rows: () => AsyncIterable<MetricRow>;
  readonly findings: Findings;
  /** The metrics that hold the identifier and the name of a row's run; null for a table of one. */
  readonly runMetrics: { readonly id: string; readonly name: string } | null;
}

/**
 * Yields the runs of a table: those that a column tells apart, those of a chart (`<run> - <metric>`
 * with `__MIN` and `__MAX`), or the one run that it is.
 *
 * @throws {@link ExpmanError} `CORRUPT` for over 20 million values of several runs
 */
export async function* runsOfTable(table: ReadTable): AsyncGenerator<ExchangeRun, void> {
  const { run, rows, findings, runMetrics, fields } = table;
  const found = { findings: () => findings.all };
  if (runMetrics !== null) {
    findings.add('guessed', `rows of one ${JSON.stringify(runMetrics.id)} are a run`);
    for (const [name, part] of await partsOf(table, runMetrics))
      yield {
        ...run,
        ...found,
        run: name === '' ? run.run : name,
        fields: [],
        rows: () => oneRowAStep(asyncOf(part)),
      };
    return;
  }
  const chart = chartOf(fields.map(({ name }) => name));
  if (chart === null) {
    yield { ...run, ...found, fields, rows: () => oneRowAStep(rows()) };
    return;
  }
  findings.add('guessed', 'columns such as "<run> - <metric>" are metrics of several runs');
  for (const [name, part] of await curvesOf(table, chart))
    yield { ...run, ...found, run: name, fields: [], rows: () => asyncOf(part) };
}

async function partsOf(
  { path, rows }: ReadTable,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<Iterable<readonly [string, readonly MetricRow[]]>> {
  const parts = new Map<string, { readonly name: string; readonly rows: MetricRow[] }>();
  const bound = new Bound(path);
  for await (const row of rows()) {
    const key = keyOf(row.values[id]);
    let part = parts.get(key);
    if (part === undefined) parts.set(key, (part = { name: keyOf(row.values[name]), rows: [] }));
    const own = Object.entries(row.values).filter(([metric]) => metric !== id && metric !== name);
    bound.add(own.length);
    part.rows.push({ ...row, values: rowValues(own) });
  }
  return [...parts.values()].map((part) => [part.name, part.rows] as const);
}

const keyOf = (value: MetricValue | undefined): string => {
  const text = value === undefined ? '' : String(value);
  return isMissing(text) ? '' : text;
};

/** A column of a chart. */
interface ChartColumn {
  readonly run: string;
  readonly metric: string;
  /** `''`, `__MIN` or `__MAX`. */
  readonly suffix: string;
}

/** The names by which charts call what is on their x axis. */
const AXES = /^(?:step|relative time.*|wall time|_?(?:runtime|timestamp)|epoch)$/i;

/**
 * Returns the columns of a chart of several runs by their names; null for another table. Without
 * columns of extremes it is a chart only if all of at least two runs have the same metrics.
 */
function chartOf(names: readonly string[]): ReadonlyMap<string, ChartColumn> | null {
  const columns = new Map<string, ChartColumn>();
  for (const name of names) {
    const [, run = '', metric = '', suffix = ''] = /^(.+) - (.+?)(__MIN|__MAX)?$/s.exec(name) ?? [];
    if (run !== '') columns.set(name, { run, metric, suffix });
    else if (!AXES.test(name)) return null;
  }
  const curves = [...columns.values()];
  if (curves.length === 0) return null;
  if (curves.some(({ suffix }) => suffix !== '')) return columns;
  const metricsOf = (wanted: string): string =>
    JSON.stringify(curves.flatMap(({ run, metric }) => (run === wanted ? [metric] : [])).sort());
  const runs = [...new Set(curves.map(({ run }) => run))];
  const [first = ''] = runs;
  return runs.length > 1 && runs.every((run) => metricsOf(run) === metricsOf(first)) ? columns : null;
}

async function curvesOf(
  { path, rows }: ReadTable,
  chart: ReadonlyMap<string, ChartColumn>,
): Promise<ReadonlyMap<string, readonly MetricRow[]>> {
  const runs = new Map<string, MetricRow[]>([...chart.values()].map(({ run }) => [run, []]));
  const bound = new Bound(path);
  for await (const row of rows()) {
    const shared: [string, MetricValue][] = [];
    const byRun = new Map<string, [string, MetricValue][]>();
    for (const [name, value] of Object.entries(row.values)) {
      const column = chart.get(name);
      if (column === undefined) shared.push([name, value]);
      else {
        const { run, metric, suffix } = column;
        const isSame = suffix !== '' && Object.is(value, row.values[`${run} - ${metric}`]);
        if (!isSame) byRun.set(run, [...(byRun.get(run) ?? []), [metric + suffix, value]]);
      }
    }
    for (const [run, own] of byRun) {
      bound.add(own.length + shared.length);
      runs.get(run)?.push({ ...row, values: rowValues([...shared, ...own]) });
    }
  }
  return runs;
}

class Bound {
  private values = 0;

  constructor(private readonly path: string) {}

  add(values: number): void {
    if ((this.values += values) <= MAX_VALUES) return;
    throw new ExpmanError('CORRUPT', `${this.path} has more than ${MAX_VALUES} values of several runs`, {
      path: this.path,
    });
  }
}
