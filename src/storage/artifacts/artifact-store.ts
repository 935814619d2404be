import { dirname } from 'node:path';
import { type ArtifactRef, LATEST, versionRef } from '../../model/artifact-ref.js';
import {
  type ArtifactFile,
  type ArtifactManifest,
  type ArtifactRun,
  checkedFiles,
  keptBytes,
} from '../../model/artifact-manifest.js';
import { errnoOf, ExpmanError, messageOf } from '../../model/errors.js';
import { nearestWord } from '../../model/nearest-word.js';
import { quoted } from '../../model/printable.js';
import type { ArtifactFs } from './artifact-fs.js';
import { ArtifactVersion } from './artifact-version.js';
import { BlobFolder, type Chunks, type Content } from './blob-folder.js';
import { ArtifactLayout } from './layout.js';
import { digestOf, manifestBytes } from './manifest-file.js';
import {
  type ArtifactState,
  type LoggedVersion,
  VersionLog,
  type WholeVersion,
  unsure,
} from './version-log.js';

/** The type of an artifact whose first version was logged without one. */
const DEFAULT_TYPE = 'artifact';

/** A version to log. */
export interface NewVersion {
  readonly name: string;
  /** Undefined for the type that the artifact has already. */
  readonly type: string | undefined;
  readonly aliases: readonly string[];
  /** The files, in any order. */
  readonly files: readonly ArtifactFile[];
  readonly createdBy: ArtifactRun;
  /** Reads a content that is to be kept, from its beginning. */
  readonly contentOf: (file: ArtifactFile) => Chunks;
  /**
   * Records in the log of the run that it has logged a version; until the promise resolves, no prune
   * removes the version.
   */
  readonly recorded: (version: ArtifactVersion) => Promise<void>;
}

/**
 * The artifacts with versions below a folder of experiments. Takes no lock: any number of processes
 * may log at once, and be killed at any moment, and each version exists wholly or not at all.
 */
export class ArtifactStore {
  readonly layout: ArtifactLayout;
  readonly versions: VersionLog;
  readonly blobs: BlobFolder;

  constructor(
    readonly fs: ArtifactFs,
    baseDir: string,
  ) {
    const durable = new Set<string>();
    this.layout = new ArtifactLayout(baseDir);
    this.versions = new VersionLog(fs, this.layout, durable);
    this.blobs = new BlobFolder(fs, this.layout, durable);
  }

  /**
   * Logs a version; the same content again gives the version that has it. In either case the
   * aliases, and `latest`, name that version afterwards.
   *
   * First a draft of the manifest protects everything it names from a prune, then the contents are
   * written, then the draft becomes the version.
   *
   * @throws ExpmanError `INVALID_NAME`, `INVALID_OPTION` for a type that is not the artifact's,
   * `INVALID_VALUE`, `CORRUPT`, `IO`
   */
  async log(given: NewVersion): Promise<ArtifactVersion> {
    return this.telling(`the artifact ${given.name} cannot be logged`, async () => {
      const wanted = { ...given, files: checkedFiles(given.files) };
      await this.versions.open(wanted.name);
      for (;;) {
        const logged = await this.tryLog(wanted);
        if (logged !== null) return logged;
      }
    });
  }

  /**
   * Reads a version.
   *
   * @throws ExpmanError `ARTIFACT_NOT_FOUND` if there is no such artifact, version or alias, or the
   * version was pruned; `CORRUPT`, `UNSUPPORTED_VERSION`, `IO`
   */
  async open(ref: ArtifactRef): Promise<ArtifactVersion> {
    return this.telling(`the artifact ${ref.name} cannot be read`, async () => {
      const state = await this.versions.state(ref.name);
      if (state.versions.length === 0 && state.unsureBelow === 0) throw await this.absent(ref.name);
      const version = 'version' in ref ? ref.version : holderOf(state, ref.alias);
      const found = state.versions.some((each) => each.version === version)
        ? await this.versions.version(ref.name, version, true)
        : null;
      return this.opened(mustBeWhole(state, found, version), state);
    });
  }

  /** Makes the error for an artifact that is not there, with the name that may have been meant. */
  async absent(name: string): Promise<ExpmanError> {
    const near = nearestWord(name, await this.versions.names());
    const hint = near === undefined ? '`expman artifacts` lists those there are' : `did you mean ${near}?`;
    const message = `there is no artifact ${name} below ${dirname(this.layout.home)}; ${hint}`;
    return new ExpmanError('ARTIFACT_NOT_FOUND', message, { value: name });
  }

  /** Makes the public form of a version. */
  opened(found: WholeVersion, { aliases }: Pick<ArtifactState, 'aliases'>): ArtifactVersion {
    const held = [...aliases].flatMap(([alias, version]) => (version === found.version ? [alias] : []));
    return new ArtifactVersion(this.fs, this.layout, found.version, found.manifest, held.sort());
  }

  /** Returns null if another process has changed the artifact in between: try again. */
  private async tryLog(wanted: NewVersion): Promise<ArtifactVersion | null> {
    const { name, files } = wanted;
    const type = typeFor(wanted, await this.versions.state(name));
    const manifest: ArtifactManifest = {
      ...{ name, type, createdAt: new Date().toISOString(), createdBy: wanted.createdBy },
      ...{ aliases: [...new Set(wanted.aliases)], digest: digestOf(files), bytes: keptBytes(files), files },
    };
    const draft = await this.versions.draft(name, manifestBytes(manifest));
    try {
      for (const file of files)
        if (isKept(file)) await this.blobs.put(file, () => wanted.contentOf(file), file.path);
      return await this.place(wanted, manifest, draft);
    } finally {
      await this.versions.remove(draft);
    }
  }

