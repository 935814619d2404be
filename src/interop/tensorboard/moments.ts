import { ExpmanError } from '../../model/errors.js';
import type { MetricRow, MetricValue } from '../../model/metric.js';
import { bareObject } from '../../model/param-value.js';
import type { Step } from '../../model/step.js';
import { decoded, readEvent } from './event.js';
import { type Meaning, meaningOf, type TagBook } from './meaning.js';
import { readRecords } from './record-reader.js';

/** The contents of one event of a run. */
export interface Moment {
  readonly timestampMs: number;
  readonly step: Step;
  readonly meanings: readonly Meaning[];
  /** True if the training was started, perhaps again, at this step. */
  readonly isStart: boolean;
}

/** Options for reading event files. */
export interface ReadOptions {
  /** The scope of a record that fails its checks: the whole import, or only its file. */
  readonly onCorrupt: 'throw' | 'stop';
  /** Called with a description of what was not read. */
  readonly note?: (text: string) => void;
}

/**
 * Yields the contents of the event files of a run, event by event.
 *
 * @throws {@link ExpmanError} `CORRUPT` with `onCorrupt: 'throw'`; `IO`
 */
export async function* momentsOf(files: readonly string[], options: ReadOptions): AsyncGenerator<Moment> {
  const state = { book: new Map(), version: 0 };
  for (const file of files) {
    try {
      yield* momentsIn(file, state, options);
    } catch (error) {
      const corrupt = error instanceof ExpmanError && error.code === 'CORRUPT';
      if (!corrupt || options.onCorrupt === 'throw') throw error;
      options.note?.(`${error.message}; nothing after it was read`);
    }
  }
}

/**
 * Combines the metrics in them into rows: consecutive values of one step, each tag once, form one
 * row.
 *
 * A row's time is that of its first value.
 *
 * @param figures - tags whose values are not metrics
 */
export async function* rowsOf(
  moments: AsyncIterable<Moment>,
  figures: ReadonlySet<string> = new Set(),
): AsyncGenerator<MetricRow> {
  let row: { step: Step; timestamp: number; values: Map<string, MetricValue> } | null = null;
  for await (const { step, timestampMs, meanings } of moments) {
    for (const meaning of meanings) {
      if (meaning.kind !== 'metric' || figures.has(meaning.name)) continue;
      if (row !== null && (row.step !== step || row.values.has(meaning.name))) {
        yield { ...row, values: bareObject(row.values) };
        row = null;
      }
      row ??= { step, timestamp: timestampMs, values: new Map() };
      row.values.set(meaning.name, meaning.value);
    }
  }
  if (row !== null) yield { ...row, values: bareObject(row.values) };
}

/** What earlier events of a run say about later ones. */
interface ReadState {
  readonly book: TagBook;
  version: number;
}

/** From this version on, events say where a training was started again. */
const STARTS_SINCE = 2;

async function* momentsIn(file: string, state: ReadState, { note }: ReadOptions): AsyncGenerator<Moment> {
  const onTorn = (offset: number, bytes: number | null): void => {
    const size = bytes === null ? '' : `${bytes} bytes `;
    note?.(`${file}: the last record, ${size}from byte ${offset}, is cut off and was left out`);
  };
  for await (const record of readRecords(file, onTorn)) {
    const event = readEvent(record);
    if (event === null) continue;
    const { timestampMs, step, values } = event;
    state.version = event.version ?? state.version;
    const isStart = event.isStart && state.version >= STARTS_SINCE;
    if (values.length === 0 && !isStart) continue;
    const meanings = decoded(
      () => values.map((value) => meaningOf(value, state.book)).filter((meaning) => meaning !== null),
      file,
      record.offset,
    );
    yield { timestampMs, step, meanings, isStart };
  }
}
