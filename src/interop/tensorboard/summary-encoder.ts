import type { MetricValue } from '../../model/metric.js';
import type { Step } from '../../model/step.js';
import { summaryEvent, type TagPlugin, tensorValue } from './event-writing.js';
import { bucketTriples, type HistogramCounts, parseHistogram } from './histogram-tensor.js';
import { scalarTensor, textTensor, triplesTensor } from './tensor.js';

/** The kind of a metric under its tag. */
export type TagKind = 'SCALAR' | 'TEXT' | 'HISTOGRAM';

/** A row to be written into an event file. */
export interface EncodableRow {
  readonly step: Step;
  /** Seconds since the epoch. */
  readonly wallTime: number;
  readonly values: Readonly<Record<string, MetricValue>>;
}

const TAGS: Readonly<Record<TagKind, TagPlugin>> = {
  SCALAR: { plugin: 'scalars' },
  TEXT: { plugin: 'text' },
  HISTOGRAM: { plugin: 'histograms' },
};

/** @bound loses nothing: further values are in the next event */
const MAX_VALUES = 4096;
/** @bound loses nothing: further values are in the next event */
const MAX_BYTES = 1024 * 1024;

/**
 * Makes events of rows and remembers the kind of each tag, because a tag belongs to one plugin for
 * good.
 *
 * A tag has the kind it is declared with, or else that of its first value; a text under a tag of
 * numbers is kept under the tag with `/text` appended.
 */
export class SummaryEncoder {
  private readonly kinds: Map<string, TagKind>;
  private readonly described = new Set<string>();

  constructor(declared: ReadonlyMap<string, TagKind> = new Map()) {
    this.kinds = new Map(declared);
  }

  /** Makes the events of a row: one, or several of the same step and time for a very large row. */
  *row({ step, wallTime, values }: EncodableRow): Generator<Uint8Array> {
    let [encoded, bytes] = [[] as Uint8Array[], 0];
    for (const [tag, value] of Object.entries(values)) {
      const next = this.value(tag, value);
      if (encoded.length === MAX_VALUES || (encoded.length > 0 && bytes + next.length > MAX_BYTES)) {
        yield summaryEvent(wallTime, step, encoded);
        [encoded, bytes] = [[], 0];
      }
      encoded.push(next);
      bytes += next.length;
    }
    if (encoded.length > 0) yield summaryEvent(wallTime, step, encoded);
  }

  /** Encodes a value under its tag. */
  value(tag: string, value: MetricValue): Uint8Array {
    const kind = this.kinds.get(tag) ?? kindOf(value);
    if (kind === 'TEXT') return this.tensor(tag, kind, textTensor(String(value)));
    if (typeof value !== 'string') {
      if (kind !== 'HISTOGRAM') return this.tensor(tag, kind, scalarTensor(value));
    } else if (kind === 'HISTOGRAM') {
      const histogram = parseHistogram(value);
      if (histogram !== null) return this.histogram(tag, histogram);
    }
    return this.value(`${tag}/text`, String(value));
  }

  /** Encodes a text under its tag, whatever it looks like. */
  text(tag: string, text: string): Uint8Array {
    if (!this.kinds.has(tag)) this.kinds.set(tag, 'TEXT');
    return this.value(tag, text);
  }

  /** Encodes a histogram under its tag. */
  histogram(tag: string, histogram: HistogramCounts): Uint8Array {
    return this.tensor(tag, 'HISTOGRAM', triplesTensor(bucketTriples(histogram)));
  }

  private tensor(tag: string, kind: TagKind, tensor: Uint8Array): Uint8Array {
    const isNew = !this.described.has(tag);
    if (isNew) this.described.add(tag);
    this.kinds.set(tag, kind);
    return tensorValue(tag, tensor, isNew ? TAGS[kind] : null);
  }
}

/** Returns the kind of a metric by one of its values. */
export function kindOf(value: MetricValue): TagKind {
  if (typeof value !== 'string') return 'SCALAR';
  return parseHistogram(value) === null ? 'TEXT' : 'HISTOGRAM';
}
