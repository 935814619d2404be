import type { RunFacts } from '../model/run-facts.js';
import { printable } from '../model/printable.js';
import { type FactsGroup, type GroupFigure, figureNames, groupsOf } from '../reader/groups.js';
import { printCsv } from './print-csv.js';
import type { Terminal } from './terminal.js';
import { MAX_TEXT, count, cut, paramText, valueText } from './words.js';

/**
 * The figures that a table shows unless they are chosen.
 *
 * @bound tells: the last line says how many more, --json has all; specs/cli/groups.spec.ts "shows
 * four figures, and says how many more there are"
 */
const MAX_FIGURES = 4;
/** The statistics of a figure in CSV. */
const STATISTICS = ['mean', 'deviation', 'min', 'max', 'count'] as const;

/** Options of {@link printGroups}. */
export interface GroupsOptions {
  readonly by: string;
  /** The figures; all by default. */
  readonly columns: readonly string[];
  readonly json: boolean;
  readonly csv: boolean;
}

/** Prints runs in groups: how many there are, and mean and deviation of their figures. */
export async function printGroups(
  runs: readonly RunFacts[],
  { by, columns, json, csv }: GroupsOptions,
  terminal: Terminal,
): Promise<void> {
  const names = columns.length > 0 ? columns : figureNames(runs);
  const groups = groupsOf(runs, by, names);
  const found = names.filter((name) => columns.length > 0 || groups.some(({ figures }) => figures.has(name)));
  if (json) terminal.json(groups.map((group) => plainGroup(group)));
  else if (csv) await printCsv(csvOf(groups, by, found), terminal);
  else {
    const shown = columns.length > 0 ? found : found.slice(0, MAX_FIGURES);
    terminal.table(
      [
        [printable(by), 'runs', ...shown.map((name) => printable(cut(name, MAX_TEXT)))],
        ...groups.map(({ value, count: members, figures }) => [
          value === undefined ? '-' : paramText(value),
          count(members),
          ...shown.map((name) => figureText(figures.get(name))),
        ]),
      ],
      ['runs'],
    );
    if (found.length > shown.length)
      terminal.print(`  … and ${count(found.length - shown.length)} more figures; --columns chooses them`);
  }
}

/** Formats a mean and its deviation, and the number of members if some lack the figure. */
function figureText(figure: GroupFigure | undefined): string {
  if (figure === undefined) return '';
  const { mean, deviation } = figure;
  return deviation === undefined ? valueText(mean) : `${valueText(mean)} ± ${valueText(deviation)}`;
}

const plainGroup = ({ value, runs, count: members, figures }: FactsGroup): object => ({
  group: value ?? null,
  count: members,
  runs: runs.map(({ runDir }) => runDir),
  figures: new Map(
    [...figures].map(([name, { best, ...figure }]) => [
      name,
      { ...figure, ...(best !== undefined && { best: { value: best.value, runDir: best.run.runDir } }) },
    ]),
  ),
});

const csvOf = (
  groups: readonly FactsGroup[],
  by: string,
  names: readonly string[],
): { readonly names: readonly string[]; readonly rows: readonly (readonly unknown[])[] } => ({
  names: [by, 'runs', ...names.flatMap((name) => STATISTICS.map((statistic) => `${name}.${statistic}`))],
  rows: groups.map(({ value, count: members, figures }) => [
    value,
    members,
    ...names.flatMap((name) => {
      const figure = figures.get(name);
      return STATISTICS.map((statistic) => figure?.[statistic]);
    }),
  ]),
});
