import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AskTellOptions, createStudy, sweep, uniform } from 'expman-rx/sweep';
import { optionsIn, yamlIn } from './small-sweep.js';

const SPACE = { x: uniform(0, 1), y: uniform(0, 1) };
type Params = { readonly x: number; readonly y: number };

let baseDir = '';
beforeEach(() => {
  baseDir = mkdtempSync(`${tmpdir()}/expman-ask-`);
});
afterEach(() => rmSync(baseDir, { recursive: true, force: true }));

const open = (more: Partial<AskTellOptions<Params>> = {}) =>
  createStudy(SPACE, { name: 's', baseDir, seed: 3, ...more });

describe('a study whose trials run elsewhere', () => {
  it('hands out trials, and is told how they ended in any order', () => {
    const study = open({ trials: 3 });
    const asked = [study.ask(), study.ask(), study.ask()].flatMap((trial) => trial ?? []);
    expect(study.ask()).toBeNull();
    expect(study.pending).toEqual(asked);
    study.tell(2, 0.5);
    study.tell(asked[0]!, 0.25);
    study.tell(1, null);
    expect(study.pending).toEqual([]);
    expect(study.trials.map(({ status, value }) => [status, value])).toEqual([
      ['finished', 0.25],
      ['failed', null],
      ['finished', 0.5],
    ]);
    expect(study.best?.number).toBe(0);
    study.close();
    expect(yamlIn(study.dir)).toMatchObject({ status: 'FINISHED', metric: 'value', searcher: 'tpe' });
  });

  it('goes on after it was closed as if it had not been, trials pending', () => {
    const whole = open({ name: 'whole' });
    const lossOf = ({ x, y }: Params): number => (x - 0.3) ** 2 + y;
    for (let trial = 0; trial < 24; trial += 1) {
      const { params, number } = whole.ask()!;
      if (number !== 5) whole.tell(number, lossOf(params));
    }
    for (let trial = 0; trial < 24; trial += 1) {
      // Opened again for each trial.
      const study = open();
      const { params, number } = study.ask()!;
      if (number !== 5) study.tell(number, lossOf(params));
      study.close();
    }
    const study = open();
    expect(study.pending.map(({ number }) => number)).toEqual([5]);
    expect(study.trials).toEqual(whole.trials);
    study.close();
    whole.close();
  });

  it('has the front of several metrics', () => {
    const metrics = [
      { name: 'loss', mode: 'min' },
      { name: 'accuracy', mode: 'max' },
    ] as const;
    const study = open({ metrics });
    const values = [
      [1, 0.5],
      [2, 0.9],
      [3, 0.8],
      [1, 0.4],
    ];
    for (const each of values) study.tell(study.ask()!, each);
    expect(study.front.map(({ number }) => number)).toEqual([0, 1]);
    expect(() => study.tell(study.ask()!, 1)).toThrow(/value must be a list of 2 numbers, or null/);
    study.close();
    expect(yamlIn(study.dir)).toMatchObject({ metrics, trials: expect.arrayContaining([]) as unknown });
    const again = open({ metrics });
    expect(again.front.map((trial) => trial.values)).toEqual([values[0], values[1]]);
    again.close();
    expect(() => open({ mode: 'min' })).toThrow(/the existing sweep has metric/);
  });

  it('refuses what is not pending, and everything once it is closed', () => {
    const study = open();
    study.ask();
    study.tell(0, 1);
    for (const wrong of [0, 1, -1, 0.5])
      expect(() => study.tell(wrong, 1)).toThrow(/trial must be a pending/);
    study.ask();
    expect(() => study.tell(1, 'best' as never)).toThrow(/value must be a number or null/);
    expect(() => open()).toThrow(expect.objectContaining({ code: 'RUN_LOCKED' }) as Error);
    study.close();
    study.close();
    for (const call of [() => study.ask(), () => study.tell(1, 1)])
      expect(call).toThrow(expect.objectContaining({ code: 'RUN_CLOSED' }) as Error);
  });

  it.each<[said: RegExp, options: Partial<AskTellOptions<Params>>]>([
    [/metrics must be given without metric/, { metric: 'loss', metrics: [{ name: 'a', mode: 'min' }] }],
    [/metrics must be a list of at least one/, { metrics: [] }],
    [
      /searcher must be 'tpe' or 'nsga2'/,
      {
        searcher: 'gp',
        metrics: [
          { name: 'a', mode: 'min' },
          { name: 'b', mode: 'max' },
        ],
      },
    ],
    [
      /enqueue\[1\]\.x must be a value of uniform/,
      {
        enqueue: [
          { x: 0, y: 0 },
          { x: 2, y: 0 },
        ],
      },
    ],
    [/enqueue\[0\] must be feasible/, { enqueue: [{ x: 0, y: 0 }], feasible: ({ x }) => x > 0.5 }],
  ])('is refused: %s', (said, options) => {
    expect(() => open(options)).toThrow(said);
  });
});

describe('a sweep', () => {
  it('tries what is enqueued first, and only what is feasible', async () => {
    const enqueue = [
      { x: 0.75, y: 0.1 },
      { x: 0.9, y: 0.2 },
    ];
    const options = {
      ...optionsIn(baseDir),
      enqueue,
      feasible: ({ x }: Params) => x > 0.5,
      searcher: 'tpe' as const,
    };
    const study = sweep(SPACE, ({ params, run }) => run.logMetrics({ loss: params.x }, 0), options);
    const { trials } = await study.result;
    expect(trials.slice(0, 2).map(({ params }) => params)).toEqual(enqueue);
    expect(trials).toHaveLength(6);
    for (const { params } of trials) expect(params.x).toBeGreaterThan(0.5);
    const other = sweep(SPACE, () => undefined, { ...options, enqueue: [] });
    await expect(other.result).rejects.toThrow(/the existing sweep has enqueue \[.*\], not \[\]/);
  });

  it('takes no feasible with a custom searcher', () => {
    const searcher = { suggest: () => null, observe: () => undefined };
    expect(() =>
      sweep(SPACE, () => undefined, optionsIn(baseDir, { searcher, feasible: () => true })),
    ).toThrow(/feasible must be left out/);
  });
});
