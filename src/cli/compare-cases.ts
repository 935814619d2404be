import { resolve } from 'node:path';
import type { CaseRecord } from '../evaluate/case-result.js';
import {
  type CaseChange,
  type CaseComparison,
  type ScoreChange,
  compareCases,
} from '../evaluate/compare-cases.js';
import { ExpmanError } from '../model/errors.js';
import { printable } from '../model/printable.js';
import { UsageError } from './command.js';
import { printMarkdown } from './print-markdown.js';
import { type Cell, ExitCode, type Terminal } from './terminal.js';
import { MAX_TEXT, count, cut, quantity, valueText } from './words.js';

/**
 * The cases of each kind that are shown.
 *
 * @bound tells: the last line says how many more, --json has all; specs/cli/compare-cases.spec.ts
 * "shows 40 cases of each kind, and says how many more there are"
 */
const MAX_CASES = 40;

/** How to compare the cases of two evaluations. */
export interface CasesWish {
  /** The greatest difference of a score that is no change. */
  readonly tolerance: number | undefined;
  readonly isJson: boolean;
  readonly isMarkdown: boolean;
}

/**
 * Prints which cases of two evaluations broke, were mended, or changed a score.
 *
 * @throws UsageError unless two runs are given; ExpmanError `INVALID_VALUE` if one has no cases
 */
export async function printCases(
  paths: readonly string[],
  wish: CasesWish,
  terminal: Terminal,
): Promise<number> {
  const [before, after, ...others] = paths.map((path) => resolve(path));
  if (before === undefined || after === undefined || others.length > 0)
    throw new UsageError(`--cases compares two runs, BEFORE and AFTER; got ${paths.length}`);
  const { tolerance } = wish;
  const comparison = await compareCases(before, after, { tolerance });
  mustHaveCases(comparison, before, after);
  if (wish.isJson) terminal.json({ before, after, ...comparison });
  else print(comparison, wish.isMarkdown, terminal);
  return ExitCode.ok;
}

function mustHaveCases(comparison: CaseComparison, before: string, after: string): void {
  const { broke, mended, changed, same, removed, added } = comparison;
  const both = broke.length + mended.length + changed.length + same;
  for (const [path, only] of [
    [before, removed],
    [after, added],
  ] as const)
    if (both + only.length === 0)
      throw new ExpmanError(
        'INVALID_VALUE',
        `${path} has no cases: rows with a step and a boolean \`passed\`, as evaluate logs them`,
        { path },
      );
}

function print(comparison: CaseComparison, isMarkdown: boolean, terminal: Terminal): void {
  const { broke, mended, changed, same, removed, added } = comparison;
  const rows = [
    ...broke.slice(0, MAX_CASES).map((each) => rowOf(each, { text: 'broke', style: 'red' })),
    ...mended.slice(0, MAX_CASES).map((each) => rowOf(each, { text: 'mended', style: 'green' })),
    ...changed.slice(0, MAX_CASES).map(scoreRow),
  ];
  const table: Cell[][] = [['case', 'change', 'before', 'after'], ...rows];
  if (rows.length > 0) {
    if (isMarkdown) printMarkdown(table, terminal);
    else terminal.table(table);
  }
  const left = [broke, mended, changed].reduce((sum, each) => sum + Math.max(0, each.length - MAX_CASES), 0);
  if (left > 0) terminal.print(`  … and ${count(left)} more; --json has all`);
  const others = [
    ...(removed.length > 0 ? [`${count(removed.length)} only before`] : []),
    ...(added.length > 0 ? [`${count(added.length)} only after`] : []),
  ];
  terminal.print(
    [
      `${count(broke.length)} broke`,
      `${count(mended.length)} mended`,
      quantity(changed.length, 'changed scores'),
      `${count(same)} as before`,
      ...others,
    ].join(', '),
  );
}

const rowOf = ({ id, before, after }: CaseChange, change: Cell): Cell[] => [
  printable(cut(id, MAX_TEXT)),
  change,
  outcomeText(before),
  outcomeText(after),
];

const scoreRow = ({ id, before, after, scores }: ScoreChange): Cell[] => [
  printable(cut(id, MAX_TEXT)),
  'score',
  scoresText(before, scores),
  scoresText(after, scores),
];

const outcomeText = ({ passed, error }: CaseRecord): string =>
  error === null ? (passed ? 'passed' : 'failed') : printable(cut(error, MAX_TEXT));

const scoresText = ({ scores }: CaseRecord, names: readonly string[]): string =>
  names
    .map(
      (name) =>
        `${printable(cut(name, MAX_TEXT))} ${scores[name] === undefined ? '-' : valueText(scores[name])}`,
    )
    .join(', ');
