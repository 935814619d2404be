import type { Step } from '../../model/step.js';
import { corruptRecord, type EventRecord } from './record-reader.js';
import { BYTES, FIXED32, FIXED64, type PbfReader, readInt64, readMessage, readText, VARINT } from './wire.js';

/** A summary event of an event file (`tensorflow/core/util/event.proto`). */
export interface SummaryEvent {
  /** Milliseconds since the epoch, to the microsecond. */
  readonly timestampMs: number;
  /** A bigint only beyond 2^53. */
  readonly step: Step;
  readonly values: readonly SummaryValue[];
}

/**
 * The value of a tag (`tensorflow/core/framework/summary.proto`); its content is not decoded yet.
 */
export interface SummaryValue {
  readonly tag: string;
  /** Only the first value of a tag must have it. */
  readonly metadata: TagMetadata | null;
  readonly content:
    | { readonly kind: 'scalar'; readonly value: number }
    | { readonly kind: 'histogram' | 'tensor'; readonly bytes: Uint8Array }
    | { readonly kind: 'image' | 'audio' | 'none' };
}

/** The plugin that shows a tag, and its data. */
export interface TagMetadata {
  readonly plugin: string;
  readonly content: Uint8Array;
}

/** @bound refuses: CORRUPT, with the place of the record */
const MAX_VALUES = 100_000;
/** @bound refuses: CORRUPT, with the place of the record */
const MAX_TIME_MS = 8.64e15;

/**
 * Reads an event; null for one that is not a summary (a graph, a profile, the version of the file).
 *
 * @throws {@link ExpmanError} `CORRUPT` with the record's offset if it is not a valid event or has
 * no valid time
 */
export function readEvent({ path, offset, data }: EventRecord): SummaryEvent | null {
  const fields = decoded(() => readMessage(data, new EventFields(), readEventField), path, offset);
  if (fields.values.length === 0) return null;
  const corrupt = (what: string): Error => corruptRecord(path, offset, what);
  if (fields.values.length > MAX_VALUES) throw corrupt(`has over ${MAX_VALUES} values`);
  const timestampMs = Math.round(fields.wallTime * 1e6) / 1e3;
  if (!(Math.abs(timestampMs) <= MAX_TIME_MS)) throw corrupt(`has the time ${fields.wallTime}`);
  return { timestampMs, step: fields.step, values: fields.values };
}

/** Runs a decoder; an error means a corrupt record. */
export function decoded<T>(decode: () => T, path: string, offset: number): T {
  try {
    return decode();
  } catch (cause) {
    throw corruptRecord(path, offset, 'is not a valid event', cause);
  }
}

class EventFields {
  wallTime = 0;
  step: Step = 0;
  readonly values: SummaryValue[] = [];
}

/** Reads a step exactly; bigints are slower, so only if a double cannot hold it. */
function readStep(pbf: PbfReader): Step {
  const from = pbf.pos;
  const step = pbf.readVarint(true);
  if (Number.isSafeInteger(step)) return step;
  pbf.pos = from;
  return readInt64(pbf);
}

function readEventField(key: number, into: EventFields, pbf: PbfReader): void {
  switch (key) {
    case (1 << 3) | FIXED64:
      into.wallTime = pbf.readDouble();
      break;
    case (2 << 3) | VARINT:
      into.step = readStep(pbf);
      break;
    case (5 << 3) | BYTES:
      readMessage(pbf.readBytes(), into.values, (field, values, summary) => {
        if (field !== ((1 << 3) | BYTES) || values.length > MAX_VALUES) return;
        values.push(readMessage(summary.readBytes(), new ValueFields(), readValueField));
      });
      break;
  }
}

class ValueFields {
  tag = '';
  metadata: TagMetadata | null = null;
  content: SummaryValue['content'] = { kind: 'none' };
}

function readValueField(key: number, into: ValueFields, pbf: PbfReader): void {
  switch (key) {
    case (1 << 3) | BYTES:
      into.tag = readText(pbf);
      break;
    case (2 << 3) | FIXED32:
      into.content = { kind: 'scalar', value: pbf.readFloat() };
      break;
    case (4 << 3) | BYTES:
      into.content = { kind: 'image' };
      break;
    case (5 << 3) | BYTES:
      into.content = { kind: 'histogram', bytes: pbf.readBytes() };
      break;
    case (6 << 3) | BYTES:
      into.content = { kind: 'audio' };
      break;
    case (8 << 3) | BYTES:
      into.content = { kind: 'tensor', bytes: pbf.readBytes() };
      break;
    case (9 << 3) | BYTES:
      into.metadata = readMessage(pbf.readBytes(), new MetadataFields(), readMetadataField);
      break;
  }
}

class MetadataFields {
  plugin = '';
  content = new Uint8Array(0);
}

function readMetadataField(key: number, into: MetadataFields, pbf: PbfReader): void {
  if (key !== ((1 << 3) | BYTES)) return;
  readMessage(pbf.readBytes(), into, (field, metadata, plugin) => {
    if (field === ((1 << 3) | BYTES)) metadata.plugin = readText(plugin);
    else if (field === ((2 << 3) | BYTES)) metadata.content = new Uint8Array(plugin.readBytes());
  });
}
