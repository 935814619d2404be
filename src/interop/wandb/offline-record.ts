import { BYTES, type PbfReader, readMessage, readText, VARINT } from '../tensorboard/wire.js';

/** A named value: the parts of its name, and its JSON. */
export interface OfflineItem {
  readonly path: readonly string[];
  readonly json: string;
}

/** What a record of W&B's log says, as far as a run of ours has a place for it. */
export type OfflineRecord =
  | { readonly kind: 'run'; readonly facts: OfflineRunFacts }
  | { readonly kind: 'history'; readonly items: readonly OfflineItem[]; readonly step: number | null }
  | {
      readonly kind: 'config' | 'summary';
      readonly items: readonly OfflineItem[];
      readonly removed: readonly string[];
    }
  | { readonly kind: 'exit'; readonly code: number; readonly runtime: number }
  | { readonly kind: 'metric'; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'output'; readonly isError: boolean; readonly line: string; readonly ms: number | null }
  | { readonly kind: 'other'; readonly field: number };

/** The facts of a run (`RunRecord`). */
export interface OfflineRunFacts {
  id?: string;
  entity?: string;
  project?: string;
  group?: string;
  jobType?: string;
  name?: string;
  notes?: string;
  tags: string[];
  sweep?: string;
  startMs?: number;
  commit?: string;
  config: OfflineItem[];
}

const bytes = (field: number): number => (field << 3) | BYTES;
const varint = (field: number): number => (field << 3) | VARINT;

/**
 * Reads a record of W&B's log: `Record` of its wandb_internal.proto
 * (https://github.com/wandb/wandb/blob/main/wandb/proto/wandb_internal.proto). Of several kinds in
 * one record, which its writer never makes, the last counts.
 *
 * @throws Error if the bytes are not a valid message
 */
export function readOfflineRecord(data: Uint8Array): OfflineRecord {
  let record: OfflineRecord = { kind: 'other', field: 0 };
  readMessage(data, null, (key, _, pbf) => {
    const read = READERS.get(key);
    if (read !== undefined) record = read(pbf.readBytes());
    else if ((key & 7) === BYTES && record.kind === 'other') record = { kind: 'other', field: key >> 3 };
  });
  return record;
}

const READERS: ReadonlyMap<number, (data: Uint8Array) => OfflineRecord> = new Map<
  number,
  (data: Uint8Array) => OfflineRecord
>([
  [bytes(2), readHistory],
  [bytes(3), (data) => ({ kind: 'summary', ...readUpdates(data) })],
  [bytes(4), (data) => ({ kind: 'config', ...readUpdates(data) })],
  [bytes(12), (data) => ({ kind: 'metric', fields: readMetric(data) })],
  [bytes(13), readOutput],
  [bytes(17), (data) => ({ kind: 'run', facts: readRun(data) })],
  [bytes(18), readExit],
]);

/** `HistoryItem`, `ConfigItem` and `SummaryItem` have the same fields. */
function readItem(data: Uint8Array): OfflineItem {
  const path: string[] = [];
  let name = '';
  let json = 'null';
  readMessage(data, null, (key, _, pbf) => {
    if (key === bytes(1)) name = readText(pbf);
    else if (key === bytes(2)) path.push(readText(pbf));
    else if (key === bytes(16)) json = readText(pbf);
  });
  return { path: path.length > 0 ? path : [name], json };
}

function readHistory(data: Uint8Array): OfflineRecord {
  const items: OfflineItem[] = [];
  let step: number | null = null;
  readMessage(data, null, (key, _, pbf) => {
    if (key === bytes(1)) items.push(readItem(pbf.readBytes()));
    else if (key === bytes(2))
      step = readMessage(pbf.readBytes(), { step: 0 }, (inner, into, within) => {
        if (inner === varint(1)) into.step = within.readVarint(true);
      }).step;
  });
  return { kind: 'history', items, step };
}

