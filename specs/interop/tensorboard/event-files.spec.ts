import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensorboardImporter } from 'expman-rx/tensorboard';
import { frameRecord, maskedCrc32c } from '../../../dist/modules/interop/tensorboard/record-frame.js';
import { tempFolders } from '../../support/temp-folder.js';
import { imported, only, scalarEvent, writeEventFile } from './rig.js';

const folder = tempFolders('event-files');
const NAME = 'events.out.tfevents.1700000000.host';

/** A file of three records, and where each begins. */
function threeRecords(): { readonly path: string; readonly offsets: readonly number[] } {
  const events = [0, 1, 2].map((step) => scalarEvent('loss', step, step));
  const path = writeEventFile(join(folder(), NAME), events);
  const size = (index: number): number => frameRecord(events[index] ?? new Uint8Array()).length;
  return { path, offsets: [0, size(0), size(0) + size(1)] };
}

const losses = async (path: string, onCorrupt: 'throw' | 'stop' = 'throw'): Promise<unknown[]> =>
  only(await imported(tensorboardImporter({ onCorrupt }), path)).rowList.map(({ values }) => values['loss']);
const flip = (path: string, at: number): void => {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
};

describe('the framing of records', () => {
  it('masks the CRC32C as TensorFlow does', () => {
    // The check value of CRC-32C is 0xe3069283; rotated right by 15 and moved by 0xa282ead8.
    expect(maskedCrc32c(Buffer.from('123456789'))).toBe(0xc78ab0e5);
  });
});

describe('an event file', () => {
  it('that is cut off anywhere gives every whole record, and says what it left out', async () => {
    const { path, offsets } = threeRecords();
    const size = readFileSync(path).length;
    for (let length = size - 1; length >= 0; length--) {
      truncateSync(path, length);
      const { rowList, told } = only(await imported(tensorboardImporter(), path));
      const whole = [...offsets.slice(1), size].filter((end) => end <= length).length;
      const atBorder = length === 0 || offsets.includes(length);
      expect(rowList).toHaveLength(whole);
      expect(told.map(({ text }) => text)).toEqual(
        atBorder ? [] : [expect.stringContaining(`from byte ${offsets[whole] ?? NaN}, is cut off`)],
      );
    }
  });

  it.each([
    ['length', 0],
    ['checksum of the length', 8],
    ['data', 14],
    ['checksum of the data', -1],
  ])('with a wrong %s is CORRUPT at the offset of its record', async (_, at) => {
    const { path, offsets } = threeRecords();
    const [, second = 0, third = 0] = offsets;
    flip(path, at < 0 ? third + at : second + at);
    await expect(losses(path)).rejects.toMatchObject({
      code: 'CORRUPT',
      path,
      message: expect.stringContaining(`the record at byte ${second} `) as unknown,
    });
  });

  it('keeps what came before a wrong record when asked to stop there, and says so', async () => {
    const { path, offsets } = threeRecords();
    flip(path, (offsets[1] ?? 0) + 14);
    const run = only(await imported(tensorboardImporter({ onCorrupt: 'stop' }), path));
    expect(run.rowList.map(({ values }) => values['loss'])).toEqual([0]);
    expect(run.told).toEqual([
      { kind: 'damaged', text: expect.stringContaining('nothing after it was read') as unknown },
    ]);
  });

  it('that announces more than 64 MiB is refused before they are allocated', async () => {
    const header = Buffer.alloc(12);
    header.writeBigUInt64LE(2n ** 40n);
    header.writeUInt32LE(maskedCrc32c(header.subarray(0, 8)), 8);
    const path = join(folder(), NAME);
    writeFileSync(path, Buffer.concat([header, Buffer.alloc(100)]));
    expect(await losses(path)).toEqual([]);
    const large = Buffer.alloc(12);
    large.writeBigUInt64LE(BigInt(64 * 1024 * 1024 + 1));
    large.writeUInt32LE(maskedCrc32c(large.subarray(0, 8)), 8);
    writeFileSync(path, large);
    truncateSync(path, 65 * 1024 * 1024);
    await expect(losses(path)).rejects.toThrow(`at most ${64 * 1024 * 1024} are allowed`);
  });

  it('with a message that ends before it says it does is CORRUPT', async () => {
    // The version of the file, field 3: a text of ten bytes, of which there are two.
    const path = writeEventFile(join(folder(), NAME), [Buffer.from([0x1a, 10, 0x61, 0x62])]);
    await expect(losses(path)).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('with a step that no double holds gives it to the last bit', async () => {
    const path = writeEventFile(join(folder(), NAME), [scalarEvent('loss', 1, 2 ** 53, 1)]);
    const run = only(await imported(tensorboardImporter(), path));
    expect(run.rowList.map(({ step }) => step)).toEqual([2n ** 53n]);
  });

  it('with a time that is none is CORRUPT', async () => {
    const path = writeEventFile(join(folder(), NAME), [scalarEvent('loss', 1, 1, NaN)]);
    await expect(losses(path)).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});

describe('a file of any bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  // Bytes that look like fields, so that the fuzz gets past the first of them.
  const field = fc
    .tuple(fc.constantFrom(0x09, 0x10, 0x2a, 0x0a, 0x15, 0x42, 0x4a, 0x22, 0x32, 0x12, 0x08, 0x3a), bytes)
    .map(([key, body]) =>
      Buffer.concat([Buffer.from([key, body.length & 0x7f]), body.subarray(0, body.length & 0x7f)]),
    );
  const nested = fc.array(field, { maxLength: 4 }).map((fields) => {
    const value = Buffer.concat(fields).subarray(0, 100);
    const summary = Buffer.concat([Buffer.from([0x0a, value.length]), value]);
    return Buffer.concat([Buffer.from([0x2a, summary.length]), summary]);
  });
  const records = fc.array(fc.oneof(bytes, field, nested), { maxLength: 4 });
  const file = fc.oneof(
    bytes,
    records.map((list) => Buffer.concat(list.map(frameRecord))),
    fc.tuple(records, fc.nat(), fc.nat(255)).map(([list, at, byte]) => {
      const whole = Buffer.concat([...list.map(frameRecord), frameRecord(scalarEvent('loss', 1, 1))]);
      whole[at % whole.length] = byte;
      return whole;
    }),
  );

  it('is a run or CORRUPT, and nothing else', async () => {
    const path = join(folder(), NAME);
    await fc.assert(
      fc.asyncProperty(file, async (content) => {
        writeFileSync(path, content);
        const outcome = await imported(tensorboardImporter(), path).then(
          () => 'a run',
          (error: unknown) => (error as { code?: unknown }).code,
        );
        expect(['a run', 'CORRUPT']).toContain(outcome);
        expect(await imported(tensorboardImporter({ onCorrupt: 'stop' }), path)).toHaveLength(1);
      }),
      { numRuns: 2000 },
    );
  }, 120_000);
});
