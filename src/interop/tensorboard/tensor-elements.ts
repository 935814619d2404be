import type { MetricValue } from '../../model/metric.js';

/** TensorFlow's numbers for the types we read (`tensorflow/core/framework/types.proto`). */
export const DataType = {
  float: 1,
  double: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  uint16: 17,
  half: 19,
  uint32: 22,
  uint64: 23,
} as const;

/** A type of a fixed size: its bytes, and how one is read. */
interface Element {
  readonly width: number;
  readonly read: (view: DataView, at: number) => Exclude<MetricValue, string>;
}

const ELEMENTS: ReadonlyMap<number, Element> = new Map<number, Element>([
  [DataType.float, { width: 4, read: (view, at) => view.getFloat32(at, true) }],
  [DataType.double, { width: 8, read: (view, at) => view.getFloat64(at, true) }],
  [DataType.int32, { width: 4, read: (view, at) => BigInt(view.getInt32(at, true)) }],
  [DataType.uint8, { width: 1, read: (view, at) => BigInt(view.getUint8(at)) }],
  [DataType.int16, { width: 2, read: (view, at) => BigInt(view.getInt16(at, true)) }],
  [DataType.int8, { width: 1, read: (view, at) => BigInt(view.getInt8(at)) }],
  [DataType.int64, { width: 8, read: (view, at) => view.getBigInt64(at, true) }],
  [DataType.bool, { width: 1, read: (view, at) => view.getUint8(at) !== 0 }],
  [DataType.bfloat16, { width: 2, read: (view, at) => bfloat16Of(view.getUint16(at, true)) }],
  [DataType.uint16, { width: 2, read: (view, at) => BigInt(view.getUint16(at, true)) }],
  [DataType.half, { width: 2, read: (view, at) => halfOf(view.getUint16(at, true)) }],
  [DataType.uint32, { width: 4, read: (view, at) => BigInt(view.getUint32(at, true)) }],
  [DataType.uint64, { width: 8, read: (view, at) => view.getBigUint64(at, true) }],
]);

/**
 * Reads the elements of `tensor_content`: little endian, one after another. Null for another type,
 * for bytes that do not fit it, and for more than `most` elements.
 */
export function elementsIn(
  dtype: number,
  content: Uint8Array,
  most: number,
): readonly Exclude<MetricValue, string>[] | null {
  const element = ELEMENTS.get(dtype);
  if (element === undefined) return null;
  const { width, read } = element;
  if (content.length % width !== 0 || content.length > most * width) return null;
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  return Array.from({ length: content.length / width }, (_, index) => read(view, index * width));
}

/**
 * Returns the value of a float of 16 bits by its bits in `half_val`. `add_tensor` of PyTorch lists the
 * bits of a float32 there (`half_to_int`), of which none has 16 bits for such a value but those of 0.
 */
export function listedFloat(dtype: typeof DataType.half | typeof DataType.bfloat16, bits: number): number {
  if (bits > 0xffff) return float32Of(bits);
  return dtype === DataType.half ? halfOf(bits) : bfloat16Of(bits);
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a float32. */
const bfloat16Of = (bits: number): number => float32Of(bits * 0x10000);

function float32Of(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return view.getFloat32(0);
}
