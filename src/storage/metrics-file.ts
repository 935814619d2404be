import type { Column, ColumnField } from '../columnar/column.js';
import type { Compression } from '../model/experiment-options.js';
import { type ChunkReader, readColumn } from './chunk-reader.js';
import type { FileFacts, FsPort } from './fs-port.js';
import {
  type EncodedChunk,
  type PlacedChunk,
  type Region,
  type RowGroup,
  encodeNullChunk,
} from './parquet/index.js';
import { DescriptorCache } from './descriptor-cache.js';
import { type Publication, type PublishFacts, encodeColumn, publishNext } from './next-version.js';
import { SealedRegions } from './sealed-regions.js';

/** The name of a run's published rows. */
export const METRICS_NAME = 'metrics.parquet';
/** The name of the file of machine samples taken while the run was open. */
export const SYSTEM_NAME = 'system.parquet';
const NO_INODE = -1;

/**
 * `metrics.parquet`, or another file of rows, and its next version.
 *
 * Sealed row groups stay where they are in the file: a sealed group is encoded once and written
 * once to the draft of the next version. A publish copies the missing parts from the published file
 * to the draft, adds the tail group and a footer, and renames. The last tails keep their offsets,
 * too: DuckDB opens a file once for the footer and once more for each thread that scans, so the
 * bytes that an earlier footer names must also be in the file that has replaced it since.
 *
 * The published file is held open while it has sealed groups, because a user may delete or replace
 * it by hand. Every long-running method is a generator that yields whenever other work may run.
 */
export class MetricsFile {
  private groups: RowGroup[] = [];
  private readonly sealed: SealedRegions;
  private readonly readSealed: ChunkReader = ({ offset, length }) => {
    const bytes = new Uint8Array(length);
    this.sealed.read(bytes, offset);
    return bytes;
  };
  /** Bytes of the published file that its rows do not need. */
  private spare = 0;
  /** The file published last; null before the first publish. */
  private latest: { readonly inode: number; readonly bytes: number } | null = null;

  constructor(
    private readonly fs: FsPort,
    private readonly folder: string,
    private readonly files = new DescriptorCache(fs),
    name = METRICS_NAME,
  ) {
    this.sealed = new SealedRegions(fs, folder, files, name);
  }

  /** Continues from a published file: its groups count as sealed. */
  continueFrom(groups: readonly RowGroup[], regions: readonly Region[]): void {
    this.groups.push(...groups);
    this.spare += this.sealed.adopt(regions, groups);
    this.recordVersion(this.fs.stat(this.sealed.published.path));
  }

  /** False when the file published last has been deleted, replaced or truncated by someone else. */
  get isInPlace(): boolean {
    if (this.latest === null) return true;
    const facts = this.fs.stat(this.sealed.published.path);
    return facts?.inode === this.latest.inode && facts.size === this.latest.bytes;
  }

  /** True if a final publish would make the file smaller by an eighth or more. */
  get isLoose(): boolean {
    return this.spare > (this.latest?.bytes ?? 0) / 8;
  }

  /** Encodes a full group and writes it to the draft; after that, it is only copied. */
  seal(columns: Iterable<Column>, compression: Compression): void {
    this.groups.push(this.encoded(columns, compression));
  }

  /** The number of sealed groups. */
  get sealedGroups(): number {
    return this.groups.length;
  }

  /** Reads the columns of a sealed group, with values of each field's type. */
  read(index: number, fields: readonly ColumnField[]): Column[] {
    const { rows, chunks } = this.groups[index] ?? { rows: 0, chunks: [] };
    return fields.map(({ type }, place) => readColumn(this.readSealed, chunks[place], type, rows));
  }

  /**
   * Reopens the last sealed group: its rows leave the file unless they are sealed or published
   * again.
   */
  reopenLast(fields: readonly ColumnField[]): Column[] {
    const columns = this.read(this.groups.length - 1, fields);
    this.groups.pop();
    this.spare += this.sealed.release(this.groups);
    return columns;
  }

  /**
   * Replaces the rows of sealed groups: `rewrite` takes a group's number and returns its new
   * columns, no columns to remove the group, or null to keep it. Nothing changes unless everything
   * can be written.
   */
  *rewrite(rewrite: (index: number) => readonly Column[] | null, compression: Compression): Generator<void> {
    const groups: RowGroup[] = [];
    for (const [index, group] of this.groups.entries()) {
      const columns = rewrite(index);
      if (columns === null) groups.push(group);
      else if ((columns[0]?.length ?? 0) > 0) groups.push(this.encoded(columns, compression));
      yield;
    }
    this.groups = groups;
    this.spare += this.sealed.release(this.groups);
  }

  private encoded(columns: Iterable<Column>, compression: Compression): RowGroup {
    const chunks: EncodedChunk[] = [];
    for (const column of columns) chunks.push(encodeColumn(column, chunks.length, compression));
    return { rows: chunks[0]?.facts.rows ?? 0, chunks: this.sealed.append(chunks) };
  }

  /**
   * Replaces `metrics.parquet` with a complete newer one; on failure the old one stays and nothing
   * sealed is lost.
   */
  *publish(publication: Publication): Generator<void, PublishFacts> {
    // A group sealed in the meantime is in the tail of this publish.
    const count = this.groups.length;
    yield* this.reconcile(publication.fields, count);
    const { fs, folder, files, sealed } = this;
    const groups = this.groups.slice(0, count);
    return yield* publishNext({ fs, folder, files, sealed, groups }, publication, (written, spare) => {
      this.spare = spare;
      this.recordVersion(written);
    });
  }

  /** Closes the published file if it is held open. */
  leave(): void {
    this.files.release(this.sealed.published.path);
  }

  /**
   * Gives each of the first `count` sealed groups a chunk of the current type for every field: a
   * few bytes of nulls for a metric that was added later, the values encoded again for one whose
   * type was widened.
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
      const placed = this.sealed.append(added.map(({ chunk }) => chunk));
      added.forEach(({ place }, at) => {
        const chunk = placed[at];
        if (chunk !== undefined) chunks[place] = chunk;
      });
      // A new object: the footer encoder caches its result by object.
      this.groups[this.groups.indexOf(group)] = { rows: group.rows, chunks };
      yield;
    }
  }

  private widen(chunk: PlacedChunk, field: ColumnField, place: number): EncodedChunk {
    if (chunk.nullCount === chunk.rows) return encodeNullChunk(field.type, chunk.rows);
    const column = readColumn(this.readSealed, chunk, field.type, chunk.rows);
    return encodeColumn(column, place, chunk.codec === 'UNCOMPRESSED' ? 'none' : 'snappy');
  }

  /** Records that the published file was replaced. */
  private recordVersion(facts: FileFacts | null): void {
    this.latest = { inode: facts?.inode ?? NO_INODE, bytes: facts?.size ?? 0 };
    // Without sealed groups, the file holds nothing that could be lost: a thousand small runs need
    // no descriptors for it.
    if (this.sealed.areInPublished) this.files.adopt(this.sealed.published.path, this.latest.inode);
  }
}
