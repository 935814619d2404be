import { figureOf } from '../model/figure.js';
import { parentText } from '../model/run-parent.js';
import type { RunFacts } from '../model/run-facts.js';
import { printable } from '../model/printable.js';
import { histogramWords } from '../model/short-text.js';
import { summaryNames } from '../pure/metric-definition.js';
import type { RunListing, UnreadableRun } from '../reader/run-index.js';
import { parseField } from '../reader/where/parse-field.js';
import { parseSort } from '../reader/where/parse-sort.js';
import { type CommandRun, UsageError, listOf, numberOption, wantsCsv } from './command.js';
import type { LIST } from './command-options.js';
import { dirOr, findRuns } from './find-runs.js';
import { printGroups } from './list-groups.js';
import { pointOutUnknown } from './point-out.js';
import { printCsv } from './print-csv.js';
import { chosenFacts, everyFact } from './runs-csv.js';
import { type Cell, ExitCode, type Terminal } from './terminal.js';
import { count, cut, moment, paramText, statusCell, tookText, valueText } from './words.js';

/**
 * @bound tells: the cell says how many more, --json has all; specs/cli/left-out.spec.ts "says how
 * many metrics it has no room for"
 */
const MAX_SHOWN_METRICS = 4;
const WIDE = 100;
/** Counts that get a column only if some run has any. */
const LOSSES = ['dropped', 'invalid', 'lost'] as const;

export const run: CommandRun<typeof LIST> = async ([dir], options, terminal) => {
  const isCsv = wantsCsv(options);
  const columns = listOf(options.columns) ?? [];
  const fields = options.groupBy === undefined ? columns.map(parseField) : [];
  const listing = findRuns(dirOr(dir), options, terminal);
  const { runs, unreadable } = listing;
  const { sort, groupBy } = options;
  if (groupBy !== undefined) {
    if (sort !== undefined || options.limit !== undefined)
      throw new UsageError(
        '--group-by is ordered by its groups: --sort and --limit cannot be combined with it',
      );
    await printGroups(runs, { by: groupBy, columns, json: options.json === true, csv: isCsv }, terminal);
    complainOf(unreadable, terminal);
    return ExitCode.ok;
  }
  const sorted = sort === undefined ? runs : [...runs].sort(parseSort(sort));
  pointOutUnknown({ sort, columns }, runs, terminal);
  const shown = sorted.slice(0, numberOption(options, 'limit', { min: 0 }));
  if (options.json === true) {
    terminal.json([...shown, ...unreadable.map(unreadableFacts)]);
    return ExitCode.ok;
  }
  if (isCsv)
    await printCsv(columns.length > 0 ? chosenFacts(shown, columns, fields) : everyFact(shown), terminal);
  else if (shown.length > 0) printRuns(shown, columns, fields, terminal);
  else printNone(dirOr(dir), options.where !== undefined, listing, terminal);
  complainOf(unreadable, terminal);
  return ExitCode.ok;
};

function complainOf(unreadable: readonly UnreadableRun[], terminal: Terminal): void {
  for (const { runDir, code, message } of unreadable)
    terminal.complain(`${printable(runDir)} cannot be read: ${code}: ${printable(message)}`);
}

/** Returns the JSON of an unreadable run, with the same keys as a readable one. */
const unreadableFacts = ({ experiment, run, runDir, code, message }: UnreadableRun): object => ({
  ...{ experiment, run, runDir, status: 'UNREADABLE', startedAt: null, rows: 0 },
  ...{ tags: [], params: {}, metrics: {}, error: { name: code, message } },
});

function printNone(
  dir: string,
  isFiltered: boolean,
  { runs, unreadable }: RunListing,
  terminal: Terminal,
): void {
  terminal.print(`no ${runs.length > 0 || isFiltered ? 'matching ' : ''}runs in ${printable(dir)}`);
  if (runs.length === 0 && unreadable.length === 0 && !isFiltered)
    terminal.print('  a run is a folder DIR/EXPERIMENT/RUN with a run.yaml in it; expman-rx creates them');
}

function printRuns(
  runs: readonly RunFacts[],
  columns: readonly string[],
  fields: readonly ReturnType<typeof parseField>[],
  terminal: Terminal,
): void {
  // Next to the metrics, only a wide terminal has room for tags; `--columns tags` always shows
  // them.
  const hasTags =
    terminal.width >= WIDE && !columns.includes('tags') && runs.some(({ tags }) => tags.length > 0);
  const isForked = runs.some(({ parent }) => parent !== undefined);
  const hasAlerts = runs.some(({ alerts, alertsLeftOut }) => alerts.length + alertsLeftOut > 0);
  const losses = LOSSES.filter((loss) => runs.some((facts) => facts[loss] > 0));
  const hasProject = runs.some(({ project }) => project !== null);
  const heading: Cell[] = [
    ...(hasProject ? ['project'] : []),
    'run',
    'status',
    'started',
    'took',
    'rows',
    ...losses,
    ...(isForked ? ['parent'] : []),
    ...(hasAlerts ? ['alerts'] : []),
    ...(hasTags ? ['tags'] : []),
  ];
  const rows = runs.map((facts): Cell[] => [
    ...(hasProject ? [printable(cut(facts.project ?? '', 24))] : []),
    printable(`${facts.experiment}/${facts.run}`),
    statusCell(facts.status, facts.owner),
    moment(facts.startedAt),
    tookText(facts),
    count(facts.rows),
    ...losses.map((loss) => lossCell(facts[loss])),
    ...(isForked ? [facts.parent === undefined ? '' : printable(parentText(facts.parent))] : []),
    ...(hasAlerts ? [lossCell(facts.alerts.length + facts.alertsLeftOut)] : []),
    ...(hasTags ? [printable(cut(facts.tags.join(' '), 24))] : []),
    ...fields.map((field) => paramText(field(facts) ?? '')),
    ...(columns.length === 0 ? [metricsText(facts)] : []),
  ]);
  terminal.table(
    [[...heading, ...columns.map(printable), ...(columns.length === 0 ? ['metrics'] : [])], ...rows],
    ['rows', ...losses, 'alerts'],
  );
  if (runs.some(({ owner }) => owner === 'unsure'))
    terminal.print('  RUNNING?: owned by another host, may or may not still be running; see `expman doctor`');
}

const lossCell = (lost: number): Cell => (lost > 0 ? { text: count(lost), style: 'yellow' } : '');

/**
 * Formats the headline, then other summary values, then numbers and histograms of metrics; text
 * logged in one row says nothing about its run.
 */
function metricsText(facts: RunFacts): string {
  const { metrics, summary } = facts;
  const names = summaryNames(facts);
  const figures = [
    ...names.flatMap((name) => (summary[name] === undefined ? [] : [[name, summary[name]] as const])),
    ...[...metrics.keys()]
      .map((metric) => [metric, figureOf(facts, metric) ?? ''] as const)
      .filter(([, figure]) => typeof figure !== 'string' || histogramWords(figure) !== null),
  ];
  const shown = figures
    .slice(0, MAX_SHOWN_METRICS)
    .map(([name, value]) => `${printable(cut(name, 20))} ${valueText(value)}`);
  const left = names.length + metrics.size - shown.length;
  return [...shown, ...(left > 0 ? [`… and ${count(left)} more`] : [])].join('  ');
}
