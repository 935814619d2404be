import { MAX_ALIASES } from '../../model/artifact-manifest.js';
import { join } from 'node:path';
import { LATEST, versionRef } from '../../model/artifact-ref.js';
import { ExpmanError } from '../../model/errors.js';
import { quietly, tempName, writeWhole } from '../atomic-file.js';
import type { ArtifactFs } from './artifact-fs.js';
import { claim } from './claim.js';
import { readSmall, writeAt } from './file-bytes.js';
import { makeFoldersBelow, namesIn } from './folders.js';
import {
  ARTIFACTS_HOME,
  type ArtifactLayout,
  isArtifactFolder,
  sequenceOfFile,
  versionOfFile,
} from './layout.js';
import {
  type AliasStatement,
  MAX_MANIFEST_BYTES,
  type VersionFile,
  aliasBytes,
  parseAliases,
  parseVersionFile,
  tombstoneBytes,
} from './manifest-file.js';

/** Versions after a statement of aliases, at which a new statement spares readers the way. */
const STATEMENT_EVERY = 16;
/** @bound refuses: CORRUPT */
const MAX_ALIAS_BYTES = 1024 * 1024;

/** A version, as its file says; `damaged` if it cannot be read. */
export type LoggedVersion = { readonly version: number } & (
  VersionFile | { readonly kind: 'damaged'; readonly error: ExpmanError }
);

/** A version that is there. */
export type WholeVersion = LoggedVersion & { readonly kind: 'whole' };

/** An artifact as it was at one moment. */
export interface ArtifactState {
  readonly name: string;
  /** All versions that ever were, by their numbers. */
  readonly versions: readonly LoggedVersion[];
  /** The version of each alias, `latest` included. */
  readonly aliases: ReadonlyMap<string, number>;
  /**
   * The greatest version that cannot be read and may have taken aliases from versions before it; 0
   * if there is none.
   */
  readonly unsureBelow: number;
}

/**
 * The versions and aliases of artifacts: numbered files, each complete when it gets its name, which
 * it gets only if nobody else has taken the number.
 *
 * A version gives itself the aliases it was logged with, so both exist at once or not at all. Later
 * moves of aliases are statements, numbered themselves, that say up to which version they hold.
 */
export class VersionLog {
  /** Manifests by their paths: they never change, except by being removed. */
  private readonly read = new Map<string, WholeVersion>();

  constructor(
    private readonly fs: ArtifactFs,
    private readonly layout: ArtifactLayout,
    private readonly durable: Set<string>,
  ) {}

  /** The names of all artifacts, sorted. */
  async names(): Promise<string[]> {
    const names = await namesIn(this.fs, this.layout.base, this.layout.names);
    return names.filter(isArtifactFolder).sort();
  }

  /**
   * Makes the folder of an artifact.
   *
   * @throws ExpmanError `INVALID_NAME` if there is an artifact whose name differs only in case:
   * some file systems would mix the two
   */
  async open(name: string): Promise<void> {
    const folded = name.toLowerCase();
    const other = (await this.names()).find((each) => each !== name && each.toLowerCase() === folded);
    if (other !== undefined)
      throw new ExpmanError(
        'INVALID_NAME',
        `there is an artifact ${other}, whose name differs from ${name} only in case; use that name, or another`,
        { option: 'name', value: name },
      );
    await makeFoldersBelow(this.fs, this.layout.base, [ARTIFACTS_HOME, 'names', name], this.durable);
  }

  /** Reads all versions and aliases of an artifact; without versions if there is none. */
  async state(name: string): Promise<ArtifactState> {
    const names = await namesIn(this.fs, this.layout.base, this.layout.folderOf(name));
    const numbers = names.map(versionOfFile).filter((version) => version !== null);
    const versions: LoggedVersion[] = [];
    for (const version of numbers.sort((one, other) => one - other))
      versions.push(await this.version(name, version));
    return { name, versions, ...(await this.aliasesOf(name, names, versions)) };
  }

  /** Reads a version; `damaged` also if its file is missing. */
  async version(name: string, version: number, fresh = false): Promise<LoggedVersion> {
    const path = this.layout.versionFile(name, version);
    const known = fresh ? undefined : this.read.get(path);
    if (known !== undefined) return known;
    // A prune of another process may have removed it.
    this.read.delete(path);
    try {
      const bytes = await readSmall(this.fs, path, MAX_MANIFEST_BYTES);
      if (bytes === null) throw missing(versionRef(name, version), path);
      const found = { version, ...parseVersionFile(bytes, name, path) };
      if (found.kind === 'whole') this.read.set(path, found);
      return found;
    } catch (error) {
      if (!(error instanceof ExpmanError) || error.code === 'UNSUPPORTED_VERSION') throw error;
      return { kind: 'damaged', version, error };
    }
  }

  /**
   * Writes a manifest under a hidden name. As long as it is there, no prune removes a content or a
   * version that it names.
   */
  async draft(name: string, bytes: Uint8Array): Promise<string> {
    const path = join(this.layout.folderOf(name), tempName('draft'));
    await this.write(path, bytes);
    return path;
  }

  /** Gives a draft the number, unless it is taken. */
  claimVersion(name: string, version: number, draft: string): Promise<boolean> {
    return claim(this.fs, draft, this.layout.versionFile(name, version));
  }

