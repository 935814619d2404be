import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ExchangeRun,
  type MetricRow,
  type MetricValue,
  tensorboardExporter,
  tensorboardImporter,
} from 'expman-rx/tensorboard';
import { tempFolders } from '../../support/temp-folder.js';
import { exchangeRun, imported, type ImportedRun, only } from './rig.js';

const folder = tempFolders('tensorboard');

async function roundTrip(run: ExchangeRun): Promise<ImportedRun> {
  const path = join(folder(), 'out');
  await tensorboardExporter().write(run, path);
  return only(await imported(tensorboardImporter(), path));
}

const valuesAt = (run: ImportedRun, metric: string): unknown[] =>
  run.rowList.map(({ values }) => values[metric]);

describe('a run that goes through TensorBoard files', () => {
  const doubles = fc.oneof(
    fc.double(),
    fc.constantFrom(NaN, Infinity, -Infinity, -0, Number.MAX_VALUE, Number.MIN_VALUE, 0.1, 16_777_217),
  );
  const value: Readonly<Record<string, fc.Arbitrary<MetricValue>>> = {
    double: doubles,
    int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    flag: fc.boolean(),
    text: fc.string({ unit: 'grapheme' }),
    mixed: fc.oneof(doubles, fc.bigInt({ min: -9n, max: 9n }), fc.boolean()),
    'a/b é': doubles,
    step: doubles,
  };
  const row = fc.record(
    {
      step: fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }),
      micros: fc.integer({ min: 0, max: 4e15 }),
      values: fc.record(value, { requiredKeys: [] }).filter((values) => Object.keys(values).length > 0),
    },
    { requiredKeys: ['step', 'micros', 'values'] },
  );
  const rows = fc.uniqueArray(row, { selector: ({ step }) => step, maxLength: 20 }).map((list) =>
    list.map(({ step, micros, values }): MetricRow => ({
      step,
      timestamp: micros / 1000,
      values: values as MetricRow['values'],
    })),
  );

  it('has the same rows: every double, INT64, boolean and text, step and microsecond', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (given) => {
        const { rowList } = await roundTrip(exchangeRun(given));
        expect(rowList.map((got) => ({ ...got, values: { ...got.values } }))).toStrictEqual(
          given.map((one) => ({ ...one, values: { ...one.values } })),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('keeps names, status, times, tags, notes, group, parameters and log', async () => {
    const facts = {
      experiment: 'my_exp',
      run: 'seed-7',
      status: 'INTERRUPTED',
      startedAt: '2026-01-01T00:00:00.123Z',
      endedAt: null,
      tags: ['baseline', 'é'],
      notes: 'a note\nof ``` two lines',
      group: 'ablation',
    } as const;
    const lines = [
      { timestampMs: 1_700_000_000_123, level: 'info', message: 'epoch {done}', meta: { epoch: 3 } },
      { timestampMs: 1_700_000_001_000, level: 'error', message: 'a\nb', meta: {} },
    ];
    const params = { lr: 1e-3, big: 2n ** 60n, opt: { name: 'adam', betas: [0.9, NaN] }, none: null };
    const run = await roundTrip(exchangeRun([], { ...facts, params, lines }));
    expect(run).toMatchObject(facts);
    expect(run.params).toEqual(params);
    expect(run.lineList).toEqual(lines);
  });

  it('keeps the summary, its headline and the definitions of metrics, and makes no rows of them', async () => {
    const summary = { a: 0.1, b: 2n ** 60n, c: true, d: 'text', loss: NaN, e: -0 };
    const facts = {
      summary,
      headline: ['c', 'a'],
      definitions: { 'val/*': { goal: 'min', x: 'epoch' } },
    } as const;
    const given = { step: 0, timestamp: 1, values: { loss: 1, 'summary/loss': 2, 'summary/loss_': 3 } };
    const run = await roundTrip(exchangeRun([given], facts));
    expect(run.summary).toStrictEqual(Object.assign(Object.create(null), summary));
    expect(run).toMatchObject({ headline: facts.headline, definitions: facts.definitions });
    expect(only(run.rowList)).toMatchObject(given);
    expect(run.fields.map(({ name }) => name)).toEqual(['loss', 'summary/loss', 'summary/loss_']);
  });

  it('says the type of each metric', async () => {
    const values = { d: 0.5, n: 3n, b: true, t: 'x' };
    const { fields } = await roundTrip(
      exchangeRun([
        { step: 0, values },
        { step: 1, values: { ...values, d: 2n } },
      ]),
    );
    expect(fields).toEqual([
      { name: 'd', type: 'DOUBLE' },
      { name: 'n', type: 'INT64' },
      { name: 'b', type: 'BOOLEAN' },
      { name: 't', type: 'UTF8' },
    ]);
  });

  it('counts the rows that have no step', async () => {
    const run = await roundTrip(
      exchangeRun([{ values: { a: 1 } }, { values: { a: 2 } }, { step: 9, values: { a: 3 } }]),
    );
    expect(run.rowList.map(({ step }) => step)).toEqual([0, 1, 9]);
  });

  it('keeps edges and counts of a histogram', async () => {
    const histogram = { edges: [-1, 0, 0.1, 5], counts: [3, 0, 7], min: -1, max: 5, mean: 2, count: 10 };
    const run = await roundTrip(exchangeRun([{ step: 0, values: { h: JSON.stringify(histogram) } }]));
    const [text] = valuesAt(run, 'h');
    const back = JSON.parse(String(text)) as typeof histogram;
    expect(back).toMatchObject({
      edges: histogram.edges,
      counts: histogram.counts,
      min: -1,
      max: 5,
      count: 10,
    });
    expect(Object.keys(back)).toEqual(Object.keys(histogram));
  });

  it('has text in every row of a metric that is text in one', async () => {
    const run = await roundTrip(exchangeRun([1, 'x', true].map((a, step) => ({ step, values: { a } }))));
    expect(valuesAt(run, 'a')).toEqual(['1', 'x', 'true']);
  });

  it('keeps a row of more values than one event takes', async () => {
    const wide = Object.fromEntries(Array.from({ length: 9000 }, (_, index) => [`m${index}`, index / 3]));
    const run = await roundTrip(exchangeRun([{ step: 4, timestamp: 1e12, values: wide }]));
    expect(run.rowList).toHaveLength(1);
    expect({ ...run.rowList[0]?.values }).toEqual(wide);
  });

  it('does not take a name of another folder from its file', async () => {
    const run = await roundTrip(exchangeRun([], { experiment: '../../etc', run: 'con' }));
    expect([run.experiment, run.run]).toEqual(['etc', 'run_con']);
  });
});

describe('an export', () => {
  it('does not touch a folder that is there', async () => {
    await expect(tensorboardExporter().write(exchangeRun([]), folder())).rejects.toMatchObject({
      code: 'IO',
    });
  });

  it('leaves nothing behind when the rows fail', async () => {
    const top = folder();
    let readings = 0;
    const failing = (): AsyncIterable<MetricRow> => {
      if (readings++ > 0) throw new Error('torn');
      return exchangeRun([{ values: { a: 1 } }]).rows();
    };
    const run = { ...exchangeRun([]), rows: failing };
    await expect(tensorboardExporter().write(run, join(top, 'out'))).rejects.toThrow('torn');
    expect(readdirSync(top)).toEqual([]);
  });

  it('says what TensorBoard cannot hold', () => {
    expect(tensorboardExporter().loses).toMatch(/step.*histogram/s);
  });
});
