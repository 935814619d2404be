import { join } from 'node:path';
import { isNameLike, versionIn } from '../../model/artifact-ref.js';
import { isSha256 } from '../../model/stored-values.js';

/**
 * The folder of all artifacts below a folder of experiments; no experiment can have its name, which
 * begins with a dot.
 */
export const ARTIFACTS_HOME = '.artifacts';

const VERSION_FILE = /^(v[1-9]\d{0,14})\.json$/;
const ALIASES_FILE = /^aliases-([1-9]\d{0,14})\.json$/;

/** The paths of the artifacts below a folder of experiments. */
export class ArtifactLayout {
  /** The folder that holds everything. */
  readonly home: string;
  /** The folder that has a folder for each artifact. */
  readonly names: string;
  /** The folder of contents, by the first two digits of their checksums. */
  readonly blobs: string;

  constructor(
    /** The folder of experiments. */
    readonly base: string,
  ) {
    this.home = join(base, ARTIFACTS_HOME);
    this.names = join(this.home, 'names');
    this.blobs = join(this.home, 'blobs', 'sha256');
  }

  /** The folder of an artifact's versions and aliases. */
  folderOf(name: string): string {
    return join(this.names, name);
  }

  /** The manifest of a version. */
  versionFile(name: string, version: number): string {
    return join(this.folderOf(name), `v${version}.json`);
  }

  /** A statement of an artifact's aliases. */
  aliasesFile(name: string, sequence: number): string {
    return join(this.folderOf(name), `aliases-${sequence}.json`);
  }

  /** The folder of the contents whose checksums begin like this one. */
  blobFolder(sha256: string): string {
    // @bound loses nothing: the file in it has all digits as its name
    return join(this.blobs, sha256.slice(0, 2));
  }

  /** The content with a checksum. */
  blob(sha256: string): string {
    return join(this.blobFolder(sha256), sha256);
  }
}

/** The number in the name of a version's manifest; null for any other name. */
export function versionOfFile(file: string): number | null {
  const [, version] = VERSION_FILE.exec(file) ?? [];
  return version === undefined ? null : versionIn(version);
}

/** The number in the name of a statement of aliases; null for any other name. */
export function sequenceOfFile(file: string): number | null {
  const [, sequence] = ALIASES_FILE.exec(file) ?? [];
  return sequence === undefined ? null : Number(sequence);
}

/** Tells if a file name is that of a content. */
export const isBlobName = (file: string): boolean => isSha256(file);

/** Tells if a name can be that of an artifact's folder. */
export const isArtifactFolder = isNameLike;
