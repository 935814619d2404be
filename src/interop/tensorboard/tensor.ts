import type { MetricValue } from '../../model/metric.js';
import { DataType, elementsIn, listedFloat } from './tensor-elements.js';
import {
  BYTES,
  FIXED32,
  FIXED64,
  type PbfReader,
  int64Bytes,
  readInt64,
  readMessage,
  VARINT,
  writeMessage,
} from './wire.js';

/** A metric value that is a number of some kind. */
export type NumericValue = Exclude<MetricValue, string>;

/** The contents of a tensor, in row-major order. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly elements: readonly NumericValue[] | readonly Uint8Array[];
}

// A histogram of 20,000 buckets; anything larger is not a metric, and is not unpacked.
// @bound tells: the log of the run counts what was left out;
// specs/interop/tensorboard/importer.spec.ts "that are too large are counted: tensors of
// many elements or dimensions, histograms of many buckets"
const MAX_ELEMENTS = 60_000;
/**
 * @bound tells: the log of the run counts what was left out;
 * specs/interop/tensorboard/importer.spec.ts "that are too large are counted: tensors of
 * many elements or dimensions, histograms of many buckets"
 */
const MAX_RANK = 8;

/**
 * Reads a `TensorProto` with its values in `tensor_content` or in the list of their type
 * (`float_val` and so on).
 *
 * Returns null for a tensor of another type, one that is too large for a metric, and one whose
 * values and shape do not match.
 */
export function readTensor(bytes: Uint8Array): Tensor | null {
  const proto = readMessage(bytes, new TensorFields(), readTensorField);
  const count = proto.shape.reduce((product, size) => product * size, 1);
  if (proto.shape.length > MAX_RANK || count > MAX_ELEMENTS) return null;
  const elements =
    proto.content === null ? proto.listed() : elementsIn(proto.dtype, proto.content, MAX_ELEMENTS);
  return elements?.length === count ? { shape: proto.shape, elements } : null;
}

/** Returns the value of a tensor with one element; null for text, see {@link textsOf}. */
export function scalarOf({ elements }: Tensor): NumericValue | null {
  const [value] = elements;
  return elements.length !== 1 || value === undefined || typeof value === 'object' ? null : value;
}

/**
 * Writes a scalar as `TensorProto`: a float32, and the exact value beside it.
 *
 * TensorBoard's default reader (tensorboard-data-server 0.7) only shows scalars of DT_FLOAT. A
 * tensor has a list for each type and is read only from that of its `dtype`, so the list of the
 * value's own type is free for what a float32 cannot hold.
 */
export function scalarTensor(value: NumericValue): Uint8Array {
  return writeMessage((pbf) => {
    const float = Math.fround(Number(value));
    pbf.writeVarintField(1, DataType.float);
    pbf.writePackedFloat(5, [float]);
    if (typeof value === 'bigint') pbf.writeBytesField(10, int64Bytes(value));
    else if (typeof value === 'boolean') pbf.writePackedBoolean(11, [value]);
    else if (!Object.is(float, value)) pbf.writePackedDouble(6, [value]);
  });
}

/** Writes a text as `TensorProto`. */
export function textTensor(text: string): Uint8Array {
  return writeMessage((pbf) => {
    pbf.writeVarintField(1, DataType.string);
    pbf.writeBytesField(8, Buffer.from(text));
  });
}

/** Writes rows of three doubles as `TensorProto` of shape [rows, 3]. */
export function triplesTensor(triples: readonly number[]): Uint8Array {
  return writeMessage((pbf) => {
    pbf.writeVarintField(1, DataType.double);
    const shape = [triples.length / 3, 3].map((size) => writeMessage((dim) => dim.writeVarintField(1, size)));
    pbf.writeBytesField(
      2,
      writeMessage((dims) => shape.forEach((dim) => dims.writeBytesField(2, dim))),
    );
    pbf.writePackedDouble(6, [...triples]);
  });
}

/** Returns the texts of a string tensor; null for another type. */
export function textsOf({ elements }: Tensor): readonly string[] | null {
  const texts: string[] = [];
  for (const element of elements) {
    if (typeof element !== 'object') return null;
    texts.push(Buffer.from(element).toString());
  }
  return texts;
}

/**
 * The lists of types that have none of their own; floats of 16 bits are listed as their bits. PyTorch
 * lists uint8 as uint32.
 */
