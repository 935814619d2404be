import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Column, ColumnField } from '../columnar/column.js';
import type { RowGroupBatches } from '../columnar/row-group.js';
import { concatColumns } from '../columnar/concat.js';
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
import { type Stretch, endOf, firstFree, tailsToKeep } from './file-layout.js';
import { readFooter } from './metrics-footer.js';
import { readAll } from './read-all.js';
import { writeAll } from './write-all.js';

/** The name of a run's published rows. */
export const METRICS_NAME = 'metrics.parquet';
/** The name of what was sampled of the machine while the run was open. */
export const SYSTEM_NAME = 'system.parquet';
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
  /** Nothing will follow: earlier tails are left out. */
  readonly final: boolean;
  /** Asked right before the rename; false when another owner has taken the run over. */
  readonly mayReplace: () => boolean;
}

/** What a publish did. */
export interface PublishFacts {
  readonly bytes: number;
  /** Rows in the file, rows of the same step merged. */
  readonly rows: number;
}

/** A file that holds sealed bytes. */
interface Holder {
  readonly path: string;
  /** A draft whose publish failed is only read from: it may be longer than what is good of it, or not syncable. */
  failed: boolean;
}

/** Sealed bytes and the file they are in. */
interface SealedRegion extends Region {
  holder: Holder;
}

/** What a publish found when it began; groups are sealed meanwhile. */
interface Sealed {
  readonly groups: readonly SealedGroup[];
  readonly regions: readonly SealedRegion[];
}

/** A sealed row group; a publish gives it chunks for the columns that have come or changed since. */
interface SealedGroup {
  readonly rows: number;
  chunks: readonly PlacedChunk[];
}

/**
 * `metrics.parquet`, or another file of rows, and its next version.
 *
 * Sealed row groups stay where they are in the file: a sealed group is encoded once and written once to the draft of
 * the next version. A publish copies what the draft lacks from the published file, adds the tail group and a footer,
 * and renames. The last tails stay where they were, too: DuckDB opens a file once for the footer and once more for each
 * thread that scans, and what an earlier footer names must be there in the file that has replaced its own since.
 *
 * The published file is held open where it has sealed groups: somebody may delete or replace it by hand. Every method
 * that takes long is a generator that yields whenever other work may run.
 */
export class MetricsFile {
  private groups: SealedGroup[] = [];
  private regions: SealedRegion[] = [];
  private drafts: Holder[] = [];
  private readonly published: Holder;
  /** The draft that is becoming the published file. */
  private publishing: Holder | null = null;
  /** The tails that the published file holds, its own the last. */
  private tails: Region[] = [];
  /** Bytes of the published file that no row of its own needs. */
  private spare = 0;
  /** Where the publish that goes on writes its tail. */
  private reserved: Stretch[] = [];
  /** The file that was published last; null before. */
  private latest: { readonly inode: number; readonly bytes: number } | null = null;

  constructor(
    private readonly fs: FsPort,
    private readonly folder: string,
    private readonly files = new DescriptorCache(fs),
    private readonly name = METRICS_NAME,
  ) {
    this.published = { path: join(folder, name), failed: false };
  }

  /** Goes on from a published file: its groups count as sealed. */
  continueFrom(groups: readonly RowGroup[], regions: readonly Region[]): void {
    this.groups.push(...groups.map((group) => ({ ...group })));
    for (const region of regions)
      if (holdsChunkOf(groups, region)) this.regions.push({ ...region, holder: this.published });
      // An earlier tail.
      else this.spare += region.length;
    this.becomes(this.fs.stat(this.published.path));
  }

  /** False when somebody has deleted or replaced what was published last, or cut it off. */
  get isInPlace(): boolean {
    if (this.latest === null) return true;
    const facts = this.fs.stat(this.published.path);
    return facts?.inode === this.latest.inode && facts.size === this.latest.bytes;
  }

  /** Whether a last publish would make the file an eighth smaller, or more. */
  get isLoose(): boolean {
    return this.spare > (this.latest?.bytes ?? 0) / 8;
  }

