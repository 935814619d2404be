import { isDeepStrictEqual } from 'node:util';
import type { SummaryFacts } from '../../src/model/summary-values.js';
import { must } from './check-run.js';
import { definitionAt, keptAt, valuesAt } from './summaries.mjs';

/** Steps from one mark to the next in a session in memory. */
export const SESSION_MARKS = 8;

/**
 * Checks the summary and the definitions of a run against the rule they were made by (`summaries.mjs`): they are those of
 * the last mark before its rows end, none of them older and none newer, and all values of earlier marks are there.
 *
 * The facts of a mark stand in the log right before the row of its step, so they are there if that row is.
 *
 * @param rows - rows that are there: steps 0 to rows - 1
 * @param every - steps from mark to mark
 */
export function checkSummary(
  { summary, headline, definitions }: SummaryFacts,
  rows: number,
  every: number,
  what: string,
): void {
  const least = Math.floor((rows - 1) / every) * every;
  const defined = Number(definitions['mark/*']?.x?.slice('at/'.length) ?? -every);
  const { flip = -every, ...values } = summary;
  const mark = Number(summary['mark'] ?? -every);
  const found = `definition ${defined}, values ${mark}, headline ${String(flip)}`;
  const marks = [Number(flip), mark, defined];
  must(
    marks.every((each) => each >= least),
    'I1',
    () => `${what}: ${rows} rows, and the summary is older than ${least}: ${found}`,
  );
  must(
    marks.every((each) => each <= rows && each % every === 0),
    'I2',
    () => `${what}: ${rows} rows, and the summary is newer: ${found}`,
  );
  must(
    marks.every((each, at) => at === 0 || each >= (marks[at - 1] ?? each)),
    'I2',
    () => `${what}: ${rows} rows, and later facts of a mark without earlier ones: ${found}`,
  );
  const wanted = mark < 0 ? {} : { ...valuesAt(mark), ...keptAt(mark, every) };
  must(
    isDeepStrictEqual({ ...values }, wanted),
    'I3',
    () => `${what}: the summary of ${mark} is ${said(values)}, not ${said(wanted)}`,
  );
  must(
    defined < 0 || isDeepStrictEqual({ ...definitions['mark/*'] }, definitionAt(defined)),
    'I3',
    () => `${what}: the definition of ${defined} is ${said(definitions['mark/*'] ?? {})}`,
  );
  must(
    headline.join() === (Number(flip) >= 0 && (Number(flip) / every) % 2 === 0 ? 'flip' : ''),
    'I3',
    () => `${what}: the headline of ${String(flip)} is ${headline.join()}`,
  );
}

const said = (values: object): string =>
  JSON.stringify(values, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
