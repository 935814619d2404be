import { join } from 'node:path';
import { versionRef } from '../../model/artifact-ref.js';
import { ExpmanError } from '../../model/errors.js';
import { isTempName } from '../atomic-file.js';
import type { ArtifactFs } from './artifact-fs.js';
import { ArtifactStore, isKept } from './artifact-store.js';
import { asideOf } from './blob-folder.js';
import { readSmall } from './file-bytes.js';
import { namesIn } from './folders.js';
import { isBlobName } from './layout.js';
import { MAX_MANIFEST_BYTES, manifestBytes, parseVersionFile } from './manifest-file.js';
import type { ArtifactState, WholeVersion } from './version-log.js';

/**
 * The age below which nothing is removed, by the clock of the file system: a writer that stands
 * still for longer than that must log again.
 */
const GRACE_MS = 24 * 3600 * 1000;
const DRAFT = /^\.draft\.[0-9a-f]{12}\.tmp$/;

/** Tells of a version whether a run that is there has logged or used it. */
export type IsReferred = (name: string, version: WholeVersion) => boolean;

/** The result of a prune; without `force`, what it would be. */
export interface Pruning {
  /** True if it was only a look. */
  readonly dryRun: boolean;
  /** The versions that were removed, as `model:v3`. */
  readonly versions: readonly string[];
  /** The number of contents that were removed, and their size in bytes. */
  readonly contents: number;
  readonly bytes: number;
  /** The number of files removed that interrupted processes had left. */
  readonly leftovers: number;
}

/** Options of a prune, checked. */
export interface PruneWork {
  readonly force: boolean;
  /** The time by the clock of the file system, in milliseconds since the epoch. */
  readonly nowMs: number;
  /**
   * Reads the runs again; null if no version is to be removed.
   *
   * @throws ExpmanError if they cannot all be read
   */
  readonly readRuns: (() => IsReferred) | null;
}

/**
 * Removes what nothing refers to. Takes no lock: whatever is removed first gets a name under which
 * it is out of the way but not lost, then everything that may refer to it is read again, and what a
 * writer has begun to refer to in between is put back. A writer writes its draft before it looks,
 * so one of the two always sees the other.
 *
 * @throws ExpmanError `CORRUPT` if a manifest cannot be read: what it refers to is not known; `IO`
 */
export function prune(fs: ArtifactFs, base: string, { force, nowMs, readRuns }: PruneWork): Promise<Pruning> {
  const store = new ArtifactStore(fs, base);
  const isOld = async (path: string): Promise<boolean> =>
    nowMs - ((await fs.stat(path))?.modifiedMs ?? Infinity) > GRACE_MS;
  return store.telling(`artifacts below ${base} cannot be pruned`, async () => {
    const work = new Prune(store, fs, force, isOld);
    const leftovers = await work.leftovers();
    const gone = readRuns === null ? [] : await work.versions(readRuns);
    const { contents, bytes } = await work.contents(new Set(gone.map(({ ref }) => ref)));
    return { dryRun: !force, versions: gone.map(({ ref }) => ref), contents, bytes, leftovers };
  });
}

interface Buried {
  readonly name: string;
  readonly ref: string;
  readonly found: WholeVersion;
}

class Prune {
  constructor(
    private readonly store: ArtifactStore,
    private readonly fs: ArtifactFs,
    private readonly force: boolean,
    private readonly isOld: (path: string) => Promise<boolean>,
  ) {}

  /**
   * Removes old temporary files. Before anything else: a writer whose draft is gone cannot make a
   * version of it.
   */
  async leftovers(): Promise<number> {
    const { layout, versions } = this.store;
    const folders = [
      ...(await versions.names()).map((name) => layout.folderOf(name)),
      ...(await this.blobFolders()),
    ];
    let removed = 0;
    for (const folder of folders)
      for (const file of await namesIn(this.fs, this.store.layout.base, folder)) {
        const path = join(folder, file);
        if (!isTempName(file) || asideOf(file) !== null || !(await this.isOld(path))) continue;
        removed++;
        if (this.force) await versions.remove(path);
      }
    return removed;
  }

  /** Removes versions that no run and no alias refers to. */
  async versions(readRuns: () => IsReferred): Promise<Buried[]> {
    const free = await this.freeVersions(readRuns());
    if (!this.force) return free;
    const { versions } = this.store;
    const prunedAt = new Date().toISOString();
    for (const { name, found } of free) await versions.bury(name, found, prunedAt);
    const isReferred = readRuns();
    const gone: Buried[] = [];
    for (const buried of free) {
      const { name, found } = buried;
      const drafts = await this.drafts(name);
      const { aliases } = await this.state(name);
      const isWanted =
        isReferred(name, found) ||
        [...aliases.values()].includes(found.version) ||
        drafts.some(({ digest }) => digest === found.manifest.digest);
      if (isWanted) await versions.unbury(name, found.version, manifestBytes(found.manifest));
      else gone.push(buried);
    }
    return gone;
  }

