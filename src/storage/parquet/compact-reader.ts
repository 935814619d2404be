import type { ByteCursor } from './byte-cursor.js';
import { corrupt } from './corrupt.js';
import type { ThriftInput } from './parquetjs.js';

/** Compact protocol type number -> Thrift type number. */
const THRIFT = [0, 2, 2, 3, 6, 8, 10, 4, 11, 15, 14, 13, 12];
const STRUCT = 12;
/** @bound refuses: CORRUPT */
const MAX_DEPTH = 16;
/** The fewest bytes that our structs take on average. */
const MIN_STRUCT_BYTES = 3;

/**
 * Reads Thrift's compact protocol from untrusted bytes; passed to a generated struct's `read`.
 *
 * Every length is checked against the bytes left before anything of that length is allocated,
 * nothing is read past the end, varints end after ten bytes and unknown fields nest 16 deep at
 * most; each breach is `CORRUPT`. Both hyparquet's parser and the package's own lack one or more of
 * these bounds.
 */
export class CompactReader implements ThriftInput {
  readonly #cursor: ByteCursor;
  #field = 0;
  readonly #fields: number[] = [];
  #bool: boolean | null = null;
  #structs: number;
  // The generated code copies from these at once, so one of each is enough.
  readonly #begun: { fname: null; ftype: number; fid: number } = { fname: null, ftype: 0, fid: 0 };
  readonly #list = { etype: 0, size: 0 };

  constructor(cursor: ByteCursor) {
    this.#cursor = cursor;
    this.#structs = Math.floor(cursor.left / MIN_STRUCT_BYTES) + 1;
  }

  readStructBegin(): void {
    // An empty struct is one byte in the file and a hundred in memory.
    if (--this.#structs < 0) throw corrupt('it holds more structs than its size allows');
    this.#fields.push(this.#field);
    this.#field = 0;
  }

  readStructEnd(): void {
    this.#field = this.#fields.pop() ?? 0;
  }

  readFieldBegin(): { readonly fname: null; readonly ftype: number; readonly fid: number } {
    const header = this.readByte();
    const type = header & 15;
    this.#begun.ftype = thriftType(type);
    if (type !== 0) {
      const step = header >> 4;
      this.#field = step === 0 ? this.readI16() : this.#field + step;
      if (type <= 2) this.#bool = type === 1;
    }
    this.#begun.fid = this.#field;
    return this.#begun;
  }

  readFieldEnd(): void {
    // The compact protocol marks no end of a field.
  }

  readListBegin(): { readonly etype: number; readonly size: number } {
    const header = this.readByte();
    const size = header >> 4 === 15 ? this.#cursor.varint() : header >> 4;
    this.#list.etype = thriftType(header & 15);
    this.#list.size = size;
    if (size > this.#cursor.left) throw corrupt('a list is longer than its bytes');
    return this.#list;
  }

  readListEnd(): void {
    // The compact protocol marks no end of a list.
  }

  readBool(): boolean {
    const value = this.#bool;
    this.#bool = null;
    return value ?? this.readByte() === 1;
  }

  readByte(): number {
    return this.#cursor.u8();
  }

  readI16(): number {
    return this.readI32();
  }

  readI32(): number {
    const zigzag = this.#cursor.varint();
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  /** A safe integer; every count and offset is one, so anything else is `CORRUPT`. */
  readI64(): number {
    return this.#cursor.zigZag64();
  }

  /** The bytes themselves, not a copy. */
  readString(): Uint8Array {
    return this.#cursor.read(this.#cursor.varint());
  }

  skip(type: number): void {
    this.#skip(type, 0);
  }

  #skip(type: number, depth: number): void {
    if (depth > MAX_DEPTH) throw corrupt('structs are nested too deep');
    switch (type) {
      case 2:
        this.readBool();
        return;
      case 3:
        this.readByte();
        return;
      case 4:
        for (let i = 0; i < 8; i++) this.readByte();
        return;
      case 6:
      case 8:
      case 10:
        this.#cursor.skipVarint();
        return;
      case 11:
        this.readString();
        return;
      case STRUCT:
        this.readStructBegin();
        for (let field = this.readFieldBegin(); field.ftype !== 0; field = this.readFieldBegin()) {
          this.#skip(field.ftype, depth + 1);
        }
        this.readStructEnd();
        return;
      case 14:
      case 15: {
        const { etype, size } = this.readListBegin();
        for (let i = 0; i < size; i++) this.#skip(etype, depth + 1);
        return;
      }
      default:
        throw corrupt('a struct holds a value of a type that Parquet does not use');
    }
  }
}

function thriftType(compact: number): number {
  const type = THRIFT[compact];
  if (type === undefined) throw corrupt('a value has a type that Thrift does not know');
  return type;
}