function readUpdates(data: Uint8Array): {
  readonly items: readonly OfflineItem[];
  readonly removed: readonly string[];
} {
  const items: OfflineItem[] = [];
  const removed: string[] = [];
  readMessage(data, null, (key, _, pbf) => {
    if (key === bytes(1)) items.push(readItem(pbf.readBytes()));
    else if (key === bytes(2)) removed.push(readItem(pbf.readBytes()).path.join('.'));
  });
  return { items, removed };
}

/** The texts of `RunRecord` by the numbers of their fields. */
const RUN_TEXTS: ReadonlyMap<
  number,
  'id' | 'entity' | 'project' | 'group' | 'jobType' | 'name' | 'notes' | 'sweep'
> = new Map([
  [bytes(1), 'id'],
  [bytes(2), 'entity'],
  [bytes(3), 'project'],
  [bytes(6), 'group'],
  [bytes(7), 'jobType'],
  [bytes(8), 'name'],
  [bytes(9), 'notes'],
  [bytes(12), 'sweep'],
]);

function readRun(data: Uint8Array): OfflineRunFacts {
  return readMessage<OfflineRunFacts>(data, { tags: [], config: [] }, (key, facts, pbf) => {
    const text = RUN_TEXTS.get(key);
    if (text !== undefined) facts[text] = readText(pbf);
    else if (key === bytes(4)) facts.config = [...readUpdates(pbf.readBytes()).items];
    else if (key === bytes(10)) facts.tags.push(readText(pbf));
    else if (key === bytes(17)) facts.startMs = readTimestamp(pbf.readBytes());
    else if (key === bytes(21)) facts.commit = readCommit(pbf.readBytes());
  });
}

/** Reads `google.protobuf.Timestamp` as milliseconds. */
function readTimestamp(data: Uint8Array): number {
  const { seconds, nanos } = readMessage(data, { seconds: 0, nanos: 0 }, (key, into, pbf) => {
    if (key === varint(1)) into.seconds = pbf.readVarint(true);
    else if (key === varint(2)) into.nanos = pbf.readVarint(true);
  });
  return seconds * 1000 + Math.floor(nanos / 1e6);
}

const readCommit = (data: Uint8Array): string =>
  readMessage(data, { commit: '' }, (key, into, pbf) => {
    if (key === bytes(2)) into.commit = readText(pbf);
  }).commit;

function readExit(data: Uint8Array): OfflineRecord {
  return readMessage(data, { kind: 'exit' as const, code: 0, runtime: 0 }, (key, into, pbf) => {
    if (key === varint(1)) into.code = pbf.readVarint(true);
    else if (key === varint(2)) into.runtime = pbf.readVarint(true);
  });
}

function readOutput(data: Uint8Array): OfflineRecord {
  const record = { kind: 'output' as const, isError: true, line: '', ms: null as number | null };
  return readMessage(data, record, (key, into, pbf) => {
    if (key === varint(1)) into.isError = pbf.readVarint() === 0;
    else if (key === bytes(2)) into.ms = readTimestamp(pbf.readBytes());
    else if (key === bytes(3)) into.line = readText(pbf);
  });
}

/** Reads `MetricRecord` with the numbers of its fields as keys, as a configuration has it. */
function readMetric(data: Uint8Array): Readonly<Record<string, unknown>> {
  const texts = new Map([1, 2, 4].map((field) => [bytes(field), String(field)]));
  const numbers = new Map([5, 8].map((field) => [varint(field), String(field)]));
  return readMessage<Record<string, unknown>>(data, {}, (key, into, pbf) => {
    const [text, number] = [texts.get(key), numbers.get(key)];
    if (text !== undefined) into[text] = readText(pbf);
    else if (number !== undefined) into[number] = pbf.readVarint();
    else if (key === bytes(7)) into['7'] = readFlags(pbf.readBytes());
  });
}

/** The numbers of the fields of a message of flags that are set. */
const readFlags = (data: Uint8Array): number[] =>
  readMessage<number[]>(data, [], (key, into, pbf: PbfReader) => {
    if ((key & 7) === VARINT && pbf.readVarint() !== 0) into.push(key >> 3);
  });
