import {
  type ArtifactRef,
  LATEST,
  checkedAlias,
  checkedName,
  parseArtifactRef,
  versionRef,
} from '../../model/artifact-ref.js';
import { ExpmanError } from '../../model/errors.js';
import { flag } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { ArtifactStore } from '../../storage/artifacts/artifact-store.js';
import type { ArtifactVersion } from '../../storage/artifacts/artifact-version.js';
import { type IsReferred, type Pruning, prune } from '../../storage/artifacts/prune.js';
import {
  type ArtifactProblem,
  type ArtifactVerification,
  verifyArtifacts,
} from '../../storage/artifacts/verify.js';
import type { ArtifactState } from '../../storage/artifacts/version-log.js';
import { fileSystemNow } from '../../storage/file-system-time.js';
import type { FsPort } from '../../storage/fs-port.js';
import { type RunListing, listRuns } from '../run-index.js';
import { type ArtifactLineage, LineageIndex } from './lineage.js';

/** The versions of an artifact, and the problems of those that cannot be read. */
export interface ReadableVersions {
  readonly versions: ArtifactVersion[];
  readonly problems: readonly ArtifactProblem[];
}

/** Options of {@link Artifacts.prune}. */
export interface PruneOptions {
  /** Really removes it; without it, only says what would be removed. */
  readonly force?: boolean | undefined;
  /** Also removes versions that no run here has logged or used, and no alias names. */
  readonly versions?: boolean | undefined;
}

const PRUNE = optionsTable<PruneOptions>()({
  force: flag().byDefault(false),
  versions: flag().byDefault(false),
});

/** An artifact in a list. */
export interface ArtifactSummary {
  readonly name: string;
  /** The type of its versions; empty if none can be read. */
  readonly type: string;
  /** The versions that are there. */
  readonly versions: number;
  /** The newest version that is there; null if none can be read. */
  readonly newest: ArtifactVersion | null;
  /** The version that each alias names, `latest` included. */
  readonly aliases: Readonly<Record<string, number>>;
  /** The size of all contents of its versions in bytes, each counted once. */
  readonly bytes: number;
  /** Versions and aliases that cannot be read. */
  readonly problems: readonly ArtifactProblem[];
}

/**
 * The artifacts with versions below a folder of experiments. Reading takes no lock and changes
 * nothing.
 *
 * @example
 * const artifacts = openArtifacts('./experiments');
 * const model = await artifacts.open('model:best');
 * await model.checkout('./model');
 */
export class Artifacts {
  readonly #fs: FsPort;

  /** @hidden */
  constructor(
    fs: FsPort,
    /** The folder of experiments, absolute. */
    readonly dir: string,
  ) {
    this.#fs = fs;
  }

