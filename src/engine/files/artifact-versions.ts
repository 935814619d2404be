import { type LinkKey, linkFact } from '../../model/artifact-links.js';
import type { ArtifactRun } from '../../model/artifact-manifest.js';
import { type ArtifactRef, parseArtifactRef } from '../../model/artifact-ref.js';
import type { FileMode } from '../../model/experiment-options.js';
import type { Params } from '../../model/params.js';
import { ArtifactStore } from '../../storage/artifacts/artifact-store.js';
import type { ArtifactVersion } from '../../storage/artifacts/artifact-version.js';
import { hashedSources } from './artifact-sources.js';
import { asyncArtifactFs } from './async-fs.js';
import type { VersionCall } from './version-call.js';

/** The way from here to the log of the run. */
export interface RunRecord {
  /** Adds a fact to the log. */
  fact(fact: Params): void;
  /** Waits until the facts so far are in the log. */
  flush(): Promise<void>;
}

/** Logs and uses versions of artifacts for a run, and records both in its log. */
export class ArtifactVersions {
  private readonly store: ArtifactStore;

  constructor(
    baseDir: string,
    mode: FileMode,
    private readonly run: ArtifactRun,
    private readonly record: RunRecord,
  ) {
    this.store = new ArtifactStore(asyncArtifactFs(mode), baseDir);
  }

  /** Performs a call of `logArtifact`; every error is a rejection. */
  async log({ sources, ...call }: VersionCall): Promise<ArtifactVersion> {
    return this.store.telling(`the artifact ${call.name} cannot be logged`, async () =>
      this.store.log({
        ...call,
        ...(await hashedSources(sources)),
        createdBy: this.run,
        recorded: (version) => this.recorded('loggedArtifacts', version),
      }),
    );
  }

  /** Performs a call of `useArtifact`; every error is a rejection. */
  async use(ref: unknown): Promise<ArtifactVersion> {
    const version = await this.store.open(parseArtifactRef(ref));
    await this.recorded('usedArtifacts', version);
    // A prune looks at the runs once more after it has removed a version: either it sees the use, or
    // this sees that the version is gone.
    const again: ArtifactRef = { name: version.name, version: version.version };
    await this.store.open(again);
    return version;
  }

  private async recorded(key: LinkKey, version: ArtifactVersion): Promise<void> {
    this.record.fact(linkFact(key, version));
    // A full disk is reported by the log itself, and the fact is written once there is room.
    await this.record.flush().catch(() => undefined);
  }
}
