import type { ArtifactLink } from '../../model/artifact-links.js';
import type { ArtifactRun } from '../../model/artifact-manifest.js';
import type { RunFacts } from '../../model/run-facts.js';
import type { ArtifactVersion } from '../../storage/artifacts/artifact-version.js';

/** A run in the lineage of a version. */
export interface LineageRun extends ArtifactRun {
  /** The run's folder; null if the run is not there any more. */
  readonly runDir: string | null;
  /** The versions that the run has used, as `dataset:v1`. */
  readonly used: readonly string[];
  /** The versions that it has logged. */
  readonly logged: readonly string[];
}

/** The runs around a version. */
export interface ArtifactLineage {
  /** The version, as `model:v3`. */
  readonly ref: string;
  /** The runs that have logged it, first the one that made it. */
  readonly loggedBy: readonly LineageRun[];
  /** The runs that have used it. */
  readonly usedBy: readonly LineageRun[];
  /** Versions in runs' records that are left out, because run.yaml had no room for them. */
  readonly leftOut: number;
}

/** The facts by which a version is told from one of that name in another folder. */
type Subject = Pick<ArtifactVersion, 'ref' | 'digest'>;

/** The runs by the versions that they have logged and used. */
export class LineageIndex {
  private readonly loggers = new Map<string, LineageRun[]>();
  private readonly users = new Map<string, LineageRun[]>();
  private readonly byUuid = new Map<string, LineageRun>();
  readonly leftOut: number;

  constructor(runs: readonly RunFacts[]) {
    for (const { experiment, run, uuid, runDir, usedArtifacts, loggedArtifacts } of runs) {
      const known: LineageRun = {
        ...{ experiment, run, uuid, runDir },
        used: Object.keys(usedArtifacts),
        logged: Object.keys(loggedArtifacts),
      };
      this.byUuid.set(uuid, known);
      index(this.loggers, loggedArtifacts, known);
      index(this.users, usedArtifacts, known);
    }
    this.leftOut = runs.reduce((sum, { artifactLinksLeftOut }) => sum + artifactLinksLeftOut, 0);
  }

  /** Returns the runs around a version. */
  of(version: Subject & Pick<ArtifactVersion, 'createdBy'>): ArtifactLineage {
    const { ref, createdBy } = version;
    const key = keyOf(ref, version);
    const maker = this.byUuid.get(createdBy.uuid) ?? { ...createdBy, runDir: null, used: [], logged: [ref] };
    const others = (this.loggers.get(key) ?? []).filter(({ uuid }) => uuid !== maker.uuid);
    return {
      ref,
      loggedBy: [maker, ...others],
      usedBy: this.users.get(key) ?? [],
      leftOut: this.leftOut,
    };
  }

  /** Tells if a run that is there has logged or used a version. */
  refersTo(version: Subject & Pick<ArtifactVersion, 'createdBy'>): boolean {
    const key = keyOf(version.ref, version);
    return this.byUuid.has(version.createdBy.uuid) || this.loggers.has(key) || this.users.has(key);
  }
}

function index(
  into: Map<string, LineageRun[]>,
  links: Readonly<Record<string, ArtifactLink>>,
  run: LineageRun,
): void {
  for (const [ref, link] of Object.entries(links)) {
    const key = keyOf(ref, link);
    const runs = into.get(key);
    if (runs === undefined) into.set(key, [run]);
    else runs.push(run);
  }
}

const keyOf = (ref: string, { digest }: { readonly digest: string }): string => `${ref} ${digest}`;
