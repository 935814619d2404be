import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunFactsAnswer, RunsAnswer } from '../../../src/dashboard/api.js';
import { countOfLines, isWanted, joined, lastLines } from '../../../src/dashboard/page/run/log-lines.js';
import { tagsIn, tagText } from '../../../src/dashboard/page/run/tag-text.js';
import { firstOf, leftText } from '../../../src/dashboard/page/parts/first-of.js';
import { RunPages } from '../../../src/dashboard/page/runs/run-pages.js';
import { itemsOf } from '../../../src/dashboard/page/runs/table-items.js';
import { bestSoFar, comparedTrials, sweepOf } from '../../../src/dashboard/page/sweep/trials.js';

const line = (timestampMs: number, message: string, level = 'info') => ({
  timestampMs,
  level,
  message,
  meta: {},
});

describe('lines of a log', () => {
  it('that came while it was read are told once', () => {
    const read = [line(1, 'a'), line(2, 'b')];
    const arrived = [line(2, 'b'), line(2, 'b'), line(3, 'c')];
    expect(joined(read, arrived).map(({ message }) => message)).toEqual(['a', 'b', 'b', 'c']);
  });

  it('are the last ones, and say that there are earlier ones', () => {
    const read = [line(1, 'a'), line(2, 'b'), line(3, 'c')];
    const { lines, isCut } = lastLines(read, 2);
    expect([lines.map(({ message }) => message), isCut]).toEqual([['b', 'c'], true]);
    expect(lastLines(read, 3)).toEqual({ lines: read, isCut: false });
    expect([countOfLines(500, true), countOfLines(1, false)]).toEqual(['last 500 lines', '1 line']);
  });

  it('are as grave as is asked for, or graver, and hold the text', () => {
    expect(isWanted(line(1, 'Loss is NaN', 'warn'), 'warn', 'nan')).toBe(true);
    expect(isWanted(line(1, 'Loss is NaN', 'info'), 'warn', undefined)).toBe(false);
    expect(isWanted(line(1, 'x', 'unheard of'), undefined, undefined)).toBe(false);
  });
});

const facts = (run: string, lr?: number): RunFactsAnswer => ({
  ...{ experiment: 'a', run, status: 'FINISHED', params: lr === undefined ? {} : { lr } },
});

describe('a list that is longer than is shown', () => {
  it('says how many of it are left out', () => {
    const { shown, left } = firstOf(
      Array.from({ length: 1234 }, (_, at) => at),
      200,
    );
    expect([shown.length, left]).toEqual([200, 1034]);
    expect(leftText(left, 'metrics')).toBe('and 1\u202f034 more metrics');
    expect(leftText(firstOf([1, 2], 2).left, 'metrics')).toBeNull();
  });
});

describe('tags as a line of text', () => {
  it('come back as they were, commas and quotes in them', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 })), (tags) => {
        expect(tagsIn(tagText(tags))).toEqual(tags);
      }),
    );
    expect(tagText(['a', 'b, c', 'd "e"'])).toBe('a, "b, c", d "e"');
  });

  it('are what somebody types, however carelessly', () => {
    expect(tagsIn(' a,, b ,a, "c, d" , "e')).toEqual(['a', 'b', 'c, d', '"e']);
  });
});

describe('the pages of a list', () => {
  const answer = (offset: number, run: string): RunsAnswer => ({
    ...{
      total: 500,
      offset,
      runs: [facts(run)],
      paramKeys: [],
      metricKeys: [],
      summaryKeys: [],
      headlineKeys: [],
    },
  });

  it('are asked for once, as they are looked at, and again after a reload', async () => {
    const asked: number[] = [];
    const pages = new RunPages(
      (offset) => {
        asked.push(offset);
        return Promise.resolve(answer(offset, `run ${offset}`));
      },
      100,
      { arrived: () => undefined, failed: () => undefined },
    );
    pages.look(0, 30);
    pages.look(90, 130);
    await Promise.resolve();
    expect(asked).toEqual([0, 100]);

    pages.reload();
    expect(asked).toEqual([0, 100, 0, 100]);
    expect(pages.at(100)?.run).toBe('run 100');
  });

  it('of before a reload are not taken when they come after it', async () => {
    const waiting: ((answer: RunsAnswer) => void)[] = [];
    const ask = (): Promise<RunsAnswer> => new Promise((resolve) => waiting.push(resolve));
    const pages = new RunPages(ask, 100, { arrived: () => undefined, failed: () => undefined });
    pages.look(0, 1);
    pages.reload();
    waiting[1]?.(answer(0, 'new'));
    waiting[0]?.(answer(0, 'old'));
    await Promise.resolve();
    expect(pages.at(0)?.run).toBe('new');
  });
});

