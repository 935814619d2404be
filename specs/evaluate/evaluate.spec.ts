import { ExperimentConfig, type ExperimentOptions, LoggingEngine } from 'expman-rx';
import {
  type CaseResult,
  type EvaluateOptions,
  type Subject,
  compareCases,
  evaluate,
  summarise,
} from 'expman-rx/evaluate';
import { openRun, queryRuns } from 'expman-rx/reader';
import { NEVER, Subject as Source, from, lastValueFrom, take, toArray } from 'rxjs';
import { join } from 'node:path';
import { progress } from 'expman-rx/progress';
import { describe, expect, it } from 'vitest';
import { runChild } from '../support/child.js';
import { logLines } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('evaluate');

interface Case {
  readonly id?: string;
  readonly input: string;
  readonly expected?: string;
}

const open = (base = folder(), options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('evals', base, { environment: false, ...options }));

const all = <O>(
  cases: readonly Case[],
  subject: Subject<Case, O>,
  options: EvaluateOptions<Case, O>,
): Promise<CaseResult<O>[]> => lastValueFrom(evaluate(cases, subject, options).pipe(toArray()));

const casesOf = (count: number): Case[] =>
  Array.from({ length: count }, (_, at) => ({ id: `c${at}`, input: `q${at}`, expected: `A${at}` }));

