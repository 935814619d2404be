import { describe, expect, it } from 'vitest';
import type { Column, ColumnField } from '../../src/columnar/column.js';
import { recordBatchOf } from '../../src/columnar/record-batch.js';
import { RowGroupBatches } from '../../src/columnar/row-group.js';
import { attempt } from '../../src/model/attempt.js';
import { METRICS_NAME, MetricsFile } from '../../src/storage/metrics-file.js';
import { readFooter } from '../../src/storage/metrics-footer.js';
import { decodeChunk } from '../../src/storage/parquet/index.js';
import { MemoryFs } from '../faults/memory-fs.js';

const PATH = `/run/${METRICS_NAME}`;
const FIELDS: readonly ColumnField[] = [
  { name: 'step', type: 'INT64' },
  { name: 'timestamp', type: 'TIMESTAMP' },
  { name: 'loss', type: 'DOUBLE' },
  { name: 'late', type: 'DOUBLE' },
];

function groupOf(from: number, rows: number): RowGroupBatches {
  const base = { length: rows, nullCount: 0, validity: null };
  const steps = BigInt64Array.from({ length: rows }, (_, row) => BigInt(from + row));
  const group = new RowGroupBatches();
  group.add(
    recordBatchOf([
      { ...base, name: 'step', type: 'INT64', values: steps },
      { ...base, name: 'timestamp', type: 'TIMESTAMP', values: steps },
      { ...base, name: 'loss', type: 'DOUBLE', values: Float64Array.from(steps, Number) },
    ]),
  );
  return group;
}

/** The steps a published file holds, read chunk by chunk; null when there is none. */
function stepsIn(disk: MemoryFs): number[] | null {
  const fs = MemoryFs.replay(disk.changes, disk.changes.length); // Its own calls are not to fail, nor to count.
  if (fs.stat(PATH) === null) return null;
  const bytes = fs.bytesOf(PATH);
  return readFooter(fs, PATH).groups.flatMap(({ chunks: [chunk] }) => {
    if (chunk === undefined) return [];
    const column: Column = decodeChunk(bytes.subarray(chunk.offset, chunk.offset + chunk.length), chunk);
    return column.type === 'INT64' ? [...column.values].map(Number) : [];
  });
}

function publish(
  file: MetricsFile,
  fields: readonly ColumnField[],
  tail = new RowGroupBatches(),
  final = false,
): void {
  const steps = file.publish({
    fields,
    tail,
    metadata: new Map(),
    compression: 'none',
    final,
    mayReplace: () => true,
  });
  while (steps.next().done !== true);
}

/** Four groups sealed, with a publish behind each, a tail with one of them, and a metric that comes later. */
function play(fs: MemoryFs, look: () => void): MetricsFile {
  const file = new MetricsFile(fs, '/run');
  for (let group = 0; group < 4; group++) {
    const fields = FIELDS.slice(0, group < 2 ? 3 : 4);
    // As the pipeline does: what could not be sealed is tried again.
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the closure below sets it
    for (let tries = 0, sealed = false; !sealed && tries < 3; tries++)
      attempt(() => {
        file.seal(groupOf(group * 10, 10).columns(fields), 'none');
        sealed = true;
      });
    attempt(() => publish(file, fields, group === 1 ? groupOf(20, 5) : undefined));
    look();
  }
  return file;
}

const ALL = Array.from({ length: 40 }, (_, step) => step);