describe('the rows of a table', () => {
  const runs = [facts('a', 1), facts('b', 1), facts('c', 2), facts('d')];
  const by = { kind: 'param', name: 'lr' } as const;

  it('have a heading wherever the group changes, with how many runs are under it', () => {
    const items = itemsOf({ total: 4, at: (index) => runs[index] }, by);
    expect(Array.from({ length: items.count }, (_, place) => items.at(place))).toEqual([
      { kind: 'heading', text: 'lr = 1', runs: 2 },
      { kind: 'run', index: 0 },
      { kind: 'run', index: 1 },
      { kind: 'heading', text: 'lr = 2', runs: 1 },
      { kind: 'run', index: 2 },
      { kind: 'heading', text: 'without lr', runs: 1 },
      { kind: 'run', index: 3 },
    ]);
    expect(items.indexAt(3)).toBe(2);
  });

  it('have a heading for each value, however little it differs', () => {
    const values = [1234567890, 1234567891, 0.1234561, 0.1234562, '1', 1, 'adam', ''];
    const each = values.map((lr, index) => ({ ...facts(`r${index}`), params: { lr } }));
    const items = itemsOf({ total: values.length, at: (index) => each[index] }, by);
    const headings = Array.from({ length: items.count }, (_, place) => items.at(place)).flatMap((item) =>
      item.kind === 'heading' ? item.text.replace('lr = ', '') : [],
    );
    expect(headings).toEqual([
      ...['1234567890', '1234567891', '0.1234561', '0.1234562'],
      ...['"1"', '1', 'adam', '""'],
    ]);
  });

  it('do not count a group that is not all here', () => {
    const items = itemsOf({ total: 4, at: (index) => (index === 1 ? undefined : runs[index]) }, by);
    expect(items.at(0)).toMatchObject({ text: 'lr = 1', runs: null });
  });
});

describe('a sweep', () => {
  const trial = (number: number, value: number | null, status = 'finished') => ({
    trial: number,
    status,
    value,
  });

  it('is read as far as it makes sense', () => {
    const sweep = sweepOf({
      ...{ metric: 'loss', mode: 'max', best: { trial: 1 } },
      trials: [trial(1, 2), 'nonsense', { status: 'finished' }, trial(0, 1)],
    });
    expect(sweep).toMatchObject({ metric: 'loss', mode: 'max', searcher: '', best: 1 });
    expect(sweep.trials.map(({ number }) => number)).toEqual([0, 1]);
    expect(sweepOf({}).trials).toEqual([]);
  });

  it('keeps a parameter that has the name of its metric', () => {
    const sweep = sweepOf({ metric: 'lr', trials: [{ ...trial(0, 3), params: { lr: 0.1 } }] });
    expect([...(comparedTrials('e', sweep)[0]?.values.values() ?? [])]).toEqual([0.1, 3]);
  });

  it('has its front, and its best among what keeps the constraints', () => {
    const sweep = sweepOf({
      ...{ metric: 'loss', mode: 'min', constraints: [{ metric: 'latency', max: 10 }, 'none', { max: 1 }] },
      metrics: [{ name: 'loss', mode: 'min' }, 7, { name: 'accuracy', mode: 'max' }],
      trials: [
        { ...trial(0, 2), values: [2, 0.5], constraintValues: [10] },
        { ...trial(1, 1), values: [1, 0.9], constraintValues: [11] },
        { ...trial(2, 3), values: [3, 0.5], constraintValues: [1] },
        { ...trial(3, 1), values: 'nonsense', constraintValues: [1] },
      ],
    });
    expect([...sweep.front]).toEqual([0]);
    expect(sweep.metrics.map(({ name }) => name)).toEqual(['loss', 'accuracy']);
    expect(sweep.constraints).toEqual([{ metric: 'latency', max: 10 }]);
    expect(bestSoFar(sweep)).toEqual([2, 2, 2, 1]);
    const compared = comparedTrials('e', sweep).map(({ values }) => [...values.values()]);
    expect(compared).toEqual([
      [2, 0.5],
      [1, 0.9],
      [3, 0.5],
      [1, undefined],
    ]);
  });

  it('gets better by what has finished, and by nothing that was stopped', () => {
    const { trials } = sweepOf({
      trials: [trial(0, null, 'failed'), trial(1, 3), trial(2, 1, 'stopped'), trial(3, 2)],
    });
    expect(bestSoFar({ trials, mode: 'min' })).toEqual([null, 3, 3, 2]);
    expect(bestSoFar({ trials, mode: 'max' })).toEqual([null, 3, 3, 3]);
  });
});
