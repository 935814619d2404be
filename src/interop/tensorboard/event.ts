import type { Step } from '../../model/step.js';
import { corruptRecord, type EventRecord } from './record-reader.js';
import { BYTES, FIXED32, FIXED64, type PbfReader, readInt64, readMessage, readText, VARINT } from './wire.js';

/** An event of an event file (`tensorflow/core/util/event.proto`) as far as it concerns a run. */
export interface LoggedEvent {
  /** Milliseconds since the epoch, to the microsecond. */
  readonly timestampMs: number;
  /** A bigint only beyond 2^53. */
  readonly step: Step;
  readonly values: readonly SummaryValue[];
  /** The version of the format, which the first event of a file has; else null. */
  readonly version: number | null;
  /** True if the training was started, perhaps again, at this step. */
  readonly isStart: boolean;
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
    | { readonly kind: 'histogram' | 'tensor' | 'image' | 'audio'; readonly bytes: Uint8Array }
    | { readonly kind: 'none' };
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

/** `START` of `SessionLog.SessionStatus`. */
const SESSION_START = 1;

/**
 * Reads an event; null for one that does not concern a run (a graph, a profile).
 *
 * @throws {@link ExpmanError} `CORRUPT` with the record's offset if it is not a valid event or has
 * no valid time
 */
export function readEvent({ path, offset, data }: EventRecord): LoggedEvent | null {
  const fields = decoded(() => readMessage(data, new EventFields(), readEventField), path, offset);
  const { step, values, version, isStart } = fields;
  if (values.length === 0 && version === null && !isStart) return null;
  const corrupt = (what: string): Error => corruptRecord(path, offset, what);
  if (values.length > MAX_VALUES) throw corrupt(`has over ${MAX_VALUES} values`);
  const timestampMs = Math.round(fields.wallTime * 1e6) / 1e3;
  if (!(Math.abs(timestampMs) <= MAX_TIME_MS)) throw corrupt(`has the time ${fields.wallTime}`);
  return { timestampMs, step, values, version, isStart };
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
  version: number | null = null;
  isStart = false;
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
    case (3 << 3) | BYTES:
      into.version = versionIn(readText(pbf));
      break;
    case (5 << 3) | BYTES:
      readMessage(pbf.readBytes(), into.values, (field, values, summary) => {
        if (field !== ((1 << 3) | BYTES) || values.length > MAX_VALUES) return;
        values.push(readMessage(summary.readBytes(), new ValueFields(), readValueField));
      });
      break;
    case (7 << 3) | BYTES:
      readMessage(pbf.readBytes(), into, (field, event, session) => {
        if (field === ((1 << 3) | VARINT)) event.isStart = session.readVarint() === SESSION_START;
      });
      break;
  }
}

/** Reads `brain.Event:2`. */
function versionIn(text: string): number | null {
  const [, version] = /^brain\.Event:(\d{1,9})/.exec(text) ?? [];
  return version === undefined ? null : Number(version);
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
      into.content = { kind: 'image', bytes: pbf.readBytes() };
      break;
    case (5 << 3) | BYTES:
      into.content = { kind: 'histogram', bytes: pbf.readBytes() };
      break;
    case (6 << 3) | BYTES:
      into.content = { kind: 'audio', bytes: pbf.readBytes() };
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
