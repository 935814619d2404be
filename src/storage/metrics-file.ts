import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Column, ColumnField } from '../columnar/column.js';
import type { RowGroupBatches } from '../columnar/row-group.js';
import { widenColumn } from '../columnar/widen.js';
import { attempt } from '../model/attempt.js';
import { ExpmanError } from '../model/errors.js';
import type { FileFacts, FsPort } from './fs-port.js';
import {
  type EncodedChunk,
  MAGIC,
  type PlacedChunk,
  type Region,
  type RowGroup,
  decodeChunk,
  encodeChunk,
  encodeFooter,
  encodeNullChunk,
} from './parquet/index.js';
import { tempName } from './atomic-file.js';
import { DescriptorCache } from './descriptor-cache.js';
import { readFooter } from './metrics-footer.js';
import { readAll } from './read-all.js';
import { writeAll } from './write-all.js';

/** The name of a run's published rows. */
export const METRICS_NAME = 'metrics.parquet';
const COPY_BYTES = 2 * 1024 * 1024;
const SYNC_EVERY_BYTES = 4 * 1024 * 1024;
const NO_INODE = -1;

/** What one publish puts out. */
export interface Publication {
  readonly fields: readonly ColumnField[];
  /** The rows behind the sealed groups; encoded for this publish only. */
  readonly tail: RowGroupBatches;
  readonly metadata: ReadonlyMap<string, string>;
  readonly compress: boolean;
  /** Asked right before the rename; false when another owner has taken the run over. */
  readonly mayReplace: () => boolean;
}

/** What a publish did. */
export interface PublishFacts {
  readonly bytes: number;
  /** Rows in the file, rows of the same step merged. */
  readonly rows: number;
}

/** A stretch of the sealed bytes and where it lies. */
interface Extent {
  readonly from: number;
  to: number;
  readonly path: string;
  /** A published file is never written again. */
  readonly published: boolean;
  /** A draft whose publish failed is only read from: it may be longer than what is good of it, or not syncable. */
  failed: boolean;
}

/**
 * `metrics.parquet` and its next version.
 *
 * Sealed row groups only ever grow at the end, at offsets that stay: a sealed group is encoded once and written once
 * to the draft of the next version. A publish copies what the draft lacks from the published file, adds the tail group
 * and a footer, and renames. The published file is held open where it has sealed groups: somebody may delete or replace it by
 * hand. Every method that takes long is a generator that yields whenever other work may run.
 */
export class MetricsFile {
  private readonly groups: RowGroup[] = [];
  private readonly regions: Region[] = [];
  private sealedEnd = MAGIC.length;
  private extents: Extent[] = [];
  private publishing = false;
  private readonly path: string;
  /** The file that was published last; null before. */
  private latest: { readonly inode: number; readonly bytes: number } | null = null;

  constructor(
    private readonly fs: FsPort,
    private readonly folder: string,
    private readonly files = new DescriptorCache(fs),
  ) {
    this.path = join(folder, METRICS_NAME);
  }

  /** Goes on from a published file: its groups count as sealed. */
  continueFrom(groups: readonly RowGroup[], regions: readonly Region[]): void {
    this.groups.push(...groups);
    this.regions.push(...regions);
    this.sealedEnd = regions.reduce(
      (end, { offset, length }) => Math.max(end, offset + length),
      this.sealedEnd,
    );
    this.becomes(this.sealedEnd, [], this.fs.stat(this.path));
  }

  /** False when somebody has deleted or replaced what was published last, or cut it off. */
  get isInPlace(): boolean {
    if (this.latest === null) return true;
    const facts = this.fs.stat(this.path);
    return facts?.inode === this.latest.inode && facts.size === this.latest.bytes;
  }

  /** Encodes a full group and writes it to the draft; it will only be copied from then on. */
  seal(batches: RowGroupBatches, fields: readonly ColumnField[], compress: boolean): void {
    const chunks: EncodedChunk[] = [];
    for (const column of batches.columns(fields)) chunks.push(encode(column, chunks.length, compress));
    this.groups.push({ rows: chunks[0]?.facts.rows ?? 0, chunks: this.append(chunks) });
  }

