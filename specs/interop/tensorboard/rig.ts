import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PbfWriter } from 'pbf';
import { type ExchangeRun, ExpmanError, type Importer, type MetricRow } from 'expman-rx/tensorboard';
import { frameRecord } from '../../../dist/modules/interop/tensorboard/record-frame.js';

async function* listed<T>(items: readonly T[]): AsyncGenerator<T> {
  await Promise.resolve();
  yield* items;
}

/** A run of these rows and whatever else is said of it. */
export function exchangeRun(
  rows: readonly MetricRow[],
  { lines = [], ...facts }: Partial<ExchangeRun> & { readonly lines?: readonly LogLineOf[] } = {},
): ExchangeRun {
  return {
    experiment: 'exp',
    run: 'run',
    status: 'FINISHED',
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T01:00:00.000Z',
    tags: [],
    notes: '',
    group: null,
    params: {},
    fields: [],
    rows: () => listed(rows),
    log: () => listed(lines),
    ...facts,
  };
}

type LogLineOf = ReturnType<ExchangeRun['log']> extends AsyncIterable<infer Line> ? Line : never;

/** Everything an importer finds under a path, runs with their rows and lines. */
export async function imported(importer: Importer, path: string): Promise<ImportedRun[]> {
  const runs: ImportedRun[] = [];
  for await (const run of importer.runs(path)) {
    if (run instanceof ExpmanError) throw run;
    runs.push({
      ...run,
      rowList: await collect(run.rows()),
      lineList: await collect(run.log()),
      told: run.findings?.() ?? [],
    });
  }
  return runs;
}

/** A run with what its iterables gave. */
export interface ImportedRun extends ExchangeRun {
  readonly rowList: readonly MetricRow[];
  readonly lineList: readonly LogLineOf[];
  /** What was damaged, left out or guessed. */
  readonly told: ReturnType<NonNullable<ExchangeRun['findings']>>;
}

/** The only one of some runs. */
export function only<T>(items: readonly T[]): T {
  const [item, more] = items;
  if (item === undefined || more !== undefined) throw new Error(`one was expected, not ${items.length}`);
  return item;
}

/** Everything that an iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Writes an event file of some records. */
export function writeEventFile(path: string, records: readonly Uint8Array[]): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat(records.map(frameRecord)));
  return path;
}

/** One event of one `simple_value`, as TensorFlow 1 writes it: nothing of ours but pbf. */
export function scalarEvent(tag: string, value: number, step: number, wallTime = 1e9 + step): Uint8Array {
  return message((event) => {
    event.writeDoubleField(1, wallTime);
    event.writeVarintField(2, step);
    event.writeBytesField(
      5,
      message((summary) =>
        summary.writeBytesField(
          1,
          message((of) => {
            of.writeStringField(1, tag);
            of.writeFloatField(2, value);
          }),
        ),
      ),
    );
  });
}

/** One protobuf message. */
export function message(write: (pbf: PbfWriter) => void): Uint8Array {
  const pbf = new PbfWriter();
  write(pbf);
  return pbf.finish();
}