describe('the published rows', () => {
  it('grow by sealed groups and a tail, metrics that come later included', () => {
    const fs = new MemoryFs();
    fs.makeFolder('/run');
    const seen: (number[] | null)[] = [];
    play(fs, () => seen.push(stepsIn(fs)));
    expect(seen).toEqual([10, 25, 30, 40].map((rows) => ALL.slice(0, rows)));
    expect(fs.namesIn('/run')).toEqual([METRICS_NAME]);
  });

  it('are a whole file at all times and hold everything in the end, whichever call fails once', () => {
    const whole = new MemoryFs();
    whole.makeFolder('/run');
    play(whole, () => undefined);
    for (let failing = 1; failing < whole.calls; failing++) {
      const fs = new MemoryFs();
      fs.makeFolder('/run');
      let last = '';
      fs.onCall = (call, path, index) => {
        if (index !== failing) return null;
        last = `${call} ${path}, call ${failing}`;
        return { errno: 'EIO' };
      };
      let rows = 0;
      const file = play(fs, () => {
        const found = stepsIn(fs)?.length ?? 0;
        expect(found, last).toBeGreaterThanOrEqual(Math.min(rows, 20));
        rows = found;
      });
      fs.onCall = () => null;
      publish(file, FIELDS);
      expect(stepsIn(fs), last).toEqual(ALL);
      file.leave();
      expect(fs.openFiles, last).toBe(0);
    }
  });

  it('are never renamed from a file whose sync has failed, whatever a second sync says', () => {
    const fs = new MemoryFs();
    fs.makeFolder('/run');
    const file = new MetricsFile(fs, '/run');
    file.seal(groupOf(0, 10).columns(FIELDS), 'none');
    const failed: string[] = [];
    fs.onCall = (call, path) => {
      if (call !== 'sync' || failed.length > 0) return null;
      failed.push(path);
      return { errno: 'EIO' };
    };
    expect(() => publish(file, FIELDS)).toThrow('EIO');
    publish(file, FIELDS);
    const renamed = fs.changes.flatMap((change) => (change.kind === 'rename' ? [change.from] : []));
    expect(failed.length).toBe(1);
    expect(renamed.length).toBe(1);
    expect(renamed).not.toEqual(failed);
    expect(stepsIn(fs)).toEqual(ALL.slice(0, 10));
  });

  it('are a whole file before there are any, and its footer counts the rows of the file', () => {
    const fs = new MemoryFs();
    fs.makeFolder('/run');
    const file = new MetricsFile(fs, '/run');
    publish(file, FIELDS);
    expect(stepsIn(fs)).toEqual([]);
    publish(file, FIELDS, groupOf(0, 10));
    expect(readFooter(fs, PATH).metadata.get('rows')).toBe('10');
  });

  it('never grow when another owner has the run', () => {
    const fs = new MemoryFs();
    fs.makeFolder('/run');
    const file = new MetricsFile(fs, '/run');
    file.seal(groupOf(0, 10).columns(FIELDS), 'none');
    const steps = file.publish({
      fields: FIELDS,
      tail: new RowGroupBatches(),
      metadata: new Map(),
      compression: 'none',
      final: true,
      mayReplace: () => false,
    });
    expect(() => {
      while (steps.next().done !== true);
    }).toThrow(expect.objectContaining({ code: 'FENCED' }) as Error);
    expect(stepsIn(fs)).toBeNull();
  });
});