  async remove(path: string): Promise<void> {
    await quietly(() => this.fs.remove(path));
  }

  /**
   * Moves aliases, and removes those that are null; others stay. Of several processes that move one
   * alias at once, one is the last.
   *
   * @throws ExpmanError `INVALID_OPTION` for too many aliases, `CORRUPT` if a version that cannot be
   * read may hold any of them
   */
  async moveAliases(name: string, moves: ReadonlyMap<string, number | null>): Promise<void> {
    for (;;) {
      const names = await namesIn(this.fs, this.layout.base, this.layout.folderOf(name));
      const { versions, aliases, unsureBelow } = await this.state(name);
      if (unsureBelow > 0) throw unsure(name, unsureBelow);
      const moved = new Map(aliases);
      for (const [alias, version] of moves)
        if (version === null) moved.delete(alias);
        else moved.set(alias, version);
      if (sameEntries(moved, aliases)) return;
      if (moved.size > MAX_ALIASES)
        throw new ExpmanError(
          'INVALID_OPTION',
          `${name} would have ${moved.size} aliases; at most ${MAX_ALIASES} are allowed`,
          { option: 'aliases' },
        );
      const sequence = 1 + lastSequence(names);
      if (await this.claimStatement(name, sequence, { upTo: versions.at(-1)?.version ?? 0, aliases: moved }))
        return;
    }
  }

  /** Spares readers the way through many versions; a failure harms nothing. */
  async summarise(name: string): Promise<void> {
    const names = await namesIn(this.fs, this.layout.base, this.layout.folderOf(name));
    const statement = await this.lastStatement(name, names);
    const { versions, aliases, unsureBelow } = await this.state(name);
    const upTo = versions.at(-1)?.version ?? 0;
    if (upTo - statement.upTo < STATEMENT_EVERY || unsureBelow > 0) return;
    await this.claimStatement(name, 1 + lastSequence(names), { upTo, aliases });
  }

  /** Puts a sign in the place of a version that its number was used. */
  async bury(name: string, { version, manifest }: WholeVersion, prunedAt: string): Promise<void> {
    await this.replace(name, version, tombstoneBytes(manifest, prunedAt));
  }

  /** Puts a version back. */
  async unbury(name: string, version: number, bytes: Uint8Array): Promise<void> {
    await this.replace(name, version, bytes);
  }

  private async replace(name: string, version: number, bytes: Uint8Array): Promise<void> {
    const path = this.layout.versionFile(name, version);
    const temp = join(this.layout.folderOf(name), tempName('replacing'));
    await this.write(temp, bytes);
    await this.fs.rename(temp, path);
    await this.fs.syncFolder(this.layout.folderOf(name));
    this.read.delete(path);
  }

  private async claimStatement(name: string, sequence: number, statement: AliasStatement): Promise<boolean> {
    const temp = join(this.layout.folderOf(name), tempName('aliases'));
    await this.write(temp, aliasBytes(statement));
    try {
      return await claim(this.fs, temp, this.layout.aliasesFile(name, sequence));
    } finally {
      await this.remove(temp);
    }
  }

  private async write(path: string, bytes: Uint8Array): Promise<void> {
    await writeWhole(this.fs, path, 'create', async (file) => {
      await writeAt(this.fs, file, bytes, 0);
      return { bytes: bytes.length };
    });
  }

  /**
   * Works the aliases out: those of the last statement, then those that later versions were given.
   */
  private async aliasesOf(
    name: string,
    names: readonly string[],
    versions: readonly LoggedVersion[],
  ): Promise<Pick<ArtifactState, 'aliases' | 'unsureBelow'>> {
    const { upTo, aliases } = await this.lastStatement(name, names);
    const held = new Map(aliases);
    let unsureBelow = 0;
    for (const logged of versions) {
      if (logged.version <= upTo || logged.kind === 'pruned') continue;
      held.set(LATEST, logged.version);
      if (logged.kind === 'damaged') unsureBelow = logged.version;
      else for (const alias of logged.manifest.aliases) held.set(alias, logged.version);
    }
    return { aliases: held, unsureBelow };
  }

  private async lastStatement(name: string, names: readonly string[]): Promise<AliasStatement> {
    const sequence = lastSequence(names);
    if (sequence === 0) return { upTo: 0, aliases: new Map() };
    const path = this.layout.aliasesFile(name, sequence);
    const bytes = await readSmall(this.fs, path, MAX_ALIAS_BYTES);
    if (bytes === null) throw missing(`the aliases of ${name}`, path);
    return parseAliases(bytes, path);
  }
}

const lastSequence = (names: readonly string[]): number =>
  Math.max(0, ...names.map((name) => sequenceOfFile(name) ?? 0));

const sameEntries = (one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): boolean =>
  one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);

/** The error for aliases that a version which cannot be read may have taken. */
export const unsure = (name: string, version: number): ExpmanError =>
  new ExpmanError(
    'CORRUPT',
    `${versionRef(name, version)} cannot be read, so the versions of the aliases of ${name} are not known; restore its file, or name a version by its number`,
    { value: versionRef(name, version) },
  );

const missing = (what: string, path: string): ExpmanError =>
  new ExpmanError('CORRUPT', `${what} is missing: ${path}`, { path });
