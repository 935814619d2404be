import { isNameLike, versionIn, versionRef } from './artifact-ref.js';
import { bareObject } from './param-value.js';
import type { Params } from './params.js';
import { entriesIn, isRecord, isSha256 } from './stored-values.js';

/** A version of an artifact, as a run has recorded it. */
export interface ArtifactLink {
  readonly type: string;
  /** The digest of the version, by which it is told from one of that name in another folder. */
  readonly digest: string;
  /** The time of the call that was recorded last; ISO 8601, UTC. */
  readonly at: string;
}

/** The versions of artifacts that a run has logged and used, by name and version: `model:v3`. */
export interface ArtifactLinks {
  readonly loggedArtifacts: Readonly<Record<string, ArtifactLink>>;
  readonly usedArtifacts: Readonly<Record<string, ArtifactLink>>;
  /** The number of versions that run.yaml had no room for. */
  readonly artifactLinksLeftOut: number;
}

/** The keys of run.yaml that hold versions, and are facts in the log. */
export type LinkKey = 'loggedArtifacts' | 'usedArtifacts';

/** The fact that a run has logged or used a version. */
export const linkFact = (
  key: LinkKey,
  { ref, type, digest }: { readonly ref: string; readonly type: string; readonly digest: string },
): Params => ({ [key]: { [ref]: { type, digest, at: new Date().toISOString() } } });

/** Reads the versions of artifacts from a mapping that may hold anything. */
export function artifactLinksIn(file: Readonly<Record<string, unknown>>): ArtifactLinks {
  const leftOut = ['loggedArtifactsLeftOut', 'usedArtifactsLeftOut', 'artifactLinksLeftOut'].map(
    (key) => file[key],
  );
  return {
    loggedArtifacts: linksIn(file['loggedArtifacts']),
    usedArtifacts: linksIn(file['usedArtifacts']),
    artifactLinksLeftOut: leftOut.reduce<number>(
      (sum, n) => sum + (typeof n === 'number' && n > 0 ? n : 0),
      0,
    ),
  };
}

function linksIn(said: unknown): Readonly<Record<string, ArtifactLink>> {
  return bareObject(
    entriesIn(said).flatMap(([key, link]): [string, ArtifactLink][] => {
      if (splitRef(key) === null || !isRecord(link)) return [];
      const { type, digest, at } = link;
      return typeof type === 'string' && isSha256(digest) && typeof at === 'string'
        ? [[key, { type, digest, at }]]
        : [];
    }),
  );
}

/** Splits `model:v3`; null for anything else. */
export function splitRef(ref: string): { readonly name: string; readonly version: number } | null {
  const at = ref.indexOf(':');
  const name = ref.slice(0, Math.max(0, at));
  const version = versionIn(ref.slice(at + 1));
  return version !== null && isNameLike(name) && versionRef(name, version) === ref ? { name, version } : null;
}