  /** Replaces `metrics.parquet` by a complete newer one; on failure the old one stays and nothing sealed is lost. */
  *publish(publication: Publication): Generator<void, PublishFacts> {
    yield* this.reconcile(publication.fields);
    const draft = this.draft();
    this.publishing = true;
    try {
      const sealed = { end: this.sealedEnd, groups: [...this.groups], regions: [...this.regions] };
      const file = this.fs.open(draft.path, 'update');
      let facts: PublishFacts;
      try {
        yield* this.copySealed(file, draft);
        facts = yield* this.finish(file, sealed, publication);
      } finally {
        this.fs.close(file);
      }
      const written = this.verify(draft.path, facts);
      if (!publication.mayReplace())
        throw new ExpmanError('FENCED', `another owner has taken over ${this.folder}`, { path: this.folder });
      // Windows replaces no file that is open.
      this.files.close(this.path);
      this.fs.rename(draft.path, this.path);
      // The draft has no other name any more, whether that is on the device or not.
      this.published(draft, sealed.end, written);
      this.fs.syncFolder(this.folder);
      return facts;
    } catch (error) {
      draft.failed = true;
      throw error;
    } finally {
      this.publishing = false;
    }
  }

  /** Closes what is held open. */
  leave(): void {
    this.files.release(this.path);
  }

  /**
   * Gives every sealed group a chunk of the present type for every field: a few bytes of nulls for a metric that
   * came later, the values encoded anew for one whose type widened.
   */
  private *reconcile(fields: readonly ColumnField[]): Generator<void> {
    for (const [index, group] of this.groups.entries()) {
      const chunks = [...group.chunks];
      const added: { readonly place: number; readonly chunk: EncodedChunk }[] = [];
      for (const [place, field] of fields.entries()) {
        const chunk = chunks[place];
        if (chunk?.type === field.type) continue;
        added.push({
          place,
          chunk:
            chunk === undefined ? encodeNullChunk(field.type, group.rows) : this.widen(chunk, field, place),
        });
        if (chunk !== undefined) yield;
      }
      if (added.length === 0) continue;
      const placed = this.append(added.map(({ chunk }) => chunk));
      added.forEach(({ place }, at) => {
        const chunk = placed[at];
        if (chunk !== undefined) chunks[place] = chunk;
      });
      this.groups[index] = { rows: group.rows, chunks };
      yield;
    }
  }

  private widen(chunk: PlacedChunk, field: ColumnField, place: number): EncodedChunk {
    if (chunk.nullCount === chunk.rows) return encodeNullChunk(field.type, chunk.rows);
    const bytes = new Uint8Array(chunk.length);
    this.readSealed(bytes, chunk.offset);
    return encode(widenColumn(decodeChunk(bytes, chunk), field.type), place, chunk.codec !== 'UNCOMPRESSED');
  }

  /** Writes chunks behind the sealed bytes, as one region with a checksum. */
  private append(chunks: readonly EncodedChunk[]): PlacedChunk[] {
    const offset = this.sealedEnd;
    const bytes = Buffer.concat(chunks.map((chunk) => chunk.bytes));
    const draft = this.draft();
    const file = this.fs.open(draft.path, 'update');
    try {
      writeAll(this.fs, file, bytes, offset);
    } finally {
      this.fs.close(file);
    }
    draft.to = this.sealedEnd = offset + bytes.length;
    this.regions.push({ offset, length: bytes.length, crc: crc32(bytes) });
    let at = offset;
    return chunks.map(({ bytes: { length }, facts }) => {
      const placed = { ...facts, offset: at };
      at += length;
      return placed;
    });
  }

  /** The file that takes new sealed bytes: the newest draft, unless it is being published. */
  private draft(): Extent {
    const newest = this.extents.at(-1);
    if (newest !== undefined && !newest.published && !newest.failed && !this.publishing) return newest;
    const path = join(this.folder, tempName(METRICS_NAME));
    const file = this.fs.open(path, 'create');
    try {
      if (this.extents.length === 0) writeAll(this.fs, file, MAGIC, 0);
    } catch (error) {
      attempt(() => this.fs.remove(path));
      throw error;
    } finally {
      this.fs.close(file);
    }
    const from = this.extents.length === 0 ? 0 : this.sealedEnd;
    const draft: Extent = { from, to: this.sealedEnd, path, published: false, failed: false };
    this.extents.push(draft);
    return draft;
  }