  /**
   * Lists all artifacts, by name.
   *
   * @throws {@link ExpmanError} `RUN_NOT_FOUND` if there is no such folder of experiments, `IO`
   */
  async list(): Promise<ArtifactSummary[]> {
    const store = this.#store();
    const summaries: ArtifactSummary[] = [];
    for (const name of await store.versions.names()) summaries.push(await this.#summary(store, name));
    return summaries;
  }

  /**
   * Returns all versions of an artifact, the oldest first; those that were pruned are left out.
   *
   * @throws {@link ExpmanError} `INVALID_NAME`, `ARTIFACT_NOT_FOUND`, `CORRUPT` if one cannot be read,
   * `UNSUPPORTED_VERSION`, `IO`
   */
  async versions(name: string): Promise<ArtifactVersion[]> {
    const store = this.#store();
    const state = await store.versions.state(checkedName(name));
    if (state.versions.length === 0) throw notFound(name, `there is no artifact ${name} below ${this.dir}`);
    return state.versions.flatMap((found) => {
      if (found.kind === 'damaged') throw found.error;
      return found.kind === 'whole' ? [store.opened(found, state)] : [];
    });
  }

  /**
   * @hidden The versions of an artifact that can be read, the oldest first, and what is wrong with
   * the others; neither for an artifact that does not exist.
   */
  async readable(name: string): Promise<ReadableVersions> {
    const store = this.#store();
    const checked = checkedName(name);
    try {
      const state = await store.versions.state(checked);
      return {
        versions: state.versions.flatMap((found) =>
          found.kind === 'whole' ? [store.opened(found, state)] : [],
        ),
        problems: problemsIn(state),
      };
    } catch (error) {
      if (!(error instanceof ExpmanError) || error.code === 'IO') throw error;
      return { versions: [], problems: [problemOf(checked, error)] };
    }
  }

  /** @hidden The names of all artifacts. */
  names(): Promise<string[]> {
    return this.#store().versions.names();
  }

  /**
   * Opens a version: `model:v3`, `model:best`, `model:latest`, or `model` for the latest. Nothing is
   * recorded; a run that uses a version calls `run.useArtifact`.
   *
   * @throws {@link ExpmanError} `INVALID_NAME`, `ARTIFACT_NOT_FOUND`, `CORRUPT`,
   * `UNSUPPORTED_VERSION`, `IO`
   */
  async open(ref: string): Promise<ArtifactVersion> {
    return this.#store().open(parseArtifactRef(ref));
  }

  /**
   * Returns the runs that have logged a version, those that have used it, and the versions that it
   * comes from, and that come from it.
   *
   * @throws as {@link open}
   */
  async lineage(ref: string): Promise<ArtifactLineage> {
    const version = await this.open(ref);
    return this.#lineage().of(version);
  }

  /** @hidden The lineage of many versions, for which the runs are read once. */
  lineages(): (version: ArtifactVersion) => ArtifactLineage {
    const index = this.#lineage();
    return (version) => index.of(version);
  }

  /**
   * Moves aliases to a version, each from the version that had it.
   *
   * @throws as {@link open}; {@link ExpmanError} `INVALID_OPTION` for too many aliases
   * @example
   * await artifacts.addAliases('model:v3', ['production']);
   */
  async addAliases(ref: string, aliases: readonly string[]): Promise<ArtifactVersion> {
    const checked = aliases.map(checkedAlias);
    const { name, version } = await this.open(ref);
    await this.#store().versions.moveAliases(name, new Map(checked.map((alias) => [alias, version])));
    return this.open(versionRef(name, version));
  }

  /**
   * Removes aliases of an artifact; its versions stay.
   *
   * @throws {@link ExpmanError} `INVALID_NAME`, `ARTIFACT_NOT_FOUND`, `CORRUPT`, `IO`
   */
  async removeAliases(name: string, aliases: readonly string[]): Promise<void> {
    const checked = aliases.map(checkedAlias);
    const { versions } = this.#store();
    const { aliases: held } = await versions.state(checkedName(name));
    const unknown = checked.find((alias) => !held.has(alias));
    if (unknown !== undefined)
      throw notFound(`${name}:${unknown}`, `no version of ${name} has the alias ${unknown}`);
    await versions.moveAliases(name, new Map(checked.map((alias) => [alias, null])));
  }

  /**
   * Compares contents with their checksums: of all versions, of those of an artifact, or of one
   * version. Changes nothing; references are not fetched.
   *
   * @param which - `model` for all its versions, `model:v3` or `model:best` for one
   * @throws {@link ExpmanError} `INVALID_NAME`, `ARTIFACT_NOT_FOUND`, `IO`
   */
  async verify(which?: string): Promise<ArtifactVerification> {
    return verifyArtifacts(this.#store(), which === undefined ? null : selected(which));
  }

  /**
   * Removes contents that no version refers to, and what interrupted processes have left; with
   * `versions: true` also the versions that no run here has logged or used and no alias names.
   * Nothing younger than 24 hours is removed, and the number of a version is never used again. Safe
   * while other processes log.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`; `CORRUPT` if a version or, with `versions`, a run
   * cannot be read: what it refers to is not known; `IO`
   * @example
   * const { contents, bytes } = await artifacts.prune({ force: true });
   */
  async prune(options: PruneOptions = {}): Promise<Pruning> {
    const { force, versions } = PRUNE.resolve(options);
    const { home } = this.#store().layout;
    if (this.#fs.stat(home) === null)
      return { dryRun: !force, versions: [], contents: 0, bytes: 0, leftovers: 0 };
    const nowMs = fileSystemNow(this.#fs, home);
    if (nowMs === null)
      throw new ExpmanError(
        'IO',
        `${home} cannot be written to, so the age of what is in it is not known, and nothing was pruned`,
        { path: home },
      );
    return prune(this.#fs, this.dir, { force, nowMs, readRuns: versions ? () => this.#isReferred() : null });
  }

  async #summary(store: ArtifactStore, name: string): Promise<ArtifactSummary> {
    const none = { name, type: '', versions: 0, newest: null, aliases: {}, bytes: 0 };
    try {
      const state = await store.versions.state(name);
      const whole = state.versions.filter((found) => found.kind === 'whole');
      const newest = whole.at(-1);
      const contents = new Map(
        whole.flatMap(({ manifest }) =>
          manifest.files.map(({ sha256, bytes, url }) => [sha256, url === null ? (bytes ?? 0) : 0]),
        ),
      );
      return {
        name,
        type: newest?.manifest.type ?? '',
        versions: whole.length,
        newest: newest === undefined ? null : store.opened(newest, state),
        aliases: Object.fromEntries([...state.aliases].sort(([one], [other]) => (one < other ? -1 : 1))),
        bytes: [...contents.values()].reduce((sum, bytes) => sum + bytes, 0),
        problems: problemsIn(state),
      };
    } catch (error) {
      if (!(error instanceof ExpmanError) || error.code === 'IO') throw error;
      return { ...none, problems: [problemOf(name, error)] };
    }
  }

  #isReferred(): IsReferred {
    const { runs, unreadable } = this.#runs();
    const [broken] = unreadable;
    if (broken !== undefined)
      throw new ExpmanError(
        'CORRUPT',
        `${broken.runDir} cannot be read, so the versions that it has used are not known, and nothing was pruned: ${broken.message}`,
        { path: broken.runDir },
      );
    const index = new LineageIndex(runs);
    if (index.leftOut > 0)
      throw new ExpmanError(
        'INVALID_OPTION',
        `versions must be left out: ${index.leftOut} versions that runs have logged or used are not in their run.yaml, which had no room for them, so which versions nobody refers to is not known`,
        { option: 'versions' },
      );
    return (name, { version, manifest }) => index.refersTo({ ...manifest, ref: versionRef(name, version) });
  }

  /** No cache: a run of a moment ago may have used a version. */
  #runs(): RunListing {
    return listRuns(this.#fs, this.dir, null);
  }

  #lineage(): LineageIndex {
    return new LineageIndex(this.#runs().runs);
  }

  /** @throws ExpmanError `RUN_NOT_FOUND` if there is no such folder */
  #store(): ArtifactStore {
    if (this.#fs.stat(this.dir)?.kind !== 'folder')
      throw new ExpmanError('RUN_NOT_FOUND', `there is no folder ${this.dir}`, { path: this.dir });
    return new ArtifactStore(this.#fs, this.dir);
  }
}

/** Parses what is to be verified: an artifact, or a version of one. */
function selected(which: string): { readonly name: string } | ArtifactRef {
  const ref = parseArtifactRef(which);
  return 'alias' in ref && ref.alias === LATEST && !which.includes(':') ? { name: ref.name } : ref;
}

const problemsIn = ({ name, versions }: ArtifactState): ArtifactProblem[] =>
  versions.flatMap((found) =>
    found.kind === 'damaged' ? [problemOf(versionRef(name, found.version), found.error)] : [],
  );

const problemOf = (ref: string, error: ExpmanError): ArtifactProblem => ({
  ref,
  file: null,
  code: error.code,
  message: error.message,
});

const notFound = (value: string, message: string): ExpmanError =>
  new ExpmanError('ARTIFACT_NOT_FOUND', message, { value });
