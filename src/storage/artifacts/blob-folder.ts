import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { ArtifactFile } from '../../model/artifact-manifest.js';
import { errnoOf, ExpmanError } from '../../model/errors.js';
import { type Awaitable, quietly, tempName, writeWhole } from '../atomic-file.js';
import type { ArtifactFs } from './artifact-fs.js';
import { bytesOf, writeAt } from './file-bytes.js';
import { isFolderBelow, makeFoldersBelow, namesIn } from './folders.js';
import { ARTIFACTS_HOME, type ArtifactLayout } from './layout.js';

/** Bytes in pieces, each of which may be reused for the next. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A content and its size; a reference has neither. */
export type Content = Pick<ArtifactFile, 'sha256'> & { readonly bytes: number };

/** The beginning of the name of a content that is being removed. */
const ASIDE = 'removing-';

/**
 * The contents of all versions, each once, under its checksum. A content is never changed: it is
 * written beside its name, synced, and renamed.
 */
export class BlobFolder {
  constructor(
    private readonly fs: ArtifactFs,
    private readonly layout: ArtifactLayout,
    private readonly durable: Set<string>,
  ) {}

  /** Tells if a content is there, by its size. */
  async has({ sha256, bytes }: Content): Promise<boolean> {
    const facts = await this.fs.stat(this.layout.blob(sha256));
    return facts?.kind === 'file' && facts.size === bytes;
  }

  /**
   * Writes a content unless it is there; one of the wrong size is replaced.
   *
   * @throws ExpmanError `IO` if the pieces are not that content: it changed since it was hashed
   */
  async put(content: Content, chunks: () => Chunks, what: string): Promise<void> {
    if (await this.has(content)) return;
    const { sha256, bytes } = content;
    const path = this.layout.blob(sha256);
    await makeFoldersBelow(
      this.fs,
      this.layout.base,
      [ARTIFACTS_HOME, 'blobs', 'sha256', basename(dirname(path))],
      this.durable,
    );
    // It is read-only under its name: an edit in place would damage every version that has it.
    const temp = join(dirname(path), tempName(sha256));
    await writeWhole(this.fs, temp, 'create-read-only', async (file) => {
      const written = await copied(this.fs, file, chunks());
      if (written.bytes !== bytes || written.sha256 !== sha256)
        throw new ExpmanError('IO', `${what} changed while it was logged; log it again once it is complete`, {
          path: what,
        });
      return written;
    });
    try {
      await this.fs.rename(temp, path);
    } catch (error) {
      await quietly(() => this.fs.remove(temp));
      throw error;
    }
    await this.fs.syncFolder(dirname(path));
  }

  /**
   * Returns the path of a content, under its name, or where a removal that may be taken back has
   * put it; null if it is gone.
   */
  async find({ sha256 }: Pick<Content, 'sha256'>): Promise<string | null> {
    const path = this.layout.blob(sha256);
    if (!(await isFolderBelow(this.fs, this.layout.base, dirname(path)))) return null;
    if ((await this.fs.stat(path)) !== null) return path;
    const aside = (await namesIn(this.fs, this.layout.base, dirname(path))).find(
      (name) => asideOf(name) === sha256,
    );
    return aside === undefined ? null : join(dirname(path), aside);
  }

  /** Reads a content piece by piece, and checks it on the way. @throws as {@link checked} */
  async *read(content: Content, what: string): AsyncGenerator<Uint8Array, void> {
    const path = await this.find(content);
    if (path === null) throw damaged(what, this.layout.blob(content.sha256), 'is missing');
    yield* checked(bytesOf(this.fs, path), content, what, path);
  }

  /** Puts a content aside, under a name at which readers still find it; null if it is gone. */
  async setAside(sha256: string): Promise<string | null> {
    const path = this.layout.blob(sha256);
    const aside = join(dirname(path), tempName(`${ASIDE}${sha256}`));
    return (await unlessGone(() => this.fs.rename(path, aside))) ? aside : null;
  }

  /** Puts a content back that was put aside, unless another process has done so. */
  async restore(sha256: string, aside: string): Promise<void> {
    await unlessGone(() => this.fs.rename(aside, this.layout.blob(sha256)));
    await this.fs.syncFolder(dirname(aside));
  }

  /** Removes a content that was put aside; false if another process has done so. */
  removeAside(aside: string): Promise<boolean> {
    return unlessGone(() => this.fs.remove(aside));
  }
}

/** Tells if a call found its file. */
async function unlessGone(call: () => Awaitable<void>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The checksum of the content that a file name says was put aside; null for any other name. */
export function asideOf(name: string): string | null {
  const [, sha256] = /^\.removing-([0-9a-f]{64})\.[0-9a-f]{12}\.tmp$/.exec(name) ?? [];
  return sha256 ?? null;
}

/**
 * Passes the pieces of a content on, and fails after the last one if they are not that content.
 *
 * @throws ExpmanError `CORRUPT`
 */
async function* checked(
  chunks: AsyncIterable<Uint8Array>,
  { sha256, bytes }: Content,
  what: string,
  path: string,
): AsyncGenerator<Uint8Array, void> {
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    length += chunk.length;
    // One that grows must not fill the disk of the reader.
    if (length > bytes) break;
    yield chunk;
  }
  if (length !== bytes || hash.digest('hex') !== sha256)
    throw damaged(what, path, 'does not match its checksum');
}

/** Copies pieces to a file, and counts and hashes them. */
export async function copied(fs: ArtifactFs, file: number, chunks: Chunks): Promise<Content> {
  return measured(chunks, (chunk, at) => writeAt(fs, file, chunk, at));
}

/** Counts and hashes the bytes of pieces. */
export async function measured(
  chunks: Chunks,
  each: (chunk: Uint8Array, at: number) => Promise<void> | void = () => undefined,
): Promise<Content> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    await each(chunk, bytes);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

const damaged = (what: string, path: string, why: string): ExpmanError =>
  new ExpmanError('CORRUPT', `the content of ${what} ${why}: ${path}`, { path });