const LISTED_AS: ReadonlyMap<number, readonly number[]> = new Map([
  [DataType.uint8, [DataType.int32, DataType.uint32]],
  [DataType.int8, [DataType.int32]],
  [DataType.uint16, [DataType.int32]],
  [DataType.int16, [DataType.int32]],
  [DataType.bfloat16, [DataType.half]],
]);

/** Collects the fields of a `TensorProto`; lists are cut at the size limit of a metric. */
class TensorFields {
  dtype = 0;
  shape: number[] = [];
  content: Uint8Array | null = null;
  readonly lists = new Map<number, NumericValue[]>();
  readonly texts: Uint8Array[] = [];

  /** Returns the list of the tensor's own type. */
  listed(): Tensor['elements'] | null {
    if (this.dtype === DataType.string) return this.texts;
    const { dtype } = this;
    const candidates = LISTED_AS.get(dtype) ?? [dtype];
    const list = candidates.map((type) => this.lists.get(type)).find((each) => each !== undefined) ?? null;
    if (dtype === DataType.half || dtype === DataType.bfloat16)
      return list?.map((bits) => listedFloat(dtype, Number(BigInt.asUintN(32, BigInt(bits))))) ?? null;
    return dtype === DataType.float && list?.length === 1 ? [this.exactly(list[0])] : list;
  }

  /** Returns the value that {@link scalarTensor} put beside a float32, if there is one. */
  private exactly(float: NumericValue = NaN): NumericValue {
    for (const dtype of [DataType.double, DataType.int64, DataType.bool]) {
      const [exact, more] = this.lists.get(dtype) ?? [];
      if (exact !== undefined && more === undefined && Object.is(Math.fround(Number(exact)), float))
        return exact;
    }
    return float;
  }

  add(dtype: number, pbf: PbfReader, read: () => NumericValue): void {
    const list = this.lists.get(dtype) ?? [];
    this.lists.set(dtype, list);
    const end = pbf.type === BYTES ? pbf.readVarint() + pbf.pos : pbf.pos + 1;
    while (pbf.pos < end && list.length <= MAX_ELEMENTS) list.push(read());
    // One element more than allowed reveals that there are too many; the rest is skipped.
    if (pbf.type === BYTES) pbf.pos = Math.max(end, pbf.pos);
  }
}

function readTensorField(key: number, into: TensorFields, pbf: PbfReader): void {
  switch (key) {
    case (1 << 3) | VARINT:
      into.dtype = pbf.readVarint();
      break;
    case (2 << 3) | BYTES:
      readMessage(pbf.readBytes(), into.shape, readShapeField);
      break;
    case (4 << 3) | BYTES:
      into.content = pbf.readBytes();
      break;
    case (5 << 3) | BYTES:
    case (5 << 3) | FIXED32:
      into.add(DataType.float, pbf, () => pbf.readFloat());
      break;
    case (6 << 3) | BYTES:
    case (6 << 3) | FIXED64:
      into.add(DataType.double, pbf, () => pbf.readDouble());
      break;
    case (7 << 3) | BYTES:
    case (7 << 3) | VARINT:
      into.add(DataType.int32, pbf, () => readInt64(pbf));
      break;
    case (8 << 3) | BYTES:
      if (into.texts.length <= MAX_ELEMENTS) into.texts.push(pbf.readBytes());
      break;
    case (10 << 3) | BYTES:
    case (10 << 3) | VARINT:
      into.add(DataType.int64, pbf, () => readInt64(pbf));
      break;
    case (11 << 3) | BYTES:
    case (11 << 3) | VARINT:
      into.add(DataType.bool, pbf, () => readInt64(pbf) !== 0n);
      break;
    case (13 << 3) | BYTES:
    case (13 << 3) | VARINT:
      into.add(DataType.half, pbf, () => readInt64(pbf));
      break;
    case (16 << 3) | BYTES:
    case (16 << 3) | VARINT:
      into.add(DataType.uint32, pbf, () => BigInt.asUintN(32, readInt64(pbf)));
      break;
    case (17 << 3) | BYTES:
    case (17 << 3) | VARINT:
      into.add(DataType.uint64, pbf, () => BigInt.asUintN(64, readInt64(pbf)));
      break;
  }
}

function readShapeField(key: number, into: number[], pbf: PbfReader): void {
  if (key !== ((2 << 3) | BYTES)) return;
  const size = readMessage(pbf.readBytes(), { size: 0 }, (field, dim, inner) => {
    if (field === ((1 << 3) | VARINT)) dim.size = inner.readVarint(true);
  }).size;
  if (into.length <= MAX_RANK) into.push(size < 0 ? Infinity : size);
}
