import { queryRuns } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { tempFolders } from '../../support/temp-folder.js';
import { open, rowsOf } from './runs-to-query.js';

const folder = tempFolders('summaries');

async function withSummary(
  base: string,
  name: string,
  values: Readonly<Record<string, number | bigint | boolean | string>>,
  headline = false,
): Promise<void> {
  const run = open(base, name);
  run.summary(values, { headline });
  await run.close();
}

describe('summary values in SQL', () => {
  it('are columns of the view runs: numbers unless one is a text', async () => {
    const base = folder();
    await withSummary(base, 'a', { pass_rate: 0.5, passed: true, mixed: 1, big: 2n ** 60n });
    await withSummary(base, 'b', { pass_rate: NaN, mixed: 'x' });
    const sql =
      'SELECT run, "summary.pass_rate", "summary.passed", "summary.mixed", "summary.big" FROM runs ORDER BY run';
    expect(await rowsOf(base, sql)).toEqual([
      ['a', 0.5, 1, '1', 2 ** 60],
      ['b', NaN, null, 'x', null],
    ]);
  });

  it('keep names apart that differ only in case', async () => {
    const base = folder();
    await withSummary(base, 'a', { acc: 1, Acc: 2, 'ACC"': 3, '\0': 4 });
    const { columns, rows } = await queryRuns(base, "SELECT COLUMNS('^summary') FROM runs");
    expect(columns.map(({ name }) => name)).toEqual([
      'summary.acc',
      'summary.Acc_',
      'summary.ACC"',
      'summary.\ufffd',
    ]);
    expect(rows).toEqual([[1, 2, 3, 4]]);
  });

  it('are rows of the view summaries, with text, number and headline', async () => {
    const base = folder();
    await withSummary(base, 'a', { rate: 0.5, ok: false, note: 'x', big: 2n ** 60n }, true);
    await withSummary(base, 'b', { rate: 1 });
    expect(await rowsOf(base, 'SELECT * FROM summaries ORDER BY run, name')).toEqual([
      ['exp', 'a', 'big', String(2n ** 60n), 2 ** 60, true],
      ['exp', 'a', 'note', 'x', null, true],
      ['exp', 'a', 'ok', 'false', 0, true],
      ['exp', 'a', 'rate', '0.5', 0.5, true],
      ['exp', 'b', 'rate', '1', 1, false],
    ]);
  });

  it('has room for 1,000 summary values in the view runs, and all in the view summaries', async () => {
    const base = folder();
    const many = (from: number): Record<string, number> =>
      Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`value${from + at}`, at]));
    await withSummary(base, 'a', many(0));
    await withSummary(base, 'b', many(600));
    const { columns, skipped } = await queryRuns(base, "SELECT COLUMNS('^summary') FROM runs");
    expect(columns).toHaveLength(1000);
    expect(skipped).toMatchObject([
      { runDir: base, reason: expect.stringMatching(/^200 of 1200 summary values have no column/) as string },
    ]);
    expect(await rowsOf(base, 'SELECT count(*) FROM summaries')).toEqual([[1200n]]);
  });

  it('are pointed out where a name is written without quotes', async () => {
    const base = folder();
    await withSummary(base, 'a', { rate: 1 });
    await expect(queryRuns(base, 'SELECT summary.rate FROM runs')).rejects.toThrow(
      /put the whole name in double quotes/,
    );
  });
});
