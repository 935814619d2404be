import { bareObject, isPolluting, type Params, type ParamValue } from '../../model/param-value.js';
import { RunStatus } from '../../model/run-status.js';
import { BYTES, FIXED64, readMessage, readText, VARINT, writeMessage, writeText } from './wire.js';

/** The tags under which TensorBoard's hparams plugin looks for a session. */
export const HPARAMS_TAGS = {
  experiment: '_hparams_/experiment',
  start: '_hparams_/session_start_info',
  end: '_hparams_/session_end_info',
} as const;

/** The facts of a run in one summary of the hparams plugin; missing ones are absent. */
export interface SessionFacts {
  readonly experiment?: string;
  readonly params?: Params;
  /** The tags of the metrics that the session is judged by. */
  readonly metrics?: readonly string[];
  readonly group?: string;
  readonly status?: RunStatus;
  /** Seconds since the epoch. */
  readonly startedAt?: number;
  /** Seconds since the epoch. */
  readonly endedAt?: number;
}

/** A parameter as stored in TensorBoard's table. */
export type Hparam = boolean | number | string;

// `Status` of tensorboard/plugins/hparams/api.proto.
const STATUS: ReadonlyMap<number, RunStatus> = new Map([
  [1, RunStatus.Finished],
  [2, RunStatus.Failed],
  [3, RunStatus.Running],
]);

// `DataType` of the same file.
const HPARAM_TYPES = { string: 1, boolean: 2, number: 3 } as const;

/** Reads an `HParamsPluginData` (`tensorboard/plugins/hparams/plugin_data.proto`). */
export function readSession(bytes: Uint8Array): SessionFacts {
  let facts: SessionFacts = {};
  readMessage(bytes, null, (key, _, pbf) => {
    if (key === ((2 << 3) | BYTES)) facts = readExperiment(pbf.readBytes());
    else if (key === ((3 << 3) | BYTES)) facts = readStart(pbf.readBytes());
    else if (key === ((4 << 3) | BYTES)) facts = readEnd(pbf.readBytes());
  });
  return facts;
}

/**
 * Flattens parameters to one level, `optimizer.lr`; values that TensorBoard's table has no type for
 * become text.
 */
export function flatHparams(params: Params): ReadonlyMap<string, Hparam> {
  const flat = new Map<string, Hparam>();
  const add = (group: Params, prefix: string): void => {
    for (const [key, value] of Object.entries(group)) {
      if (isGroup(value)) add(value, `${prefix}${key}.`);
      else flat.set(prefix + key, hparamOf(value));
    }
  };
  add(params, '');
  return flat;
}

/** Makes the summary of an experiment: its name, and the columns of the table. */
export function experimentData(
  name: string,
  createdAt: number,
  hparams: ReadonlyMap<string, Hparam>,
  metrics: readonly string[],
): Uint8Array {
  return pluginData(2, (pbf) => {
    if (name !== '') writeText(pbf, 6, name);
    pbf.writeDoubleField(3, createdAt);
    for (const [key, value] of hparams)
      pbf.writeBytesField(
        4,
        writeMessage((info) => {
          writeText(info, 1, key);
          info.writeVarintField(4, HPARAM_TYPES[typeof value as keyof typeof HPARAM_TYPES]);
        }),
      );
    for (const metric of metrics)
      pbf.writeBytesField(
        5,
        writeMessage((info) =>
          info.writeBytesField(
            1,
            writeMessage((tag) => writeText(tag, 2, metric)),
          ),
        ),
      );
  });
}

/** Makes the summary of a session's start, with its parameters. */
export function sessionStartData(
  hparams: ReadonlyMap<string, Hparam>,
  group: string | null,
  startedAt: number,
): Uint8Array {
  return pluginData(3, (pbf) => {
    for (const [key, value] of hparams)
      pbf.writeBytesField(
        1,
        writeMessage((entry) => {
          writeText(entry, 1, key);
          entry.writeBytesField(2, valueMessage(value));
        }),
      );
    if (group !== null) writeText(pbf, 4, group);
    pbf.writeDoubleField(5, startedAt);
  });
}

/**
 * Makes the summary of a session's end; statuses that TensorBoard does not have (crashed,
 * interrupted) become failures.
 */
