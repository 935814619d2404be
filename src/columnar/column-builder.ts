import { bitmapBytes, setBit, setBits } from './bitmap.js';
import type { Column, ColumnType, TextColumn } from './column.js';
import { columnOfStrings } from './column-of-strings.js';
import { cellTextOf } from './text-cells.js';

/**
 * A metric's values on their way into a batch of `rows` rows; rows that are never set stay null.
 */
export type ColumnBuilder = NumberBuilder | IntegerBuilder | BooleanBuilder | TextBuilder;

abstract class Builder {
  protected valid = 0;
  private readonly bitmap: Uint8Array;

  constructor(readonly rows: number) {
    this.bitmap = new Uint8Array(bitmapBytes(rows));
  }

  protected mark(row: number, count: number): void {
    this.valid += count;
    if (count === 1) setBit(this.bitmap, row);
    else setBits(this.bitmap, row, count);
  }

  protected get nulls(): {
    readonly length: number;
    readonly nullCount: number;
    readonly validity: Uint8Array | null;
  } {
    const { rows, valid } = this;
    return { length: rows, nullCount: rows - valid, validity: valid === rows ? null : this.bitmap };
  }
}

/** Doubles. */
export class NumberBuilder extends Builder {
  readonly type = 'DOUBLE';
  private readonly values = new Float64Array(this.rows);

  /** Adds `count` values from `from`, `stride` apart. */
  copy(row: number, count: number, from: Float64Array, at: number, stride: number): void {
    const { values } = this;
    for (let i = 0, source = at; i < count; i++, source += stride) values[row + i] = from[source] ?? 0;
    this.mark(row, count);
  }

  finish(): Column {
    return { type: this.type, ...this.nulls, values: this.values };
  }
}

/** 64-bit integers. */
export class IntegerBuilder extends Builder {
  readonly type = 'INT64';
  private readonly values = new BigInt64Array(this.rows);

  copy(row: number, count: number, from: BigInt64Array, at: number, stride: number): void {
    const { values } = this;
    for (let i = 0, source = at; i < count; i++, source += stride) values[row + i] = from[source] ?? 0n;
    this.mark(row, count);
  }

  finish(): Column & { readonly type: 'INT64' } {
    return { type: this.type, ...this.nulls, values: this.values };
  }
}

/** Booleans. */
export class BooleanBuilder extends Builder {
  readonly type = 'BOOLEAN';
  private readonly values = new Uint8Array(bitmapBytes(this.rows));

  set(row: number, value: boolean): void {
    if (value) setBit(this.values, row);
    this.mark(row, 1);
  }

  finish(): Column {
    return { type: this.type, ...this.nulls, values: this.values };
  }
}

/** Text as UTF-8. */
export class TextBuilder {
  readonly type = 'UTF8';
  private readonly texts: (Uint8Array | null)[];
  /** The cells that are numbers or booleans; null until the first of them. */
  private numeric: Uint8Array | null = null;

  constructor(readonly rows: number) {
    this.texts = new Array<Uint8Array | null>(rows).fill(null);
  }

  set(row: number, text: Uint8Array): void {
    this.texts[row] = text;
  }

  /** Marks a cell that was logged as a number or a boolean. */
  setNumeric(row: number, value: number | bigint | boolean): void {
    this.set(row, Buffer.from(cellTextOf(value)));
    setBit((this.numeric ??= new Uint8Array(bitmapBytes(this.rows))), row);
  }

  finish(): TextColumn {
    const texts = columnOfStrings(this.texts);
    return this.numeric === null ? texts : { ...texts, numeric: this.numeric };
  }
}

/** An empty builder of a type. */
export function builderOf(type: Exclude<ColumnType, 'TIMESTAMP'>, rows: number): ColumnBuilder {
  switch (type) {
    case 'DOUBLE':
      return new NumberBuilder(rows);
    case 'INT64':
      return new IntegerBuilder(rows);
    case 'BOOLEAN':
      return new BooleanBuilder(rows);
    case 'UTF8':
      return new TextBuilder(rows);
    default:
      return type satisfies never;
  }
}
