import type { ArtifactLink } from '../../model/artifact-links.js';
import type { ArtifactRun } from '../../model/artifact-manifest.js';
import type { RunFacts } from '../../model/run-facts.js';

/** A run in the lineage of a version. */
export interface LineageRun extends ArtifactRun {
  /** The run's folder; null if the run is not there any more. */
  readonly runDir: string | null;
  /** The versions that the run has used, as `dataset:v1`. */
  readonly used: readonly string[];
  /** The versions that it has logged. */
  readonly logged: readonly string[];
}

/** The runs and versions around a version. */
export interface ArtifactLineage {
  /** The version, as `model:v3`. */
  readonly ref: string;
  /** The runs that have logged it, first the one that made it. */
  readonly loggedBy: readonly LineageRun[];
  /** The runs that have used it. */
  readonly usedBy: readonly LineageRun[];
  /** The versions that it comes from, near ones first: used by the runs that logged it, and so on. */
  readonly ancestors: readonly string[];
  /** The versions that come from it, near ones first: logged by the runs that used it, and so on. */
  readonly descendants: readonly string[];
  /** The versions that runs have used or logged, and that run.yaml had no room for. */
  readonly leftOut: number;
}

/** The facts by which a version is told from one of that name in another folder. */
interface Subject {
  readonly ref: string;
  readonly digest: string;
  readonly createdBy: ArtifactRun;
}

/** A version by its name and digest. */
type Key = string;

interface Known {
  readonly run: LineageRun;
  readonly used: readonly Key[];
  readonly logged: readonly Key[];
}

/** The runs by the versions that they have logged and used. */
export class LineageIndex {
  private readonly loggers = new Map<Key, Known[]>();
  private readonly users = new Map<Key, Known[]>();
  private readonly byUuid = new Map<string, Known>();
  readonly leftOut: number;

  constructor(runs: readonly RunFacts[]) {
    for (const { experiment, run, uuid, runDir, usedArtifacts, loggedArtifacts } of runs) {
      const known: Known = {
        run: {
          ...{ experiment, run, uuid, runDir },
          used: Object.keys(usedArtifacts),
          logged: Object.keys(loggedArtifacts),
        },
        used: keysOf(usedArtifacts),
        logged: keysOf(loggedArtifacts),
      };
      this.byUuid.set(uuid, known);
      for (const key of known.logged) addTo(this.loggers, key, known);
      for (const key of known.used) addTo(this.users, key, known);
    }
    this.leftOut = runs.reduce((sum, { artifactLinksLeftOut }) => sum + artifactLinksLeftOut, 0);
  }

  /** Returns the runs and versions around a version. */
  of(version: Subject): ArtifactLineage {
    const { ref, createdBy } = version;
    const key = keyOf(ref, version);
    const maker = this.byUuid.get(createdBy.uuid);
    const others = (this.loggers.get(key) ?? []).filter(({ run }) => run.uuid !== createdBy.uuid);
    const loggers = maker === undefined ? others : [maker, ...others];
    const gone: LineageRun = { ...createdBy, runDir: null, used: [], logged: [ref] };
    return {
      ref,
      loggedBy: [maker?.run ?? gone, ...others.map(({ run }) => run)],
      usedBy: (this.users.get(key) ?? []).map(({ run }) => run),
      ancestors: reached(key, loggers, ({ used }) => used, this.loggers),
      descendants: reached(key, this.users.get(key) ?? [], ({ logged }) => logged, this.users),
      leftOut: this.leftOut,
    };
  }

  /** Tells if a run that is there has logged or used a version. */
  refersTo(version: Subject): boolean {
    const key = keyOf(version.ref, version);
    return this.byUuid.has(version.createdBy.uuid) || this.loggers.has(key) || this.users.has(key);
  }
}

/** The versions that are reached over runs, breadth first; each once, however they hang together. */
function reached(
  from: Key,
  first: readonly Known[],
  next: (run: Known) => readonly Key[],
  runsOf: ReadonlyMap<Key, readonly Known[]>,
): string[] {
  const seen = new Set([from]);
  const seenRuns = new Set<Known>();
  for (let runs = first; runs.length > 0;) {
    const found: Known[] = [];
    for (const run of runs) {
      if (seenRuns.has(run)) continue;
      seenRuns.add(run);
      for (const key of next(run)) {
        if (seen.has(key)) continue;
        seen.add(key);
        found.push(...(runsOf.get(key) ?? []));
      }
    }
    runs = found;
  }
  seen.delete(from);
  return [...new Set([...seen].map(refOf))];
}

function addTo(index: Map<Key, Known[]>, key: Key, known: Known): void {
  const runs = index.get(key);
  if (runs === undefined) index.set(key, [known]);
  else runs.push(known);
}

const keysOf = (links: Readonly<Record<string, ArtifactLink>>): Key[] =>
  Object.entries(links).map(([ref, link]) => keyOf(ref, link));

const keyOf = (ref: string, { digest }: { readonly digest: string }): Key => `${ref} ${digest}`;

const refOf = (key: Key): string => key.slice(0, key.indexOf(' '));