  private *copySealed(file: number, draft: Extent): Generator<void> {
    const slice = new Uint8Array(Math.min(COPY_BYTES, draft.from));
    let unsynced = 0;
    if (draft.from > 0) writeAll(this.fs, file, MAGIC, 0);
    for (let at = MAGIC.length; at < draft.from; at += slice.length) {
      const part = slice.subarray(0, Math.min(slice.length, draft.from - at));
      this.readSealed(part, at);
      writeAll(this.fs, file, part, at);
      unsynced += part.length;
      // Synced as it goes, so that the last sync does not hold the thread for the whole file.
      if (unsynced >= SYNC_EVERY_BYTES) {
        this.fs.syncData(file);
        unsynced = 0;
      }
      yield;
    }
  }

  private *finish(
    file: number,
    sealed: Sealed,
    { fields, tail, metadata, compress }: Publication,
  ): Generator<void, PublishFacts> {
    let end = sealed.end;
    const groups = [...sealed.groups];
    const regions = [...sealed.regions];
    if (tail.rows > 0) {
      const chunks: PlacedChunk[] = [];
      let crc = 0;
      let place = 0;
      for (const column of tail.columns(fields)) {
        const { bytes, facts } = encode(column, place++, compress);
        writeAll(this.fs, file, bytes, end);
        crc = crc32(bytes, crc);
        chunks.push({ ...facts, offset: end });
        end += bytes.length;
        if ((place & 15) === 0) yield;
      }
      groups.push({ rows: chunks[0]?.rows ?? 0, chunks });
      regions.push({ offset: sealed.end, length: end - sealed.end, crc });
    }
    const rows = groups.reduce((sum, group) => sum + group.rows, 0);
    const said = new Map([...metadata, ['rows', String(rows)]]);
    const footer = encodeFooter({ fields, groups, regions, metadata: said });
    writeAll(this.fs, file, footer, end);
    yield;
    this.fs.sync(file);
    return { bytes: end + footer.length, rows };
  }

  private verify(path: string, expected: PublishFacts): FileFacts {
    const footer = readFooter(this.fs, path);
    const rows = footer.groups.reduce((sum, group) => sum + group.rows, 0);
    const written = this.fs.stat(path);
    if (rows === expected.rows && written?.size === expected.bytes) return written;
    throw new ExpmanError(
      'CORRUPT',
      `${path} has ${rows} rows in ${written?.size} bytes, ${expected.rows} in ${expected.bytes} were written`,
      { path },
    );
  }

  /** The draft is `metrics.parquet` now and holds all sealed bytes up to `end`. */
  private published(draft: Extent, end: number, written: FileFacts): void {
    for (const { path, published } of this.extents)
      if (!published && path !== draft.path && !this.isLater(path, end)) attempt(() => this.fs.remove(path));
    const later = this.extents.filter(({ from, path }) => from >= end && path !== draft.path);
    this.becomes(end, later, written);
  }

  /** The published file is another one now, with all sealed bytes up to `end`. */
  private becomes(end: number, later: readonly Extent[], facts: FileFacts | null): void {
    this.extents = [{ from: 0, to: end, path: this.path, published: true, failed: false }, ...later];
    this.latest = { inode: facts?.inode ?? NO_INODE, bytes: facts?.size ?? 0 };
    // Without sealed groups nothing is ever read back: a thousand small runs need no descriptors for it.
    if (end > MAGIC.length) this.files.adopt(this.path, this.latest.inode);
  }

  private isLater(path: string, end: number): boolean {
    return this.extents.some((extent) => extent.path === path && extent.from >= end);
  }

  private readSealed(into: Uint8Array, offset: number): void {
    for (let done = 0; done < into.length;) {
      const at = offset + done;
      const extent = this.extents.find(({ from, to }) => at >= from && at < to);
      if (extent === undefined)
        throw new ExpmanError('CORRUPT', `no sealed bytes at ${at} of ${this.sealedEnd}`, {
          path: this.folder,
        });
      const part = into.subarray(done, Math.min(into.length, extent.to - offset));
      this.readExtent(extent, part, at);
      done += part.length;
    }
  }

  private readExtent({ path, published }: Extent, into: Uint8Array, at: number): void {
    if (published) {
      readAll(this.fs, this.files.get(path), into, at, path);
      return;
    }
    const file = this.fs.open(path, 'read');
    try {
      readAll(this.fs, file, into, at, path);
    } finally {
      this.fs.close(file);
    }
  }
}

interface Sealed {
  readonly end: number;
  readonly groups: readonly RowGroup[];
  readonly regions: readonly Region[];
}

function encode(column: Column, place: number, compress: boolean): EncodedChunk {
  // The first two columns are step and timestamp: sequences, which deltas make small.
  return encodeChunk(column, { delta: place < 2, compress });
}
