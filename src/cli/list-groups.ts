import type { RunFacts } from '../model/run-facts.js';
import { printable } from '../model/printable.js';
import { nearestWord } from '../model/nearest-word.js';
import { type FactsGroup, type GroupFigure, figureNames, groupsOf, isTag } from '../reader/groups.js';
import { pointOutUnknown } from './point-out.js';
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
const STATISTICS = ['mean', 'deviation', 'min', 'max', 'count', 'best', 'bestRun'] as const;

/** Options of {@link printGroups}. */
export interface GroupsOptions {
  readonly by: string;
  /** The figures; all by default. */
  readonly columns: readonly string[];
  readonly json: boolean;
  readonly csv: boolean;
}

/**
 * Prints runs in groups: how many there are, and mean, deviation and best of their figures. A field
 * or a figure that no run has is reported on stderr, with a hint.
 */
export async function printGroups(
  runs: readonly RunFacts[],
  { by, columns, json, csv }: GroupsOptions,
  terminal: Terminal,
): Promise<void> {
  const names = columns.length > 0 ? columns : figureNames(runs);
  const groups = groupsOf(runs, by, names);
  const isThere = (name: string): boolean => groups.some(({ figures }) => figures.has(name));
  const found = columns.length > 0 ? columns : names.filter(isThere);
  if (!isTag(by)) pointOutUnknown({ columns: [by] }, runs, terminal);
  if (runs.length > 0)
    pointOutMissing(
      columns.filter((name) => !isThere(name)),
      runs,
      terminal,
    );
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
          ...shown.map((name) => figureText(figures.get(name), members)),
        ]),
      ],
      ['runs'],
    );
    if (found.length > shown.length)
      terminal.print(`  … and ${count(found.length - shown.length)} more figures; --columns chooses them`);
  }
}

function pointOutMissing(missing: readonly string[], runs: readonly RunFacts[], terminal: Terminal): void {
  const known = missing.length === 0 ? [] : figureNames(runs);
  for (const name of missing) {
    const near = nearestWord(name, known);
    terminal.complain(
      printable(`no run has a number of ${name}${near === undefined ? '' : `; did you mean ${near}?`}`),
    );
  }
}

/**
 * Formats mean, deviation and best value, and the number of members that have the figure if some
 * lack it.
 */
function figureText(figure: GroupFigure | undefined, members: number): string {
  if (figure === undefined) return '';
  const { mean, deviation, best } = figure;
  return [
    valueText(mean),
    ...(deviation === undefined ? [] : [`± ${valueText(deviation)}`]),
    ...(deviation === undefined || best === undefined ? [] : [`best ${valueText(best.value)}`]),
    ...(figure.count < members ? [`of ${count(figure.count)}`] : []),
  ].join(' ');
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
      const best = figure?.best;
      const all = {
        ...figure,
        best: best?.value,
        bestRun: best && `${best.run.experiment}/${best.run.run}`,
      };
      return STATISTICS.map((statistic) => all[statistic]);
    }),
  ]),
});
