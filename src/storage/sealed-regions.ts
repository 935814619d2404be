import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { attempt } from '../model/attempt.js';
import { ExpmanError } from '../model/errors.js';
import { tempName } from './atomic-file.js';
import type { DescriptorCache } from './descriptor-cache.js';
import { type Stretch, firstFree, tailsToKeep } from './file-layout.js';
import type { FsPort } from './fs-port.js';
import { type EncodedChunk, MAGIC, type PlacedChunk, type Region, type RowGroup } from './parquet/index.js';
import { readAll } from './read-all.js';
import { writeAll } from './write-all.js';

const COPY_BYTES = 2 * 1024 * 1024;
const SYNC_EVERY_BYTES = 4 * 1024 * 1024;

/** A file that holds sealed bytes. */
export interface Holder {
  readonly path: string;
  /**
   * Set for a draft whose publish failed: it is only read from, as it may have bad bytes at its end
   * or fail to sync.
   */
  failed: boolean;
}

/** Sealed bytes and the file they are in. */
export interface SealedRegion extends Region {
  holder: Holder;
}

/**
 * The sealed bytes of a file of rows, in the published file or in drafts of its next version.
 *
 * Bytes keep their offset from version to version.
 */
export class SealedRegions {
  readonly published: Holder;
  /** The tails in the published file; its own is the last. */
  tails: Region[] = [];
  /** The ranges reserved for the tail of the publish in progress. */
  reserved: Stretch[] = [];
  private regions: SealedRegion[] = [];
  private drafts: Holder[] = [];
  /** The draft that is becoming the published file. */
  private publishing: Holder | null = null;

  constructor(
    private readonly fs: FsPort,
    private readonly folder: string,
    private readonly files: DescriptorCache,
    private readonly name: string,
  ) {
    this.published = { path: join(folder, name), failed: false };
  }

  /** All regions as they are now. */
  get all(): readonly SealedRegion[] {
    return [...this.regions];
  }

  /** True if the published file holds at least one of them. */
  get areInPublished(): boolean {
    return this.regions.some(({ holder }) => holder === this.published);
  }

  /**
   * Adopts the regions of a published file that hold chunks of its groups; returns the total size
   * of the others.
   */
  adopt(regions: readonly Region[], groups: readonly RowGroup[]): number {
    let others = 0;
    for (const region of regions)
      if (holdsChunkOf(groups, region)) this.regions.push({ ...region, holder: this.published });
      // An earlier tail.
      else others += region.length;
    return others;
  }

  /** Writes chunks into free space, as one region with a checksum. */
  append(chunks: readonly EncodedChunk[]): PlacedChunk[] {
    const bytes = Buffer.concat(chunks.map((chunk) => chunk.bytes));
    const offset = this.place(bytes.length);
    const holder = this.draft();
    const file = this.fs.open(holder.path, 'update');
    try {
      writeAll(this.fs, file, bytes, offset);
    } catch (error) {
      // The bytes written so far are in no region.
      this.fail(holder);
      throw error;
    } finally {
      this.fs.close(file);
    }
    this.regions.push({ offset, length: bytes.length, crc: crc32(bytes), holder });
    return placedAt(offset, chunks);
  }

  /** Reads sealed bytes. @throws ExpmanError `CORRUPT` for bytes outside every region */
  read(into: Uint8Array, offset: number): void {
    const region = this.regions.find((candidate) => isWithin(offset, candidate));
    if (region === undefined || offset + into.length > region.offset + region.length)
      throw new ExpmanError('CORRUPT', `${into.length} bytes at ${offset} are in no sealed region`, {
        path: this.folder,
      });
    this.readFrom(region.holder, into, offset);
  }

  /**
   * Forgets the regions that no group needs, and returns the total size of those in the published
   * file, which readers of its footer still need. Must not be called during a publish.
   */
  release(groups: readonly RowGroup[]): number {
    let bytes = 0;
    this.regions = this.regions.filter((region) => {
      if (holdsChunkOf(groups, region)) return true;
      if (region.holder === this.published) {
        this.tails.push(region);
        bytes += region.length;
      } else region.holder.failed = true; // A draft with unused bytes must not become the file.
      return false;
    });
    return bytes;
  }

  /**
   * Returns the file for new sealed bytes: the newest draft, or a new one while the newest is being
   * published.
   */
  draft(): Holder {
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

  /** Marks the newest draft as being published. */
  beginPublish(): Holder {
    return (this.publishing = this.draft());
  }

  /**
   * Ends a publish whose draft was renamed to the published file, whether that is on the device yet
   * or not.
   */
  endPublish(draft: Holder, regions: readonly SealedRegion[], tails: Region[]): void {
    for (const region of regions) region.holder = this.published;
    this.drafts = this.drafts.filter((other) => other !== draft);
    this.tails = tails;
    this.removeDrafts();
  }

  /** Ends a publish, successful or not. */
  leavePublish(): void {
    this.publishing = null;
    this.reserved = [];
  }

  fail(draft: Holder): void {
    draft.failed = true;
    if (draft === this.publishing) this.publishing = null;
    this.removeDrafts();
  }

  /** Copies the regions that are in other files into a draft. */
  *copy(file: number, draft: Holder, regions: readonly SealedRegion[]): Generator<void> {
    let unsynced = 0;
    for (const { offset, length, holder } of regions) {
      if (holder === draft) continue;
      const slice = new Uint8Array(Math.min(COPY_BYTES, length));
      for (let done = 0; done < length; done += slice.length) {
        const part = slice.subarray(0, Math.min(slice.length, length - done));
        this.readFrom(holder, part, offset + done);
        writeAll(this.fs, file, part, offset + done);
        unsynced += part.length;
        // Synced along the way, so that the last sync does not block the thread for the whole file.
        if (unsynced >= SYNC_EVERY_BYTES) {
          this.fs.syncData(file);
          unsynced = 0;
        }
        yield;
      }
    }
  }

  /**
   * Copies the last tails to their old offsets and returns them; tails that cannot be read are
   * skipped without loss.
   */
  *copyTails(into: number): Generator<void, Region[]> {
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

  /** Finds an offset for `length` bytes that no footer of the last versions refers to. */
  private place(length: number): number {
    return firstFree([...this.regions, ...tailsToKeep(this.tails), ...this.reserved], length);
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

  /** Removes the drafts that are not needed. */
  private removeDrafts(): void {
    const needed = new Set([this.publishing, ...this.regions.map(({ holder }) => holder)]);
    for (const draft of this.drafts) if (!needed.has(draft)) attempt(() => this.fs.remove(draft.path));
    this.drafts = this.drafts.filter((draft) => needed.has(draft));
  }

  private readFrom(holder: Holder, into: Uint8Array, at: number): void {
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

/** Places chunks one after another, the first at `offset`. */
export function placedAt(offset: number, chunks: readonly EncodedChunk[]): PlacedChunk[] {
  let at = offset;
  return chunks.map(({ bytes: { length }, facts }) => {
    const placed = { ...facts, offset: at };
    at += length;
    return placed;
  });
}