describe('what an earlier footer names', () => {
  /** The bytes of every chunk that the footer of `by` names, out of `from`. */
  const chunksOf = (by: Buffer, from: Buffer): string[] => {
    const fs = new MemoryFs();
    fs.makeFolder('/run');
    const file = fs.open(PATH, 'create');
    fs.write(file, by, 0);
    return readFooter(fs, PATH).groups.flatMap(({ chunks }) =>
      chunks.map(({ offset, length }) => from.toString('hex', offset, offset + length)),
    );
  };
  /** Publishes a growing tail, seals it every fifth time, and once more while a publish goes on. */
  const grow = (): { file: MetricsFile; fs: MemoryFs; versions: Buffer[] } => {
    const fs = new MemoryFs();
    fs.makeFolder('/run');
    const file = new MetricsFile(fs, '/run');
    const versions: Buffer[] = [];
    let [rows, sealed] = [0, 0];
    for (let publish = 0; publish < 60; publish++) {
      rows += 1 + ((publish * 7) % 30);
      const steps = file.publish({
        fields: FIELDS.slice(0, publish < 30 ? 3 : 4),
        tail: groupOf(sealed, rows - sealed),
        metadata: new Map(),
        compression: 'none',
        final: false,
        mayReplace: () => true,
      });
      const seals = publish % 5 === 0;
      if (seals && publish % 10 === 0) steps.next();
      if (seals) {
        if (publish % 10 !== 0) while (steps.next().done !== true);
        file.seal(groupOf(sealed, rows - sealed).columns(FIELDS.slice(0, publish < 30 ? 3 : 4)), 'none');
        sealed = rows;
      }
      while (steps.next().done !== true);
      versions.push(Buffer.from(fs.bytesOf(PATH)));
      expect(stepsIn(fs)?.sort((one, other) => one - other)).toEqual(
        Array.from({ length: rows }, (_, step) => step),
      );
    }
    return { file, fs, versions };
  };

  it('lies where it lay in the next eight versions of the file', () => {
    const { versions } = grow();
    for (const [age, old] of versions.entries())
      for (const later of versions.slice(age + 1, age + 9))
        expect(chunksOf(old, later)).toEqual(chunksOf(old, old));
  });

  it('is left out by the last publish, which is wanted where that makes the file an eighth smaller', () => {
    const { file, fs, versions } = grow();
    expect(file.isLoose).toBe(true);
    publish(file, FIELDS, new RowGroupBatches(), true);
    expect(file.isLoose).toBe(false);
    expect(fs.bytesOf(PATH).length).toBeLessThan((versions.at(-1)?.length ?? 0) * 0.875);
    file.leave();
    expect(fs.namesIn('/run')).toEqual([METRICS_NAME]);
  });

  it('never makes the file longer than three tails, or 1 MB, more than it must be', () => {
    const fs = new MemoryFs();
    fs.makeFolder('/run');
    const file = new MetricsFile(fs, '/run');
    for (let rows = 100_000; rows < 120_000; rows += 1_000) {
      publish(file, FIELDS, groupOf(0, rows));
      expect(fs.bytesOf(PATH).length).toBeLessThan(3 * rows * 8 + 1024 * 1024);
    }
  });

  it('is left out of the next version where somebody has replaced the file', () => {
    const fs = new MemoryFs();
    fs.makeFolder('/run');
    const file = new MetricsFile(fs, '/run');
    publish(file, FIELDS, groupOf(0, 10));
    fs.overwrite(PATH, Buffer.alloc(4_000, 'x'));
    publish(file, FIELDS, groupOf(0, 20));
    expect(stepsIn(fs)).toEqual(ALL.slice(0, 20));
    expect(readFooter(fs, PATH).regions).toHaveLength(1);
  });
});

describe('a published file that is deleted, replaced or emptied by hand', () => {
  const published = (seals: boolean): { fs: MemoryFs; file: MetricsFile } => {
    const fs = new MemoryFs();
    fs.makeFolder('/run');
    const file = new MetricsFile(fs, '/run');
    if (seals) file.seal(groupOf(0, 10).columns(FIELDS), 'none');
    publish(file, FIELDS, groupOf(10, 5));
    return { fs, file };
  };

  it.each([true, false])('is noticed, and whole again with the next publish (sealed groups: %s)', (seals) => {
    const expected = seals ? ALL.slice(0, 20) : ALL.slice(10, 20);
    for (const replaces of [true, false]) {
      const { fs, file } = published(seals);
      expect(file.isInPlace).toBe(true);
      fs.remove(PATH);
      if (replaces) {
        const other = fs.open(PATH, 'create');
        fs.write(other, Buffer.alloc(10_000, 'PAR1'), 0);
        fs.close(other);
      }
      expect(file.isInPlace).toBe(false);
      publish(file, FIELDS, groupOf(10, 10));
      expect(stepsIn(fs)).toEqual(expected);
      expect(file.isInPlace).toBe(true);
      file.leave();
      expect(fs.openFiles).toBe(0);
    }
  });

  it('is an error where its sealed bytes were nowhere else, and never made of others', () => {
    const { fs, file } = published(true);
    fs.overwrite(PATH, Buffer.alloc(0));
    expect(file.isInPlace).toBe(false);
    expect(() => publish(file, FIELDS, groupOf(10, 10))).toThrow(/ends at byte/);
    file.leave();
    fs.remove(PATH);
    expect(() => publish(file, FIELDS)).toThrow(/ENOENT/);
  });

  it('holds a descriptor only while it has sealed groups', () => {
    expect(published(false).fs.openFiles).toBe(0);
    expect(published(true).fs.openFiles).toBe(1);
  });
});
