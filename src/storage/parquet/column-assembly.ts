import type { Column, ColumnType } from '../../columnar/column.js';
import { corrupt } from './corrupt.js';
import type { Values } from './decoded.js';

/** A column that grows page by page, in buffers made once for all its rows. */
export class ColumnAssembly {
  /** The bitmap that a page's definition levels are decoded into before its values are added. */
  readonly validity: Uint8Array;
  readonly #type: ColumnType;
  readonly #length: number;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #bits: Uint8Array;
  readonly #offsets: Int32Array;
  readonly #bytes: Uint8Array[] = [];
  #bytesLength = 0;
  #rows = 0;
  #nullCount = 0;

  constructor(type: ColumnType, length: number) {
    const is64Bit = type !== 'BOOLEAN' && type !== 'UTF8';
    this.#type = type;
    this.#length = length;
    this.validity = new Uint8Array((length + 7) >> 3);
    this.#words = new Int32Array(is64Bit ? length * 2 : 0);
    this.#bits = new Uint8Array(type === 'BOOLEAN' ? (length + 7) >> 3 : 0);
    this.#offsets = new Int32Array(type === 'UTF8' ? length + 1 : 0);
  }

  /** The number of rows added. */
  get rows(): number {
    return this.#rows;
  }

  /** The number of them that are null. */
  get nullCount(): number {
    return this.#nullCount;
  }

  /** Adds `rows` rows with the values of those whose bit in {@link validity} is set. */
  add(values: Values, rows: number): void {
    switch (values.kind) {
      case 'words':
        this.#addWords(values.words, rows, values.count === rows);
        break;
      case 'bits':
        this.#addBits(values.bits, rows);
        break;
      case 'strings':
        this.#addStrings(values.offsets, values.bytes, rows);
        break;
      default:
        values satisfies never;
    }
    this.#rows += rows;
    this.#nullCount += rows - values.count;
  }

  finish(): Column {
    const validity = this.#nullCount === 0 ? null : this.validity;
    const base = { length: this.#length, nullCount: this.#nullCount, validity };
    switch (this.#type) {
      case 'DOUBLE':
        return { ...base, type: 'DOUBLE', values: new Float64Array(this.#words.buffer) };
      case 'INT64':
      case 'TIMESTAMP':
        return { ...base, type: this.#type, values: new BigInt64Array(this.#words.buffer) };
      case 'BOOLEAN':
        return { ...base, type: 'BOOLEAN', values: this.#bits };
      case 'UTF8':
        return { ...base, type: 'UTF8', offsets: this.#offsets, values: this.#joined() };
      default:
        return this.#type satisfies never;
    }
  }

  #addWords(words: Int32Array, rows: number, isWhole: boolean): void {
    if (isWhole) {
      this.#words.set(words, this.#rows * 2);
      return;
    }
    for (let row = this.#rows, end = row + rows, at = 0; row < end; row++) {
      if (!this.#isValid(row)) continue;
      this.#words[row * 2] = words[at++] ?? 0;
      this.#words[row * 2 + 1] = words[at++] ?? 0;
    }
  }

  #addBits(bits: Uint8Array, rows: number): void {
    for (let row = this.#rows, end = row + rows, at = 0; row < end; row++) {
      if (!this.#isValid(row)) continue;
      const bit = ((bits[at >> 3] ?? 0) >> (at & 7)) & 1;
      this.#bits[row >> 3] = (this.#bits[row >> 3] ?? 0) | (bit << (row & 7));
      at++;
    }
  }

  #addStrings(offsets: Int32Array, bytes: Uint8Array, rows: number): void {
    const base = this.#bytesLength;
    if (base + bytes.length > 0x7fffffff) throw corrupt('a chunk of strings is longer than 2 GB');
    for (let row = this.#rows, end = row + rows, at = 0; row < end; row++) {
      if (this.#isValid(row)) at++;
      this.#offsets[row + 1] = base + (offsets[at] ?? 0);
    }
    this.#bytes.push(bytes);
    this.#bytesLength += bytes.length;
  }

  #isValid(row: number): boolean {
    return (((this.validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;
  }

  #joined(): Uint8Array {
    const [only] = this.#bytes;
    if (this.#bytes.length === 1 && only !== undefined) return only;
    const out = new Uint8Array(this.#bytesLength);
    let at = 0;
    for (const bytes of this.#bytes) {
      out.set(bytes, at);
      at += bytes.length;
    }
    return out;
  }
}