describe('an evaluation', () => {
  it('logs a row per case, with its index as step, and summarises them', async () => {
    const base = folder();
    const run = open(base);
    const results = await all(
      casesOf(4),
      ({ input }) => {
        if (input === 'q3') throw new RangeError('too hard');
        return input.replace('q', 'A').replace('A2', 'no');
      },
      {
        run,
        scorers: {
          exact: (output, { expected }) => output === expected,
          length: async (output) => Promise.resolve(output.length),
        },
      },
    );
    expect(results.map(({ id, passed }) => [id, passed]).sort()).toEqual([
      ['c0', true],
      ['c1', true],
      ['c2', false],
      ['c3', false],
    ]);
    const { rows, summary } = await run.close();
    expect(rows).toBe(4);
    expect(summary).toMatchObject({
      cases: 4,
      passed: 2,
      pass_rate: 0.5,
      errors: 1,
      exact: 2 / 3,
      length: 2,
    });
    expect(openRun(run.runDir).facts).toMatchObject({
      headline: ['pass_rate'],
      definitions: { pass_rate: { goal: 'max' } },
    });
    const read = await queryRuns(
      base,
      'SELECT step, passed, exact, "length", error, "case", latency_ms >= 0 FROM wide ORDER BY step',
    );
    expect(read.rows).toEqual([
      [0n, true, true, 2, null, 'c0', true],
      [1n, true, true, 2, null, 'c1', true],
      [2n, false, false, 2, null, 'c2', true],
      [3n, false, null, null, 'RangeError: too hard', 'c3', null],
    ]);
  });

  it('keeps inputs and outputs in tables, within bounds', async () => {
    const base = folder();
    const run = open(base);
    await all(
      [{ input: 'x'.repeat(5000) }, { input: 'b', expected: 'B' }],
      ({ input }) => ({ said: input }),
      {
        run,
      },
    );
    await run.close();
    const { rows } = await queryRuns(
      base,
      `SELECT length(data->>'input'), data->>'output', data->>'expected', (data->>'passed')::BOOLEAN FROM tables
       WHERE name = 'cases' ORDER BY (data->>'index')::INT`,
    );
    expect(rows).toEqual([
      [4000n, expect.stringMatching(/^\{"said":"x+…$/), null, true],
      [1n, '{"said":"b"}', 'B', true],
    ]);
    const many = open(base);
    await lastValueFrom(evaluate(from(Array(10_001).keys()), (at) => at, { run: many, concurrency: 64 }));
    await many.close();
    expect(logLines(many.runDir).join('\n')).toContain('kept of the first 10000 cases only');
    const kept = await queryRuns(base, `SELECT count(*) FROM tables WHERE run = '${many.runName}'`);
    expect(kept.rows).toEqual([[10_000n]]);
  });

  it('records what a subject or a scorer throws, and goes on', async () => {
    const run = open();
    const results = await all(casesOf(4), ({ input }) => input, {
      run,
      concurrency: 1,
      scorers: {
        first: (output) => {
          if (output === 'q0') throw new Error('x'.repeat(2000));
          return output === 'q1' ? ('yes' as never) : 1;
        },
        second: () => true,
      },
    });
    expect(results.map(({ error }) => error?.slice(0, 40) ?? null)).toEqual([
      `scorer first: Error: ${'x'.repeat(19)}`,
      'scorer first: TypeError: a score must be',
      null,
      null,
    ]);
    expect(results[0]).toMatchObject({ passed: false, scores: { second: true }, output: 'q0' });
    expect(results[0]?.error).toHaveLength(1000);
    expect((await run.close()).summary).toMatchObject({ errors: 2, pass_rate: 0.5 });
  });

  it('asks again after an error, as often as it is told, and not after an answer', async () => {
    const run = open();
    const asked: string[] = [];
    const results = await all(
      casesOf(2),
      ({ input }) => {
        asked.push(input);
        if (input === 'q0' && asked.filter((each) => each === 'q0').length < 3) throw new Error('busy');
        if (input === 'q1') throw new Error('never');
        return input;
      },
      { run, concurrency: 1, retries: 2 },
    );
    expect(results).toMatchObject([
      { passed: true, attempts: 3, error: null },
      { passed: false, attempts: 3, error: 'Error: never' },
    ]);
    await run.close();
  });

  it('ends an attempt that takes too long, and tells the subject', async () => {
    const run = open();
    const signals: AbortSignal[] = [];
    const [result] = await all(
      casesOf(1),
      (_case, { signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
      { run, timeoutMs: 20, retries: 1 },
    );
    expect(result).toMatchObject({
      error: 'TimeoutError: no answer within 20 ms',
      attempts: 2,
      latencyMs: null,
    });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    await run.close();
  });

  it('asks about as many cases at a time as it is told', async () => {
    const run = open();
    let [now, most] = [0, 0];
    await all(
      casesOf(12),
      async () => {
        most = Math.max(most, ++now);
        await new Promise(setImmediate);
        now--;
      },
      { run, concurrency: 3 },
    );
    expect(most).toBe(3);
    await run.close();
  });

  it('takes cases from a stream, begins with the subscription, and aborts with its end', async () => {
    const run = open();
    const source = new Source<Case>();
    const signals: AbortSignal[] = [];
    const results$ = evaluate(source, (_case, { signal }) => (signals.push(signal), lastValueFrom(NEVER)), {
      run,
    });
    expect(source.observed).toBe(false);
    const subscription = results$.subscribe();
    await expect.poll(() => source.observed).toBe(true);
    source.next({ input: 'a' });
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    subscription.unsubscribe();
    expect(signals[0]?.aborted).toBe(true);
    expect((await run.close()).summary).toEqual({});
  });

  it('has a summary without a rate where there are no cases', async () => {
    const run = open();
    expect(await all([], () => 1, { run })).toEqual([]);
    expect((await run.close()).summary).toEqual({ cases: 0, passed: 0, errors: 0 });
  });

  it('goes on where it was, when the run is resumed after it was left', async () => {
    const base = folder();
    const first = open(base, { runName: 'r' });
    await lastValueFrom(
      evaluate(casesOf(10), ({ input }) => input, {
        run: first,
        concurrency: 1,
        scorers: { s: () => 0.5 },
      }).pipe(take(4)),
    );
    await first.close();
    const second = open(base, { runName: 'r', resume: 'must' });
    const asked: string[] = [];
    const results = await all(casesOf(10), ({ input }) => asked.push(input), { run: second, concurrency: 1 });
    expect(asked).toEqual(['q4', 'q5', 'q6', 'q7', 'q8', 'q9']);
    expect(results.filter(({ reused }) => reused)).toMatchObject(
      casesOf(4).map(({ id }, index) => ({ index, id, passed: true, scores: { s: 0.5 } })),
    );
    const { summary, rows } = await second.close();
    expect(rows).toBe(10);
    expect(summary).toMatchObject({ cases: 10, pass_rate: 1, s: 0.5 });
  });

  it('keeps cases with one id apart, also when it goes on, and says so', async () => {
    const base = folder();
    const ids = ['a', 'b', 'a', '3', undefined, '4', 'a#2', 'a'];
    const cases = ids.map((id, at) => ({ ...(id !== undefined && { id }), input: `q${at}` }));
    const first = open(base, { runName: 'r' });
    const asked: string[] = [];
    const subject = ({ input }: Case): string => {
      asked.push(input);
      return input;
    };
    const begun = evaluate(cases, subject, { run: first, concurrency: 1 }).pipe(take(3));
    await lastValueFrom(begun);
    await first.close();
    const second = open(base, { runName: 'r', resume: 'must' });
    const results = await all(cases, subject, { run: second, concurrency: 1 });
    expect(asked).toEqual(cases.map(({ input }) => input));
    expect(results.map(({ id }) => id)).toEqual(['a', 'b', 'a#2', '3', '4', '4#2', 'a#2#2', 'a#3']);
    await second.close();
    expect((await compareCases(second.runDir, second.runDir)).same).toBe(8);
    expect(logLines(second.runDir).join('\n')).toContain('4 cases had the id of an earlier one');
  });

  it('refuses what is no list of cases, and a text, which is one of characters', () => {
    const run = { runDir: '', logMetrics: () => 0, summary: () => 0, logTable: () => 0 };
    for (const cases of [5, null, undefined, {}, 'cases.json'])
      expect(() => evaluate(cases as never, () => 1, { run: run as never })).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION', option: 'cases' }) as Error,
      );
  });

  it('warns when it asked nothing, as every case was taken from an earlier session', async () => {
    const base = folder();
    const warnings: string[] = [];
    const listener = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', listener);
    for (const resume of ['never', 'allow'] as const) {
      const run = open(base, { runName: 'r', resume });
      await all(casesOf(3), ({ input }) => input, { run });
      await run.close();
    }
    process.off('warning', listener);
    const runDir = join(base, 'evals/r');
    const text = `3 of 3 cases taken from earlier sessions of ${runDir}`;
    expect(warnings).toEqual([`${text}, none was asked; to evaluate again, choose another runName`]);
    expect(logLines(runDir)).toContainEqual(expect.stringContaining(text));
  });

  it('leaves out the score of a scorer that returns null', async () => {
    const run = open();
    const half = (output: string): number | null => (output === 'q1' ? null : 0.5);
    const results = await all(casesOf(3), ({ input }) => input, { run, scorers: { half } });
    expect(results.map(({ passed, scores }) => ({ passed, ...scores }))).toEqual([
      { passed: true, half: 0.5 },
      { passed: true },
      { passed: true, half: 0.5 },
    ]);
    expect((await run.close()).summary).toMatchObject({ errors: 0, half: 0.5 });
  });

  it('shows its progress to the end, in whatever order cases end', async () => {
    const run = open();
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) > 0 };
    progress(run, { total: 3, stream, force: true });
    const gates = [0, 1, 2].map(() => new Source<string>());
    const done = all(casesOf(3), (_item, { index }) => lastValueFrom(gates[index] ?? NEVER), { run });
    for (const at of [2, 0, 1]) {
      await expect.poll(() => gates[at]?.observed).toBe(true);
      gates[at]?.next('x');
      gates[at]?.complete();
    }
    await done;
    await run.close();
    expect(written.at(-1)).toMatch(/100% 3\/3 .*FINISHED/);
  });

  it('asks no case twice after a kill, if its row was flushed', async () => {
    const base = folder();
    const code = `
      const { evaluate } = await import(${JSON.stringify(new URL('../../dist/evaluate.js', import.meta.url).href)});
      const run = open({ runName: 'r' });
      let asked = 0;
      evaluate([...Array(20).keys()], async (at) => {
        if (at === 7) { await run.flush(); await ask('kill'); }
        return at;
      }, { run, concurrency: 1 }).subscribe();
      setInterval(() => undefined, 1000);`;
    await runChild(base, code, { answer: () => 'kill' });
    const run = new LoggingEngine(
      new ExperimentConfig('exp', base, { runName: 'r', resume: 'must', environment: false }),
    );
    const asked: number[] = [];
    await lastValueFrom(evaluate([...Array(20).keys()], (at) => asked.push(at), { run, concurrency: 1 }));
    expect(asked).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect((await run.close()).summary).toMatchObject({ cases: 20, pass_rate: 1 });
  });

  it.each([
    [{ concurrency: 0 }, 'concurrency'],
    [{ timeoutMs: 0 }, 'timeoutMs'],
    [{ retries: -1 }, 'retries'],
    [{ scorers: { exact: 1 } }, 'scorers'],
    [{ scorers: { passed: () => true } }, 'scorers'],
    [{ scorers: { pass_rate: () => true } }, 'scorers'],
    [{ run: {} }, 'run'],
    [{ run: undefined }, 'run'],
    [{ scorer: {} }, 'scorer'],
  ])('is refused %j', async (options, option) => {
    const run = open();
    expect(() => evaluate([], () => 1, { run, ...options } as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option }) as Error,
    );
    expect(() => evaluate([], 1 as never, { run })).toThrow(/subject must be a function/);
    await run.close();
  });
});

describe('the summary of cases', () => {
  const caseOf = (
    passed: boolean,
    latencyMs: number | null = 1,
  ): Parameters<typeof summarise>[0] extends Iterable<infer R> ? R : never => ({
    ...{ index: 0, id: '', passed, latencyMs, scores: {}, error: null, attempts: 1 },
  });

  it.each([
    [1, 10],
    [5, 10],
    [0, 20],
    [20, 20],
    [176, 200],
    [1, 1],
  ])('has the bounds at which %d of %d lies 1.96 deviations away', (passed, cases) => {
    const { pass_rate_low = NaN, pass_rate_high = NaN } = summarise(
      Array.from({ length: cases }, (_, at) => caseOf(at < passed)),
    );
    const away = (bound: number): number =>
      (passed / cases - bound) / Math.sqrt((bound * (1 - bound)) / cases);
    expect(passed === 0 ? pass_rate_low : away(pass_rate_low)).toBeCloseTo(passed === 0 ? 0 : 1.95996398, 7);
    expect(passed === cases ? pass_rate_high : away(pass_rate_high)).toBeCloseTo(
      passed === cases ? 1 : -1.95996398,
      7,
    );
  });

  it('has percentiles with interpolation, of the cases that were answered', () => {
    const cases = [...Array(11).keys()].map((at) => caseOf(true, at * 10));
    expect(summarise([...cases, caseOf(false, null)])).toMatchObject({
      ...{ cases: 12, latency_p50_ms: 50, latency_p90_ms: 90 },
      latency_p99_ms: expect.closeTo(99, 9) as number,
    });
  });
});

describe('two evaluations', () => {
  it('are compared case by case: what broke, was mended, changed its score, came and went', async () => {
    const base = folder();
    const evaluated = async (scores: Readonly<Record<string, number>>): Promise<string> => {
      const run = open(base);
      const cases = Object.entries(scores).map(([id, score]) => ({ id, input: id, score }));
      await lastValueFrom(
        evaluate(cases, ({ score }) => score, {
          run,
          scorers: { positive: (score) => score > 0, score: (score) => score },
        }),
      );
      await run.close();
      return run.runDir;
    };
    const before = await evaluated({ a: 1, b: -1, c: 0.5, d: NaN, e: 1, gone: 1 });
    const after = await evaluated({ e: 1, d: NaN, c: 0.6, b: 2, a: -2, come: 1 });
    const compared = await compareCases(before, after);
    expect(compared).toMatchObject({
      broke: [{ id: 'a', before: { passed: true }, after: { passed: false, scores: { score: -2 } } }],
      mended: [{ id: 'b' }],
      changed: [{ id: 'c', scores: ['score'] }],
      ...{ same: 2, removed: ['gone'], added: ['come'] },
    });
    expect(await compareCases(before, after, { tolerance: 0.2 })).toMatchObject({ changed: [], same: 3 });
  });
});