  private async freeVersions(isReferred: IsReferred): Promise<Buried[]> {
    const free: Buried[] = [];
    for (const name of await this.store.versions.names()) {
      const { versions, aliases } = await this.state(name);
      const held = new Set(aliases.values());
      for (const found of versions) {
        if (found.kind !== 'whole' || held.has(found.version) || isReferred(name, found)) continue;
        if (!(await this.isOld(this.store.layout.versionFile(name, found.version)))) continue;
        free.push({ name, found, ref: versionRef(name, found.version) });
      }
    }
    return free;
  }

  /** Removes contents that no version and no draft names. */
  async contents(gone: ReadonlySet<string>): Promise<Pick<Pruning, 'contents' | 'bytes'>> {
    await this.settleAside();
    const named = await this.named(gone);
    const aside: { sha256: string; path: string; bytes: number }[] = [];
    for (const folder of await this.blobFolders())
      for (const sha256 of await namesIn(this.fs, this.store.layout.base, folder)) {
        const path = join(folder, sha256);
        if (!isBlobName(sha256) || named.has(sha256) || !(await this.isOld(path))) continue;
        const bytes = (await this.fs.stat(path))?.size ?? 0;
        const moved = this.force ? await this.store.blobs.setAside(sha256) : path;
        if (moved !== null) aside.push({ sha256, path: moved, bytes });
      }
    const removed = this.force ? await this.decide(aside) : aside;
    return { contents: removed.length, bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  /** Puts contents back that a writer has begun to name, and removes the rest. */
  private async decide<T extends { readonly sha256: string; readonly path: string }>(
    aside: readonly T[],
  ): Promise<T[]> {
    const named = await this.named(new Set());
    const removed: T[] = [];
    for (const each of aside) {
      const { sha256, path } = each;
      if (named.has(sha256)) await this.store.blobs.restore(sha256, path);
      else if (await this.store.blobs.removeAside(path)) removed.push(each);
    }
    return removed;
  }

  /** Finishes what an interrupted prune has put aside. */
  private async settleAside(): Promise<void> {
    if (!this.force) return;
    const found: { sha256: string; path: string }[] = [];
    for (const folder of await this.blobFolders())
      for (const file of await namesIn(this.fs, this.store.layout.base, folder)) {
        const sha256 = asideOf(file);
        if (sha256 !== null) found.push({ sha256, path: join(folder, file) });
      }
    if (found.length === 0) return;
    const named = await this.named(new Set());
    for (const { sha256, path } of found)
      if (named.has(sha256)) await this.store.blobs.restore(sha256, path);
      else await this.store.blobs.removeAside(path);
  }

  /** The checksums that drafts and versions name, except for versions that are to go. */
  private async named(gone: ReadonlySet<string>): Promise<Set<string>> {
    const named = new Set<string>();
    for (const name of await this.store.versions.names()) {
      // Drafts first: one that becomes a version in between is seen as either.
      const manifests = await this.drafts(name);
      for (const each of (await this.state(name)).versions)
        if (each.kind === 'whole' && !gone.has(versionRef(name, each.version))) manifests.push(each.manifest);
      for (const { files } of manifests) for (const file of files) if (isKept(file)) named.add(file.sha256);
    }
    return named;
  }

  /** @throws ExpmanError `CORRUPT` if a version cannot be read */
  private async state(name: string): Promise<ArtifactState> {
    // Afresh: another prune may have removed versions since.
    const { versions, layout } = new ArtifactStore(this.fs, this.store.layout.base);
    const state = await versions.state(name);
    const damaged = state.versions.find((each) => each.kind === 'damaged');
    if (damaged?.kind !== 'damaged') return state;
    throw new ExpmanError(
      'CORRUPT',
      `${versionRef(name, damaged.version)} cannot be read, so what it refers to is not known, and nothing was pruned; restore its file, or remove it: ${damaged.error.message}`,
      { path: layout.versionFile(name, damaged.version), cause: damaged.error },
    );
  }

  /** The drafts of versions that are being logged; one that is not whole yet protects nothing yet. */
  private async drafts(name: string): Promise<WholeVersion['manifest'][]> {
    const folder = this.store.layout.folderOf(name);
    const drafts: WholeVersion['manifest'][] = [];
    for (const file of await namesIn(this.fs, this.store.layout.base, folder)) {
      if (!DRAFT.test(file)) continue;
      const path = join(folder, file);
      try {
        const bytes = await readSmall(this.fs, path, MAX_MANIFEST_BYTES);
        const said = bytes === null ? null : parseVersionFile(bytes, name, path);
        if (said?.kind === 'whole') drafts.push(said.manifest);
      } catch (error) {
        if (!(error instanceof ExpmanError) || error.code !== 'CORRUPT') throw error;
      }
    }
    return drafts;
  }

  private async blobFolders(): Promise<string[]> {
    const { blobs } = this.store.layout;
    return (await namesIn(this.fs, this.store.layout.base, blobs))
      .filter((name) => /^[0-9a-f]{2}$/.test(name))
      .map((name) => join(blobs, name));
  }
}