export function sessionEndData(status: RunStatus, endedAt: number): Uint8Array {
  const [code = 2] = [...STATUS].find(([, word]) => word === status) ?? [];
  return pluginData(4, (pbf) => {
    pbf.writeVarintField(1, code);
    pbf.writeDoubleField(2, endedAt);
  });
}

function readExperiment(bytes: Uint8Array): SessionFacts {
  let name = '';
  const metrics: string[] = [];
  readMessage(bytes, null, (key, _, pbf) => {
    if (key === ((6 << 3) | BYTES)) name = readText(pbf);
    else if (key === ((5 << 3) | BYTES)) metrics.push(...readMetricInfo(pbf.readBytes()));
  });
  return { ...(name !== '' && { experiment: name }), ...(metrics.length > 0 && { metrics }) };
}

/** Reads the tag of a `MetricInfo`; none if its values are in a run of their own, its group. */
function readMetricInfo(bytes: Uint8Array): string[] {
  const name = { group: '', tag: null as string | null };
  readMessage(bytes, name, (key, into, pbf) => {
    if (key !== ((1 << 3) | BYTES)) return;
    readMessage(pbf.readBytes(), into, (field, parts, inner) => {
      if (field === ((1 << 3) | BYTES)) parts.group = readText(inner);
      else if (field === ((2 << 3) | BYTES)) parts.tag = readText(inner);
    });
  });
  return name.tag === null || !['', '.'].includes(name.group) ? [] : [name.tag];
}

function readStart(bytes: Uint8Array): SessionFacts {
  const hparams = new Map<string, ParamValue>();
  let facts: SessionFacts = {};
  readMessage(bytes, null, (key, _, pbf) => {
    if (key === ((1 << 3) | BYTES)) readEntry(pbf.readBytes(), hparams);
    else if (key === ((4 << 3) | BYTES)) facts = { ...facts, group: readText(pbf) };
    else if (key === ((5 << 3) | FIXED64)) facts = { ...facts, startedAt: pbf.readDouble() };
  });
  return { ...facts, params: bareObject(hparams) };
}

function readEnd(bytes: Uint8Array): SessionFacts {
  let facts: SessionFacts = {};
  readMessage(bytes, null, (key, _, pbf) => {
    if (key === ((2 << 3) | FIXED64)) facts = { ...facts, endedAt: pbf.readDouble() };
    else if (key === ((1 << 3) | VARINT)) {
      const status = STATUS.get(pbf.readVarint());
      if (status !== undefined) facts = { ...facts, status };
    }
  });
  return facts;
}

function readEntry(bytes: Uint8Array, into: Map<string, ParamValue>): void {
  let key = '';
  let value: ParamValue = null;
  readMessage(bytes, null, (field, _, pbf) => {
    if (field === ((1 << 3) | BYTES)) key = readText(pbf);
    else if (field === ((2 << 3) | BYTES)) value = readValue(pbf.readBytes());
  });
  if (!isPolluting(key)) into.set(key, value);
}

/** Reads a `google.protobuf.Value`; lists and structs are not hyperparameters, and become null. */
function readValue(bytes: Uint8Array): ParamValue {
  return readMessage(bytes, { value: null as ParamValue }, (key, into, pbf) => {
    if (key === ((2 << 3) | FIXED64)) into.value = pbf.readDouble();
    else if (key === ((3 << 3) | BYTES)) into.value = readText(pbf);
    else if (key === ((4 << 3) | VARINT)) into.value = pbf.readBoolean();
  }).value;
}

const valueMessage = (value: Hparam): Uint8Array =>
  writeMessage((pbf) => {
    if (typeof value === 'number') pbf.writeDoubleField(2, value);
    else if (typeof value === 'string') writeText(pbf, 3, value);
    else pbf.writeBooleanField(4, value);
  });

function pluginData(field: number, write: Parameters<typeof writeMessage>[0]): Uint8Array {
  return writeMessage((pbf) => pbf.writeBytesField(field, writeMessage(write)));
}

function isGroup(value: ParamValue): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hparamOf(value: ParamValue): Hparam {
  if (typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object' || value === null) return String(value);
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
}