  /** Encodes a full group and writes it to the draft; it will only be copied from then on. */
  seal(columns: Iterable<Column>, compress: boolean): void {
    this.groups.push(this.sealed(columns, compress));
  }

  /** How many groups are sealed. */
  get sealedGroups(): number {
    return this.groups.length;
  }

  /** The columns of a sealed group, values as each field's type. */
  read(index: number, fields: readonly ColumnField[]): Column[] {
    const { rows, chunks } = this.groups[index] ?? { rows: 0, chunks: [] };
    return fields.map(({ type }, place) => {
      const chunk = chunks[place];
      if (chunk === undefined) return concatColumns(type, [{ type: null, length: rows }]);
      const bytes = new Uint8Array(chunk.length);
      this.readSealed(bytes, chunk.offset);
      return widenColumn(decodeChunk(bytes, chunk), type);
    });
  }

  /** Takes the last sealed group back: its rows are no longer in the file unless they are sealed or published again. */
  reopenLast(fields: readonly ColumnField[]): Column[] {
    const columns = this.read(this.groups.length - 1, fields);
    this.groups.pop();
    this.releaseRegions();
    return columns;
  }

  /**
   * Replaces the rows of sealed groups: `rewrite` is given each group's number and says its new columns, none for a group
   * that goes, null for one that stays as it is. Nothing changes unless all of it can be written.
   */
  *rewrite(
    rewrite: (index: number) => readonly Column[] | null,
    compress: boolean,
  ): Generator<void> {
    const groups: SealedGroup[] = [];
    for (const [index, group] of this.groups.entries()) {
      const columns = rewrite(index);
      if (columns === null) groups.push(group);
      else if ((columns[0]?.length ?? 0) > 0) groups.push(this.sealed(columns, compress));
      yield;
    }
    this.groups = groups;
    this.releaseRegions();
  }

  private sealed(columns: Iterable<Column>, compress: boolean): SealedGroup {
    const chunks: EncodedChunk[] = [];
    for (const column of columns) chunks.push(encode(column, chunks.length, compress));
    return { rows: chunks[0]?.facts.rows ?? 0, chunks: this.append(chunks) };
  }

  /** Forgets sealed bytes that no group needs any more; while a publish goes on, nothing may be forgotten. */
  private releaseRegions(): void {
    this.regions = this.regions.filter((region) => {
      if (holdsChunkOf(this.groups, region)) return true;
      // Who has the published file's footer still reads them; a draft that holds them must not become the file.
      if (region.holder === this.published) {
        this.tails.push(region);
        this.spare += region.length;
      } else region.holder.failed = true;
      return false;
    });
  }

  /** Replaces `metrics.parquet` by a complete newer one; on failure the old one stays and nothing sealed is lost. */
  *publish(publication: Publication): Generator<void, PublishFacts> {
    // A group that is sealed meanwhile is in the tail of this publish.
    const count = this.groups.length;
    yield* this.reconcile(publication.fields, count);
    const draft = this.draft();
    this.publishing = draft;
    try {
      const sealed = { groups: this.groups.slice(0, count), regions: [...this.regions] };
      const file = this.fs.open(draft.path, 'update');
      let facts: PublishFacts;
      let tails: Region[];
      let spare: number;
      try {
        yield* this.copySealed(file, draft, sealed.regions);
        tails = publication.final ? [] : yield* this.copyTails(file);
        spare = tails.reduce((sum, { length }) => sum + length, 0);
        facts = yield* this.finish(file, sealed, tails, publication);
      } finally {
        this.fs.close(file);
      }
      const written = this.verify(draft.path, facts);
      if (!publication.mayReplace())
        throw new ExpmanError('FENCED', `another owner has taken over ${this.folder}`, { path: this.folder });
      // Windows replaces no file that is open.
      this.files.close(this.published.path);
      this.fs.rename(draft.path, this.published.path);
      // The draft has no other name any more, whether that is on the device or not.
      for (const region of sealed.regions) region.holder = this.published;
      this.drafts = this.drafts.filter((other) => other !== draft);
      this.tails = tails;
      this.spare = spare;
      this.removeDrafts();
      this.becomes(written);
      this.fs.syncFolder(this.folder);
      return facts;
    } catch (error) {
      this.fails(draft);
      throw error;
    } finally {
      this.publishing = null;
      this.reserved = [];
    }
  }

