import { versionRef } from '../../model/artifact-ref.js';
import type { ArtifactFile, ArtifactManifest, ArtifactRun } from '../../model/artifact-manifest.js';
import { ExpmanError } from '../../model/errors.js';
import { resolvePath } from '../../model/option-rules.js';
import { quoted } from '../../model/printable.js';
import { mostInMemory } from '../most-in-memory.js';
import type { ArtifactFs } from './artifact-fs.js';
import { BlobFolder, type Content, measured } from './blob-folder.js';
import { type CheckedOut, checkOut } from './check-out.js';
import { ArtifactLayout } from './layout.js';

/** A version in plain form, for another thread. */
export interface PlainVersion {
  readonly base: string;
  readonly version: number;
  readonly manifest: ArtifactManifest;
  readonly aliases: readonly string[];
}

/**
 * A version of an artifact: its facts, and the way to its content, which is checked against its
 * checksum whenever it is taken out.
 */
export class ArtifactVersion implements ArtifactManifest {
  readonly name: string;
  readonly type: string;
  readonly createdAt: string;
  readonly createdBy: ArtifactRun;
  readonly digest: string;
  readonly bytes: number;
  readonly files: readonly ArtifactFile[];
  readonly #base: string;
  readonly #blobs: BlobFolder;
  readonly #fs: ArtifactFs;

  /** @hidden */
  constructor(
    fs: ArtifactFs,
    layout: ArtifactLayout,
    /** The number of the version; the first is 1. */
    readonly version: number,
    manifest: ArtifactManifest,
    /** The aliases that it held when it was read, `latest` included. */
    readonly aliases: readonly string[],
  ) {
    this.name = manifest.name;
    this.type = manifest.type;
    this.createdAt = manifest.createdAt;
    this.createdBy = manifest.createdBy;
    this.digest = manifest.digest;
    this.bytes = manifest.bytes;
    this.files = manifest.files;
    this.#base = layout.base;
    this.#fs = fs;
    this.#blobs = new BlobFolder(fs, layout, new Set());
  }

  /** @hidden The plain form, for another thread. */
  toPlain(): PlainVersion {
    const { name, type, createdAt, createdBy, digest, bytes, files, version, aliases } = this;
    const manifest = { name, type, createdAt, createdBy, aliases: [], digest, bytes, files };
    return { base: this.#base, version, manifest, aliases };
  }

  /** @hidden The version of a plain form. */
  static from(fs: ArtifactFs, { base, version, manifest, aliases }: PlainVersion): ArtifactVersion {
    return new ArtifactVersion(fs, new ArtifactLayout(base), version, manifest, aliases);
  }

  /** Name and version: `model:v3`. */
  get ref(): string {
    return versionRef(this.name, this.version);
  }

  /**
   * Reads the content of a file.
   *
   * @throws {@link ExpmanError} `ARTIFACT_NOT_FOUND` if the version has no such file, or only a
   * reference to it; `CORRUPT` if the content does not match its checksum or is missing;
   * `INVALID_VALUE` if it is too large for memory; `IO`
   * @example
   * const weights = JSON.parse(Buffer.from(await model.read('weights.json')).toString());
   */
  async read(path: string): Promise<Uint8Array> {
    const content = this.#contentOf(path);
    if (content.bytes > mostInMemory())
      throw new ExpmanError(
        'INVALID_VALUE',
        `${this.ref}: ${quoted(path)} has ${content.bytes} bytes, more than fit in memory; use path() or checkout()`,
        { value: path },
      );
    const parts: Buffer[] = [];
    for await (const part of this.#blobs.read(content, this.#named(path))) parts.push(Buffer.from(part));
    return Buffer.concat(parts);
  }

  /**
   * Checks the content of a file, and returns the path at which it is kept, under its checksum. For
   * large files that are to be read in place; the file is read-only, and shared by all versions
   * that have it.
   *
   * @throws as {@link read}
   */
  async path(path: string): Promise<string> {
    const content = this.#contentOf(path);
    await measured(this.#blobs.read(content, this.#named(path)));
    const found = await this.#blobs.find(content);
    if (found === null)
      throw new ExpmanError('CORRUPT', `the content of ${this.#named(path)} is missing`, { value: path });
    return found;
  }

  /**
   * Writes all files into a folder, which is made if it is missing; resolves with what was written,
   * and the references, which are never fetched.
   *
   * Each file appears complete or not at all. A file that is there with the same content stays; one
   * with another content is never replaced. No link is followed below the folder.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION` if a file is there with another content,
   * `INVALID_NAME` for a link in the place of a folder, `CORRUPT`, `IO`
   * @example
   * const { files } = await dataset.checkout('./data');
   */
  async checkout(dir: string): Promise<CheckedOut> {
    const target = resolvePath('dir', dir);
    return checkOut(this.#fs, target, this.files, {
      ref: this.ref,
      read: (content, path) => this.#blobs.read(content, this.#named(path)),
    });
  }

  #contentOf(path: string): Content {
    const file = this.files.find((each) => each.path === path);
    if (file === undefined)
      throw new ExpmanError(
        'ARTIFACT_NOT_FOUND',
        `${this.ref} has no file ${quoted(path)}; it has ${listed(this.files)}`,
        { value: path },
      );
    const { bytes, sha256, url } = file;
    if (url !== null || bytes === null)
      throw new ExpmanError(
        'ARTIFACT_NOT_FOUND',
        `${this.ref}: ${quoted(path)} is a reference to ${url ?? 'a place'}; its content is not kept here. Fetch it, and compare its SHA-256 with ${sha256}`,
        { value: path },
      );
    return { bytes, sha256 };
  }

  #named(path: string): string {
    return `${this.ref}: ${quoted(path)}`;
  }
}

/** @bound tells: the message says how many more; specs/engine/artifact-versions.spec.ts "names the files it has" */
const SHOWN = 5;

function listed(files: readonly ArtifactFile[]): string {
  const names = files.slice(0, SHOWN).map(({ path }) => quoted(path));
  return `${names.join(', ')}${files.length > SHOWN ? ` and ${files.length - SHOWN} more` : ''}`;
}
