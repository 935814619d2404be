import { type ArtifactRef, versionRef } from '../../model/artifact-ref.js';
import { codeOf, ExpmanError, messageOf } from '../../model/errors.js';
import { type ArtifactStore, isKept } from './artifact-store.js';
import { measured } from './blob-folder.js';
import type { WholeVersion } from './version-log.js';

/** A part of an artifact that fails its check. */
export interface ArtifactProblem {
  /** The version, as `model:v3`, or the name of the artifact. */
  readonly ref: string;
  /** The file in the version; null for the version itself. */
  readonly file: string | null;
  readonly code: string;
  readonly message: string;
}

/** The result of a verification. */
export interface ArtifactVerification {
  /** The versions that were checked. */
  readonly versions: number;
  /** The bytes that were read; a content that several versions have is read once. */
  readonly checkedBytes: number;
  readonly problems: readonly ArtifactProblem[];
}

/**
 * Reads the contents of all versions, or of some, and compares them with their checksums; changes
 * nothing. References are not fetched.
 *
 * @throws ExpmanError `ARTIFACT_NOT_FOUND` for an artifact that does not exist
 */
export async function verifyArtifacts(
  store: ArtifactStore,
  which: { readonly name: string } | ArtifactRef | null,
): Promise<ArtifactVerification> {
  const verifying = new Verifying(store);
  if (which === null) for (const name of await store.versions.names()) await verifying.artifact(name);
  else if ('version' in which || 'alias' in which) await verifying.one(which);
  else await verifying.artifact(which.name, true);
  return verifying.result();
}

class Verifying {
  private readonly problems: ArtifactProblem[] = [];
  private versions = 0;
  private checkedBytes = 0;
  /** The failure of each content that was read; null for one that is intact. */
  private readonly contents = new Map<string, unknown>();

  constructor(private readonly store: ArtifactStore) {}

  result(): ArtifactVerification {
    const { versions, checkedBytes, problems } = this;
    return { versions, checkedBytes, problems };
  }

  async one(ref: ArtifactRef): Promise<void> {
    const { name, version } = await this.store.open(ref);
    const found = await this.store.versions.version(name, version);
    if (found.kind === 'whole') await this.version(name, found);
  }

  async artifact(name: string, mustExist = false): Promise<void> {
    try {
      const { versions, aliases } = await this.store.versions.state(name);
      if (versions.length === 0 && mustExist)
        throw new ExpmanError('ARTIFACT_NOT_FOUND', `there is no artifact ${name}`, { value: name });
      for (const found of versions)
        if (found.kind === 'whole') await this.version(name, found);
        else if (found.kind === 'damaged') this.report(versionRef(name, found.version), null, found.error);
      for (const [alias, version] of aliases)
        if (!versions.some((each) => each.version === version && each.kind !== 'pruned'))
          this.report(
            name,
            null,
            new ExpmanError('CORRUPT', `the alias ${alias} names v${version}, which is not there`),
          );
    } catch (error) {
      if (error instanceof ExpmanError && error.code === 'ARTIFACT_NOT_FOUND') throw error;
      this.report(name, null, error);
    }
  }

  private async version(name: string, { version, manifest }: WholeVersion): Promise<void> {
    this.versions++;
    for (const file of manifest.files) {
      if (!isKept(file)) continue;
      const { sha256, path } = file;
      if (!this.contents.has(sha256)) this.contents.set(sha256, await this.failureOf(file, path));
      const failure = this.contents.get(sha256);
      if (failure !== null) this.report(versionRef(name, version), path, failure);
    }
  }

  private async failureOf(
    content: { readonly sha256: string; readonly bytes: number },
    path: string,
  ): Promise<unknown> {
    try {
      this.checkedBytes += (await measured(this.store.blobs.read(content, path))).bytes;
      return null;
    } catch (error) {
      return error;
    }
  }

  private report(ref: string, file: string | null, error: unknown): void {
    this.problems.push({ ref, file, code: codeOf(error, 'IO'), message: messageOf(error) });
  }
}