  private async place(
    wanted: NewVersion,
    manifest: ArtifactManifest,
    draft: string,
  ): Promise<ArtifactVersion | null> {
    const { name, digest } = manifest;
    for (;;) {
      const state = await this.versions.state(name);
      if (typeFor(wanted, state) !== manifest.type) return null;
      const same = sameContent(state, digest);
      if (same !== null) return await this.again(wanted, state, same);
      const version = 1 + (state.versions.at(-1)?.version ?? 0);
      if (!(await this.claimed(name, version, draft))) continue;
      const logged = await this.reread(name, version);
      await wanted.recorded(logged);
      await this.versions.summarise(name).catch(() => undefined);
      return logged;
    }
  }

  /** Gives the version that has the content already. */
  private async again(
    wanted: NewVersion,
    state: ArtifactState,
    { version }: WholeVersion,
  ): Promise<ArtifactVersion | null> {
    const { name } = wanted;
    const moves = new Map([LATEST, ...wanted.aliases].map((alias) => [alias, version]));
    await this.versions.moveAliases(name, moves);
    const logged = this.opened(await this.wholeOf(name, version, state), await this.versions.state(name));
    await wanted.recorded(logged);
    // Until the draft was there, a prune could remove the version.
    return (await this.versions.version(name, version, true)).kind === 'whole' ? logged : null;
  }

  /** Claims a number; a prune of stale drafts may have removed that of a writer that stood still. */
  private async claimed(name: string, version: number, draft: string): Promise<boolean> {
    try {
      return await this.versions.claimVersion(name, version, draft);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      throw new ExpmanError(
        'IO',
        `the draft of ${versionRef(name, version)} was removed while it was written; log it again`,
        { path: draft, errno: 'ENOENT', cause: error },
      );
    }
  }

  private async reread(name: string, version: number): Promise<ArtifactVersion> {
    const state = await this.versions.state(name);
    return this.opened(await this.wholeOf(name, version, state), state);
  }

  private async wholeOf(name: string, version: number, state: ArtifactState): Promise<WholeVersion> {
    return mustBeWhole(state, await this.versions.version(name, version), version);
  }

  /** Turns a failure of the file system into this package's error. */
  async telling<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ExpmanError) throw error;
      const errno = errnoOf(error);
      throw new ExpmanError('IO', `${what}: ${errno ?? messageOf(error)}`, {
        path: this.layout.home,
        cause: error,
        errno,
      });
    }
  }
}

/** Tells if a file is kept, with its size. */
export const isKept = (file: ArtifactFile): file is ArtifactFile & Content =>
  file.url === null && file.bytes !== null;

/**
 * Returns the type that a version gets.
 *
 * @throws ExpmanError `INVALID_OPTION` if another one is asked for than the artifact has
 */
function typeFor({ name, type }: NewVersion, { versions }: ArtifactState): string {
  const known = versions.findLast((each) => each.kind === 'whole')?.manifest.type;
  if (known !== undefined && type !== undefined && type !== known)
    throw new ExpmanError(
      'INVALID_OPTION',
      `the artifact ${name} has the type ${quoted(known)}, and all its versions do; got ${quoted(type)}. Leave the type out, or choose another name`,
      { option: 'type', rule: known, value: type },
    );
  return type ?? known ?? DEFAULT_TYPE;
}

/**
 * The newest version with a content. If a version that cannot be read may hold the aliases, they
 * cannot be moved to an older one, and the content becomes a new version.
 */
function sameContent({ versions, unsureBelow }: ArtifactState, digest: string): WholeVersion | null {
  if (unsureBelow > 0) return null;
  const same = versions.findLast((each) => each.kind === 'whole' && each.manifest.digest === digest);
  return same?.kind === 'whole' ? same : null;
}

function holderOf({ name, versions, aliases, unsureBelow }: ArtifactState, alias: string): number {
  const version = aliases.get(alias);
  if (unsureBelow > (version ?? 0)) throw unsure(name, unsureBelow);
  if (version !== undefined) return version;
  const last = versions.at(-1)?.version;
  throw new ExpmanError(
    'ARTIFACT_NOT_FOUND',
    last === undefined
      ? `there is no artifact ${name}`
      : `no version of ${name} has the alias ${alias}; versions go up to ${versionRef(name, last)}, aliases are ${[...aliases.keys()].sort().join(', ')}`,
    { value: `${name}:${alias}` },
  );
}

function mustBeWhole(
  { name, versions }: ArtifactState,
  found: LoggedVersion | null,
  version: number,
): WholeVersion {
  const ref = versionRef(name, version);
  if (found?.kind === 'whole') return found;
  if (found?.kind === 'damaged') throw found.error;
  const last = versions.at(-1)?.version;
  throw new ExpmanError(
    'ARTIFACT_NOT_FOUND',
    found !== null
      ? `${ref} was pruned on ${found.prunedAt}`
      : last === undefined
        ? `there is no artifact ${name}`
        : `there is no ${ref}; versions of ${name} go up to ${versionRef(name, last)}`,
    { value: ref },
  );
}
