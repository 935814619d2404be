import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExchangeRun, Exporter, Importer } from '../../dist/modules/interop/exchange/exchange-run.js';
import { arrowExporter, arrowImporter } from '../../dist/modules/interop/columnar/arrow-format.js';
import { parquetExporter } from '../../dist/modules/interop/columnar/parquet-exporter.js';
import { parquetImporter } from '../../dist/modules/interop/columnar/parquet-importer.js';
import { csvExporter } from '../../dist/modules/interop/csv/csv-exporter.js';
import { csvImporter } from '../../dist/modules/interop/csv/csv-importer.js';
import { MAX_STEP } from '../../dist/modules/interop/neptune/attribute-columns.js';
import { neptuneExporter } from '../../dist/modules/interop/neptune/neptune-exporter.js';
import { neptuneImporter } from '../../dist/modules/interop/neptune/neptune-importer.js';
import { jsonExporter, jsonImporter } from '../../dist/modules/interop/text/json.js';
import { ndjsonExporter, ndjsonImporter } from '../../dist/modules/interop/text/ndjson.js';
import type { MetricValue } from '../../dist/modules/model/metric.js';
import { encodeParams } from '../../dist/modules/model/params.js';
import { cellText } from '../support/cell-text.js';
import { tempFolders } from '../support/temp-folder.js';
import { anyRun, type GivenRun, logOf, plainRow, type PlainRow, rowsOf } from './run-arbitrary.js';

const folder = tempFolders('formats');
const RUNS = 60;

const FORMATS: readonly (readonly [Exporter, Importer])[] = [
  [csvExporter, csvImporter],
  [jsonExporter, jsonImporter],
  [ndjsonExporter, ndjsonImporter],
  [arrowExporter, arrowImporter],
  [parquetExporter, parquetImporter],
  [neptuneExporter, neptuneImporter],
];

/** The run that an importer finds in what an exporter wrote of another. */
async function thereAndBack(
  [exporter, importer]: readonly [Exporter, Importer],
  run: GivenRun,
): Promise<ExchangeRun> {
  const path = join(folder(), `run.${exporter.format}`);
  await exporter.write(run, path);
  for (const [, known] of FORMATS)
    expect([known.format, await known.recognises(path)]).toEqual([known.format, known === importer]);
  for await (const found of importer.runs(path)) {
    if (found instanceof Error) throw found;
    return found;
  }
  throw new Error('no run');
}

const factsOf = ({
  experiment,
  run,
  status,
  startedAt,
  endedAt,
  tags,
  notes,
  group,
  params,
  sessions,
  summary = {},
  headline = [],
  definitions = {},
}: ExchangeRun): unknown => ({
  experiment,
  run,
  status,
  startedAt,
  endedAt,
  tags,
  notes,
  group,
  params: encodeParams(params),
  sessions: sessions ?? [],
  summary,
  headline,
  definitions,
});

/**
 * The rows of a run as a format gives them back, by what its exporter says that it loses.
 *
 * @param isScanned - whether the exporter is not told which metrics are mixed, and finds out from their values
 */
function rowsAs({ loses }: Exporter, { givenRows, fields }: GivenRun, isScanned = false): PlainRow[] {
  if (!loses.includes('was a text')) return givenRows.map(plainRow);
  const guessed = fields
    .filter(({ mixed = false }) => mixed)
    .map(({ name }) => name)
    .filter(
      (name) =>
        !isScanned || givenRows.some(({ values }) => name in values && typeof values[name] !== 'string'),
    );
  return givenRows
    .map(plainRow)
    .map(([step, micros, cells]) => [
      ...([step, micros] as const),
      cells.map(([metric, value]) => [
        metric,
        guessed.includes(metric) && typeof value === 'string' ? valueOfText(value) : value,
      ]),
    ]);
}

function valueOfText(text: string): MetricValue {
  if (text === 'true' || text === 'false') return text === 'true';
  return cellText(Number(text)) === text ? Number(text) : text;
}

