import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeChunk,
  decodeFooter,
  encodeFooter,
  footerLength,
  MAX_FOOTER_BYTES,
  MAX_GROUP_ROWS,
} from '../../../src/storage/parquet/index.js';
import type { FileFooter, PlacedChunk } from '../../../src/storage/parquet/index.js';
import { cellsOf, columnOf } from './columns.js';
import type { Cell } from './columns.js';
import { fileOf } from './file.js';
import { corrupt, flipped, orRefused } from './refusals.js';

const smallFile = (): { bytes: Buffer; footer: FileFooter } =>
  fileOf({
    fields: [
      { name: 'step', type: 'INT64' },
      { name: 'loss', type: 'DOUBLE' },
      { name: 'split', type: 'UTF8' },
    ],
    groups: [
      [
        columnOf('INT64', [1n, 2n, null, ...new Array<Cell>(17).fill(3n)]),
        columnOf(
          'DOUBLE',
          Array.from({ length: 20 }, (_, i) => BigInt(i)),
        ),
        columnOf('UTF8', new Array<Cell>(20).fill('train')),
      ],
      [columnOf('INT64', [7n]), columnOf('DOUBLE', [4n]), null],
    ],
    delta: ['step'],
    metadata: new Map([['run_uuid', 'x']]),
  });

describe('a footer', () => {
  const { bytes, footer } = smallFile();
  const length = footerLength(bytes.subarray(-8));

  it('comes back as it was', () => {
    expect(decodeFooter(bytes, bytes.length)).toEqual(footer);
    expect(decodeFooter(bytes.subarray(-length), bytes.length)).toEqual(footer);
  });

  it('is refused with any single bit flipped', () => {
    const end = bytes.subarray(-length);
    for (let bit = 0; bit < length * 8; bit++)
      expect(() => decodeFooter(flipped(end, bit), bytes.length)).toThrow(corrupt);
  });

  it('is refused of a file cut at any byte, and of one with a byte too many', () => {
    for (let end = 0; end < bytes.length; end++)
      expect(() => decodeFooter(bytes.subarray(0, end), end)).toThrow(corrupt);
    expect(() => decodeFooter(Buffer.concat([bytes, Buffer.of(0)]), bytes.length + 1)).toThrow(corrupt);
  });

  it('is refused where it is of another, longer or shorter file', () => {
    for (const size of [0, length, length + 3, bytes.length - 8])
      expect(() => decodeFooter(bytes, size)).toThrow(corrupt);
  });

  it('is refused when it is any bytes, with and without a right end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (any) => {
        expect(() => decodeFooter(any, any.length)).toThrow(corrupt);
        expect(() => decodeFooter(withEnd(any), any.length + 12)).toThrow(corrupt);
      }),
      { numRuns: 2000 },
    );
  });

  it('that was altered and given a right checksum is refused, or says nothing beyond the bounds', () => {
    const end = bytes.subarray(-length);
    const change = fc.tuple(fc.nat(length - 9), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const copy = Buffer.from(end);
        for (const [at, byte] of changes) copy[at] = byte;
        const read = orRefused(() => decodeFooter(resealed(copy), bytes.length));
        for (const { rows, chunks } of read?.groups ?? []) {
          expect(rows).toBeLessThanOrEqual(MAX_GROUP_ROWS);
          expect(chunks.length).toBe(read?.fields.length);
          for (const chunk of chunks) {
            expect(chunk.offset).toBeGreaterThanOrEqual(4);
            expect(chunk.offset + chunk.length).toBeLessThanOrEqual(bytes.length - length);
            const column = orRefused(() =>
              decodeChunk(bytes.subarray(chunk.offset, chunk.offset + chunk.length), chunk),
            );
            if (column !== null) expect(cellsOf(column)).toHaveLength(rows);
          }
        }
      }),
      { numRuns: 2500 },
    );
  });

  const [first, second] = footer.groups;
  const [step, loss, split] = first?.chunks ?? [];
  const ofChunk = (lie: Partial<PlacedChunk>): FileFooter => ({
    ...footer,
    groups: first && step && loss && split ? [{ ...first, chunks: [step, { ...loss, ...lie }, split] }] : [],
  });
  const LIES: readonly (readonly [string, FileFooter])[] = [
    ['begins before the data', ofChunk({ offset: 3 })],
    ['begins in the footer', ofChunk({ offset: bytes.length - length, length: 1 })],
    ['ends in the footer', ofChunk({ length: bytes.length })],
    ['is shorter than its dictionary', ofChunk({ dictionaryLength: 30, length: 20 })],
    ['has more nulls than rows', ofChunk({ nullCount: 21 })],
    ['has other rows than its group', ofChunk({ rows: 19 })],
    [
      'has more rows than are ever written',
      {
        ...footer,
        groups: [
          {
            rows: MAX_GROUP_ROWS + 1,
            chunks: (second?.chunks ?? []).map((chunk) => ({ ...chunk, rows: MAX_GROUP_ROWS + 1 })),
          },
        ],
      },
    ],
    [
      'is in a region that ends in the footer',
      { ...footer, regions: [{ offset: 4, length: bytes.length - length - 3, crc: 0 }] },
    ],
  ];

  it.each(LIES)('that says of itself with a right checksum that a chunk %s is refused', (_, lie) => {
    const altered = Buffer.concat([bytes.subarray(0, -length), encodeFooter(lie)]);
    expect(() => decodeFooter(altered, altered.length)).toThrow(corrupt);
  });

  it('longer than any that is written is refused before it is read', () => {
    const last = Buffer.from('0000PAR1');
    last.writeUInt32LE(MAX_FOOTER_BYTES - 7);
    expect(() => footerLength(last)).toThrow(corrupt);
    last.writeUInt32LE(MAX_FOOTER_BYTES - 8);
    expect(footerLength(last)).toBe(MAX_FOOTER_BYTES);
  });

  it('of columns with the same name, or of a reserved key, is not written', () => {
    const twice = [...footer.fields, ...footer.fields];
    expect(() => encodeFooter({ ...footer, fields: twice, groups: [] })).toThrow(
      expect.objectContaining({ code: 'INVALID_NAME' }),
    );
    for (const key of ['expman.crc', 'expman.regions'])
      expect(() => encodeFooter({ ...footer, metadata: new Map([[key, '']]) })).toThrow(
        expect.objectContaining({ code: 'INVALID_NAME' }),
      );
  });

  it('whose chunks are not of its columns is not written', () => {
    const { fields } = footer;
    expect(() => encodeFooter({ ...footer, fields: [...fields].reverse() })).toThrow(RangeError);
    expect(() => encodeFooter({ ...footer, fields: fields.slice(0, 2) })).toThrow(RangeError);
  });
});

/** Bytes as a file's end: their length and the magic behind them. */
function withEnd(metadata: Uint8Array): Buffer {
  const end = Buffer.from('0000PAR1');
  end.writeUInt32LE(metadata.length);
  return Buffer.concat([metadata, end]);
}

/** The footer with the checksum that its bytes have: what somebody who means harm would write. */
function resealed(footer: Buffer): Buffer {
  const at = footer.indexOf('expman.crc') + 'expman.crc'.length + 2;
  if (at < 12 || at + 8 > footer.length) return footer;
  footer.write('00000000', at);
  footer.write(
    crc32(footer.subarray(0, footer.length - 8))
      .toString(16)
      .padStart(8, '0'),
    at,
  );
  return footer;
}
