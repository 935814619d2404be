import { crc32 } from 'node:zlib';
import type { Column, ColumnField } from '../columnar/column.js';
import type { RowGroupBatches } from '../columnar/row-group.js';
import { ExpmanError } from '../model/errors.js';
import type { Compression } from '../model/experiment-options.js';
import type { DescriptorCache } from './descriptor-cache.js';
import { endOf, firstFree } from './file-layout.js';
import type { FileFacts, FsPort } from './fs-port.js';
import { readFooter } from './metrics-footer.js';
import { type EncodedChunk, type Region, type RowGroup, encodeChunk, encodeFooter } from './parquet/index.js';
import { type SealedRegion, type SealedRegions, placedAt } from './sealed-regions.js';
import { writeAll } from './write-all.js';

/** The contents of one publish. */
export interface Publication {
  readonly fields: readonly ColumnField[];
  /** The rows after the sealed groups; encoded for this publish only. */
  readonly tail: RowGroupBatches;
  readonly metadata: ReadonlyMap<string, string>;
  readonly compression: Compression;
  /** True if nothing will follow: earlier tails are left out. */
  readonly final: boolean;
  /** Called right before the rename; returns false if another owner has taken over the run. */
  readonly mayReplace: () => boolean;
}

/** The outcome of a publish. */
export interface PublishFacts {
  readonly bytes: number;
  /** Rows in the file, rows of the same step merged. */
  readonly rows: number;
}

/**
 * A file of rows at the moment its next version is started; more groups may be sealed while it is
 * written.
 */
export interface CurrentVersion {
  readonly fs: FsPort;
  readonly folder: string;
  readonly files: DescriptorCache;
  readonly sealed: SealedRegions;
  /** The sealed groups that the next version holds. */
  readonly groups: readonly RowGroup[];
}

/**
 * Writes the next version of a file of rows into a draft, reads its footer back, and renames it
 * over the published file.
 *
 * Yields whenever other work may run. On failure the published file stays, and nothing sealed is
 * lost.
 *
 * @param onReplaced - called when the draft has the name, before that is on the device: with the
 * facts of the new file, and the number of its bytes that are tails of earlier versions
 * @throws {@link ExpmanError} `FENCED` if another owner has taken over the run, `CORRUPT` if the
 * draft is not what was written
 */
export function* publishNext(
  { fs, folder, files, sealed, groups }: CurrentVersion,
  publication: Publication,
  onReplaced: (written: FileFacts, spare: number) => void,
): Generator<void, PublishFacts> {
  const draft = sealed.beginPublish();
  try {
    const regions = sealed.all;
    const file = fs.open(draft.path, 'update');
    let facts: PublishFacts;
    let tails: Region[];
    let spare: number;
    try {
      yield* sealed.copy(file, draft, regions);
      tails = publication.final ? [] : yield* sealed.copyTails(file);
      spare = tails.reduce((sum, { length }) => sum + length, 0);
      facts = yield* finish(fs, file, { sealed, groups, regions, tails }, publication);
    } finally {
      fs.close(file);
    }
    const written = verify(fs, draft.path, facts);
    if (!publication.mayReplace())
      throw new ExpmanError('FENCED', `another owner has taken over ${folder}`, { path: folder });
    const { path } = sealed.published;
    // Windows does not replace an open file.
    files.close(path);
    fs.rename(draft.path, path);
    sealed.endPublish(draft, regions, tails);
    onReplaced(written, spare);
    fs.syncFolder(folder);
    return facts;
  } catch (error) {
    sealed.fail(draft);
    throw error;
  } finally {
    sealed.leavePublish();
  }
}

/** The parts of the next version that are already in the draft. */
interface Copied {
  readonly sealed: SealedRegions;
  readonly groups: readonly RowGroup[];
  readonly regions: readonly SealedRegion[];
  /** The new tail is added to these. */
  readonly tails: Region[];
}

/** Writes tail and footer. */
function* finish(
  fs: FsPort,
  file: number,
  copied: Copied,
  { fields, tail, metadata, compression }: Publication,
): Generator<void, PublishFacts> {
  const { sealed, tails } = copied;
  const groups = [...copied.groups];
  if (tail.rows > 0) {
    const chunks: EncodedChunk[] = [];
    for (const column of tail.columns(fields)) {
      chunks.push(encodeColumn(column, chunks.length, compression));
      if ((chunks.length & 15) === 0) yield;
    }
    const length = chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const offset = firstFree([...sealed.all, ...tails], length);
    // Groups are sealed in the meantime, and must be placed elsewhere.
    sealed.reserved = [...tails, { offset, length }];
    const placed = placedAt(offset, chunks);
    let crc = 0;
    for (const [place, { bytes }] of chunks.entries()) {
      writeAll(fs, file, bytes, placed[place]?.offset ?? NaN);
      crc = crc32(bytes, crc);
      if ((place & 15) === 15) yield;
    }
    tails.push({ offset, length, crc });
    groups.push({ rows: chunks[0]?.facts.rows ?? 0, chunks: placed });
  }
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  const said = new Map([...metadata, ['rows', String(rows)]]);
  const regions = [...copied.regions, ...tails];
  const footer = encodeFooter({ fields, groups, regions, metadata: said });
  const end = endOf(regions);
  writeAll(fs, file, footer, end);
  yield;
  fs.sync(file);
  return { bytes: end + footer.length, rows };
}

/**
 * Reads the footer of a draft back. @throws ExpmanError `CORRUPT` if it does not hold what was
 * written
 */
function verify(fs: FsPort, path: string, expected: PublishFacts): FileFacts {
  const footer = readFooter(fs, path);
  const rows = footer.groups.reduce((sum, group) => sum + group.rows, 0);
  const written = fs.stat(path);
  if (rows === expected.rows && written?.size === expected.bytes) return written;
  throw new ExpmanError(
    'CORRUPT',
    `${path} has ${rows} rows in ${written?.size} bytes, ${expected.rows} in ${expected.bytes} were written`,
    { path },
  );
}

/**
 * Encodes the column at a place of a row group; the first two are step and timestamp, sequences
 * that delta encoding makes small.
 */
export const encodeColumn = (column: Column, place: number, compression: Compression): EncodedChunk =>
  encodeChunk(column, { delta: place < 2, compression });