  /** Closes what is held open. */
  leave(): void {
    this.files.release(this.published.path);
  }

  /**
   * Gives each of the first `count` sealed groups a chunk of the present type for every field: a few bytes of nulls for a metric that
   * came later, the values encoded anew for one whose type widened.
   */
  private *reconcile(fields: readonly ColumnField[], count: number): Generator<void> {
    for (const group of this.groups.slice(0, count)) {
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
      group.chunks = chunks;
      yield;
    }
  }

  private widen(chunk: PlacedChunk, field: ColumnField, place: number): EncodedChunk {
    if (chunk.nullCount === chunk.rows) return encodeNullChunk(field.type, chunk.rows);
    const bytes = new Uint8Array(chunk.length);
    this.readSealed(bytes, chunk.offset);
    return encode(widenColumn(decodeChunk(bytes, chunk), field.type), place, chunk.codec !== 'UNCOMPRESSED');
  }

  /** Writes chunks where nothing lies, as one region with a checksum. */
  private append(chunks: readonly EncodedChunk[]): PlacedChunk[] {
    const bytes = Buffer.concat(chunks.map((chunk) => chunk.bytes));
    const offset = this.place(bytes.length);
    const holder = this.draft();
    const file = this.fs.open(holder.path, 'update');
    try {
      writeAll(this.fs, file, bytes, offset);
    } catch (error) {
      // What came of it is in no region.
      this.fails(holder);
      throw error;
    } finally {
      this.fs.close(file);
    }
    this.regions.push({ offset, length: bytes.length, crc: crc32(bytes), holder });
    return placedAt(offset, chunks);
  }

  /** An offset for so many bytes that no footer of the last versions calls its own. */
  private place(length: number): number {
    return firstFree([...this.regions, ...tailsToKeep(this.tails), ...this.reserved], length);
  }

  /** The file that takes new sealed bytes: the newest draft, unless it is being published. */
  private draft(): Holder {
    const newest = this.drafts.at(-1);
    if (newest !== undefined && !newest.failed && newest !== this.publishing) return newest;
    const path = join(this.folder, tempName(this.name));
    const file = this.fs.open(path, 'create');
    try {
      writeAll(this.fs, file, MAGIC, 0);
    } catch (error) {
      attempt(() => this.fs.remove(path));
      throw error;
    } finally {
      this.fs.close(file);
    }
    const draft: Holder = { path, failed: false };
    this.drafts.push(draft);
    return draft;
  }

  private *copySealed(file: number, draft: Holder, regions: readonly SealedRegion[]): Generator<void> {
    let unsynced = 0;
    for (const { offset, length, holder } of regions) {
      if (holder === draft) continue;
      const slice = new Uint8Array(Math.min(COPY_BYTES, length));
      for (let done = 0; done < length; done += slice.length) {
        const part = slice.subarray(0, Math.min(slice.length, length - done));
        this.readHolder(holder, part, offset + done);
        writeAll(this.fs, file, part, offset + done);
        unsynced += part.length;
        // Synced as it goes, so that the last sync does not hold the thread for the whole file.
        if (unsynced >= SYNC_EVERY_BYTES) {
          this.fs.syncData(file);
          unsynced = 0;
        }
        yield;
      }
    }
  }

  /** Copies the last tails to where they were, and returns them; those that cannot be read are no loss. */
  private *copyTails(into: number): Generator<void, Region[]> {
    const copied: Region[] = [];
    for (const tail of tailsToKeep(this.tails)) {
      const bytes = new Uint8Array(tail.length);
      attempt(() => this.readTail(tail, bytes));
      if (crc32(bytes) !== tail.crc) continue;
      writeAll(this.fs, into, bytes, tail.offset);
      copied.push(tail);
      yield;
    }
    return copied;
  }

  private readTail({ offset }: Region, into: Uint8Array): void {
    const { path } = this.published;
    const file = this.fs.open(path, 'read');
    try {
      readAll(this.fs, file, into, offset, path);
    } finally {
      this.fs.close(file);
    }
  }

