import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fallen, guard } from './guard.js';
import { mannWhitney } from './mann-whitney.js';

describe('what --check says', () => {
  const table = { caller: { 'cost / bare': 2, 'rate / theirs': 4 } };
  const measured = (cost: number, rate: number) => [
    { name: 'caller', guards: [...guard('cost / bare', cost), ...guard('rate / theirs', rate, 'more')] },
  ];

  it('is nothing while no ratio is worse by more than the share', () => {
    expect(fallen(measured(2.5, 3.2), 0.25, table)).toEqual([]);
    expect(fallen(measured(0.1, 40), 0.25, table)).toEqual([]);
  });

  it('is each ratio that is worse, less or more being better', () => {
    expect(fallen(measured(2.6, 3.19), 0.25, table)).toEqual([
      'caller, cost / bare: 2.6, 2 before: 30 % worse',
      'caller, rate / theirs: 3.19, 4 before: 25 % worse',
    ]);
  });

  it('is each ratio that is no number, or not in the table', () => {
    expect(fallen(measured(NaN, 4), 0.25, table)).toEqual([
      'caller, cost / bare: NaN, 2 before: NaN % worse',
    ]);
    expect(fallen([{ name: 'idle', guards: guard('share', 1) }], 0.25, table)).toEqual([
      'idle, share: 1, which ratios.json lacks; npm run bench -- --remember idle',
    ]);
  });
});

describe('the rank test', () => {
  // Computed by another program, with the complementary error function.
  it.each([
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [6, 7, 8, 9, 10, 11, 12, 13, 14, 15], 0.005075392],
    [[1, 1, 2, 3, 3, 3], [2, 3, 4, 4, 5, 6], 0.040490981],
    [[1, 2, 3], [1, 2, 3], 1],
    [[1, 1], [1, 1, 1], 1],
  ])('of %j and %j', (a, b, p) => {
    expect(mannWhitney(a, b)).toBeCloseTo(p, 6);
    expect(mannWhitney(b, a)).toBeCloseTo(p, 6);
  });
});

describe.skipIf(process.env['SPECS_AT_NIGHT'] === undefined)(
  'every case of the bench',
  { timeout: 1_800_000 },
  () => {
    it('runs, with a hundredth of the work', () => {
      const run = fileURLToPath(new URL('run.ts', import.meta.url));
      const output = execFileSync('npx', ['tsx', run, '--quick', '--json'], { encoding: 'utf8' });
      const { measured } = JSON.parse(output) as {
        readonly measured: readonly { readonly name: string; readonly figures: readonly unknown[] }[];
      };
      for (const { name, figures } of measured) expect([name, figures.length]).not.toEqual([name, 0]);
    });
  },
);
