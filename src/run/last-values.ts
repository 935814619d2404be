import type { Rewind } from '../channel/rewind.js';
import { bitAt } from '../columnar/bitmap.js';
import type { Column } from '../columnar/column.js';
import { numberColumn, stepReader } from '../columnar/column-values.js';
import { mergeParams } from '../model/params.js';
import type { Step } from '../model/step.js';
import { summaryFactsIn } from '../model/summary-values.js';
import type { MetricDefinitions } from '../pure/metric-definition.js';
import type { FsPort } from '../storage/fs-port.js';
import { decodeChunk } from '../storage/parquet/index.js';
import { RUN_NAME } from './file-names.js';
import type { Replay } from './replay/replay.js';
import { factsIn } from './replay/restore-state.js';
import { decodeSpans } from './rows/decode-spans.js';
import { type Mark, endOf, stretchesOf } from './rows/rewind-rows.js';
import { readMapping } from './run-record.js';
import { type SeenFiles, withSteadyFiles } from './steady-files.js';

/** The facts of a run's files by which a checkpoint is ranked. */
export interface LastValues {
  /** The rewinds of the run, in order. */
  readonly rewinds: readonly Rewind[];
  readonly definitions: MetricDefinitions;
  /** The last number of each requested metric, as far as it has one. */
  readonly values: ReadonlyMap<string, number>;
}

/** The request of {@link lastValuesIn}. */
export interface LastValuesWish {
  readonly metrics: readonly string[];
  /** Rows with a greater step do not count; rows without a step do. */
  readonly toStep: Step;
  /** A rewind that may not be in the files yet. */
  readonly coming: Mark | null;
}

/**
 * Finds the last numbers of metrics in a run's files, from the last row backwards: most often in the
 * write-ahead log, or in the last row group.
 */
export function lastValuesIn(
  fs: FsPort,
  folder: string,
  runUuid: string,
  { metrics, toStep, coming }: LastValuesWish,
): LastValues {
  return withSteadyFiles(fs, folder, runUuid, ({ published, replay }) => {
    const rewinds = [...(published?.facts.rewinds ?? []), ...replay.rewinds];
    const isKnown = rewinds.some(({ epoch }) => epoch === coming?.epoch);
    const marks = [...rewinds, ...(coming === null || isKnown ? [] : [coming])];
    const found = new Map<string, number>();
    const search: Search = { wanted: metrics, toStep, marks, found };
    fromLog(replay, search);
    if (published !== null) fromFile(published, search);
    const facts = mergeParams(factsIn(readMapping(fs, folder, RUN_NAME) ?? {}), replay.state.facts);
    return { rewinds, definitions: summaryFactsIn(facts).definitions, values: found };
  });
}

interface Search {
  readonly wanted: readonly string[];
  readonly toStep: Step;
  readonly marks: readonly Mark[];
  readonly found: Map<string, number>;
}

const missing = ({ wanted, found }: Search): string[] => wanted.filter((metric) => !found.has(metric));

function fromLog({ spans }: Replay, search: Search): void {
  for (const span of [...spans].reverse()) {
    const metrics = missing(search).filter((metric) => span.shape.metrics.includes(metric));
    if (metrics.length === 0) continue;
    const decoded = decodeSpans([span]);
    const end = endOf(span.epoch, search.marks);
    for (const { metric, column } of decoded.metrics)
      if (metrics.includes(metric)) take(search, metric, column, decoded.step, () => end);
  }
}

function fromFile(
  { footer, facts, rows: all, read }: NonNullable<SeenFiles['published']>,
  search: Search,
): void {
  const columnOf = new Map(facts.columns.map(([metric, name]) => [metric, name]));
  const placeOf = new Map(footer.fields.map(({ name }, place) => [name, place]));
  let firstRow = all;
  for (const { rows, chunks } of [...footer.groups].reverse()) {
    firstRow -= rows;
    const [stepChunk] = chunks;
    const metrics = missing(search);
    if (stepChunk === undefined || metrics.length === 0) return;
    const ends = [...stretchesOf(facts.sessions, search.marks, firstRow, rows)];
    const endAt = (row: number): Step =>
      ends.find(({ from, to }) => row >= from && row < to)?.end ?? Infinity;
    let step: Column | null = null;
    for (const metric of metrics) {
      const chunk = chunks[placeOf.get(columnOf.get(metric) ?? '') ?? -1];
      if (chunk === undefined || chunk.nullCount === rows) continue;
      step ??= decodeChunk(read(stepChunk), stepChunk);
      take(search, metric, decodeChunk(read(chunk), chunk), step, endAt);
    }
  }
}

/** Takes the last number of a column whose row counts. */
function take(
  { toStep, found }: Search,
  metric: string,
  column: Column,
  step: Column,
  endAt: (row: number) => Step,
): void {
  const numbers = numberColumn(column);
  if (numbers === null) return;
  const stepOf = stepReader(step);
  for (let row = numbers.length - 1; row >= 0; row--) {
    if (numbers.validity !== null && !bitAt(numbers.validity, row)) continue;
    const at = stepOf(row);
    if (at !== null && (at > toStep || at >= endAt(row))) continue;
    found.set(metric, numbers.values[row] ?? NaN);
    return;
  }
}