  /** Writes tail and footer; the tail joins `tails`. */
  private *finish(
    file: number,
    sealed: Sealed,
    tails: Region[],
    { fields, tail, metadata, compress }: Publication,
  ): Generator<void, PublishFacts> {
    const groups = [...sealed.groups];
    if (tail.rows > 0) {
      const chunks: EncodedChunk[] = [];
      for (const column of tail.columns(fields)) {
        chunks.push(encode(column, chunks.length, compress));
        if ((chunks.length & 15) === 0) yield;
      }
      const length = chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
      const offset = firstFree([...this.regions, ...tails], length);
      // Groups are sealed meanwhile, and must lie elsewhere.
      this.reserved = [...tails, { offset, length }];
      const placed = placedAt(offset, chunks);
      let crc = 0;
      for (const [place, { bytes }] of chunks.entries()) {
        writeAll(this.fs, file, bytes, placed[place]?.offset ?? NaN);
        crc = crc32(bytes, crc);
        if ((place & 15) === 15) yield;
      }
      tails.push({ offset, length, crc });
      groups.push({ rows: chunks[0]?.facts.rows ?? 0, chunks: placed });
    }
    const rows = groups.reduce((sum, group) => sum + group.rows, 0);
    const said = new Map([...metadata, ['rows', String(rows)]]);
    const regions = [...sealed.regions, ...tails];
    const footer = encodeFooter({ fields, groups, regions, metadata: said });
    const end = endOf(regions);
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

  private fails(draft: Holder): void {
    draft.failed = true;
    if (draft === this.publishing) this.publishing = null;
    this.removeDrafts();
  }

  /** Removes the drafts of which nothing is needed. */
  private removeDrafts(): void {
    const needed = new Set([this.publishing, ...this.regions.map(({ holder }) => holder)]);
    for (const draft of this.drafts) if (!needed.has(draft)) attempt(() => this.fs.remove(draft.path));
    this.drafts = this.drafts.filter((draft) => needed.has(draft));
  }

  /** The published file is another one now. */
  private becomes(facts: FileFacts | null): void {
    this.latest = { inode: facts?.inode ?? NO_INODE, bytes: facts?.size ?? 0 };
    // Without sealed groups there is nothing that is in no other file: a thousand small runs need no descriptors for it.
    if (this.regions.some(({ holder }) => holder === this.published))
      this.files.adopt(this.published.path, this.latest.inode);
  }

  private readSealed(into: Uint8Array, offset: number): void {
    const region = this.regions.find((candidate) => isWithin(offset, candidate));
    if (region === undefined || offset + into.length > region.offset + region.length)
      throw new ExpmanError('CORRUPT', `${into.length} bytes at ${offset} are in no sealed region`, {
        path: this.folder,
      });
    this.readHolder(region.holder, into, offset);
  }

  private readHolder(holder: Holder, into: Uint8Array, at: number): void {
    if (holder === this.published) {
      readAll(this.fs, this.files.get(holder.path), into, at, holder.path);
      return;
    }
    const file = this.fs.open(holder.path, 'read');
    try {
      readAll(this.fs, file, into, at, holder.path);
    } finally {
      this.fs.close(file);
    }
  }
}

const holdsChunkOf = (groups: readonly RowGroup[], region: Stretch): boolean =>
  groups.some(({ chunks }) => chunks.some(({ offset }) => isWithin(offset, region)));

function isWithin(offset: number, region: Stretch): boolean {
  return offset >= region.offset && offset < region.offset + region.length;
}

/** The facts of chunks that lie one behind the other. */
function placedAt(offset: number, chunks: readonly EncodedChunk[]): PlacedChunk[] {
  let at = offset;
  return chunks.map(({ bytes: { length }, facts }) => {
    const placed = { ...facts, offset: at };
    at += length;
    return placed;
  });
}

function encode(column: Column, place: number, compress: boolean): EncodedChunk {
  // The first two columns are step and timestamp: sequences, which deltas make small.
  return encodeChunk(column, { delta: place < 2, compress });
}