describe.each(FORMATS.filter(([{ format }]) => format !== 'neptune'))(
  'a run exported and imported again',
  (...pair) => {
    const [exporter] = pair;

    it(`has the same rows as ${exporter.format}: order, steps, microseconds, types, every value`, async () => {
      await fc.assert(
        fc.asyncProperty(anyRun, async (run) => {
          const back = await thereAndBack(pair, run);
          expect(await rowsOf(back)).toEqual(rowsAs(exporter, run));
          expect(back.fields.map(({ name, type }) => [name, type])).toEqual(
            run.fields.map(({ name, type }) => [name, type]),
          );
        }),
        { numRuns: RUNS },
      );
    });

    it(`is the same run as ${exporter.format}: names, status, times, tags, notes, parameters, summary`, async () => {
      await fc.assert(
        fc.asyncProperty(anyRun, async (run) => {
          expect(factsOf(await thereAndBack(pair, run))).toEqual(factsOf(run));
        }),
        { numRuns: RUNS },
      );
    });

    it(`has the log as ${exporter.format}, unless its exporter says that it loses it`, async () => {
      await fc.assert(
        fc.asyncProperty(anyRun, async (run) => {
          const log = exporter.loses.includes('the lines of the log') ? [] : run.givenLog;
          expect(await logOf(await thereAndBack(pair, run))).toEqual(log);
        }),
        { numRuns: RUNS / 3 },
      );
    });

    it(`needs no fields to be known beforehand as ${exporter.format}`, async () => {
      await fc.assert(
        fc.asyncProperty(anyRun, async (run) => {
          const back = await thereAndBack(pair, { ...run, fields: [] });
          expect(await rowsOf(back)).toEqual(rowsAs(exporter, run, true));
        }),
        { numRuns: RUNS / 3 },
      );
    });
  },
);

describe('a run exported for neptune and imported again', () => {
  type Point = readonly [metric: string, step: number | bigint | null, ms: number | null, value: MetricValue];
  const points = (rows: readonly PlainRow[]): string[] =>
    rows
      .flatMap(([step, micros, values]) =>
        values.map(([metric, value]): Point => [
          metric,
          step,
          micros === null ? null : Math.floor(micros / 1000),
          value,
        ]),
      )
      .map((point) => JSON.stringify(point, (_key, value: unknown) => textOf(value)))
      .sort();
  const textOf = (value: unknown): unknown =>
    typeof value === 'bigint'
      ? `${value}n`
      : typeof value === 'number'
        ? Object.is(value, -0)
          ? '-0'
          : String(value)
        : value;
  /** What the format's `loses` says. */
  const lossyRows = ({ givenRows, fields }: GivenRun): PlainRow[] => {
    const mixed = new Set(fields.flatMap(({ name, mixed = false }) => (mixed ? [name] : [])));
    return givenRows
      .map(plainRow)
      .map(([step, micros, values]) => [
        typeof step === 'number' && Math.abs(step) <= MAX_STEP ? step : null,
        micros,
        values.map(([metric, value]) => [metric, lossyValue(value, mixed.has(metric))]),
      ]);
  };
  const lossyValue = (value: MetricValue, isText: boolean): MetricValue => {
    if (!isText || typeof value === 'string') return typeof value === 'bigint' ? nearest(value) : value;
    return cellText(value);
  };
  const nearest = (value: bigint): bigint => {
    const rounded = BigInt(Number(value));
    return rounded === 2n ** 63n ? rounded - 1n : rounded;
  };

  it('has the same values of each metric, at the same steps, in milliseconds', async () => {
    await fc.assert(
      fc.asyncProperty(anyRun, async (run) => {
        const back = await thereAndBack([neptuneExporter, neptuneImporter], run);
        expect(points(await rowsOf(back))).toEqual(points(lossyRows(run)));
      }),
      { numRuns: RUNS },
    );
  });

  it('is the same run, with its parameters, its summary and the words of its log', async () => {
    await fc.assert(
      fc.asyncProperty(anyRun, async (run) => {
        const back = await thereAndBack([neptuneExporter, neptuneImporter], run);
        expect(factsOf(back)).toEqual(factsOf({ ...run, sessions: [] }));
        expect(await logOf(back)).toEqual(run.givenLog.map((line) => ({ ...line, meta: {} })));
      }),
      { numRuns: RUNS / 2 },
    );
  });
});
