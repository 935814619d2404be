import { type Static, Type } from '@sinclair/typebox';
import { Nullable } from './api-types.js';

/**
 * The most artifacts, versions or files in one answer.
 *
 * @bound refuses: HTTP 400 for a question that asks for more; the answer says how many there are,
 * and the next page has them
 */
export const MAX_ARTIFACT_ITEMS = 1000;

/** `GET /api/artifacts`, `/api/artifacts/:name` and `/api/artifacts/:name/:version`: the page to return. */
export const ArtifactsRequest = Type.Object({
  offset: Type.Integer({ minimum: 0, maximum: 10_000_000, default: 0 }),
  limit: Type.Integer({ minimum: 1, maximum: MAX_ARTIFACT_ITEMS, default: 100 }),
});
export type ArtifactsRequest = Static<typeof ArtifactsRequest>;

/** A run that made or used a version. */
const ArtifactRunAnswer = Type.Object({
  experiment: Type.String(),
  run: Type.String(),
  /** False if the run is not there any more. */
  isThere: Type.Boolean(),
});
export type ArtifactRunAnswer = Static<typeof ArtifactRunAnswer>;

/** A version or an artifact that cannot be read. */
const ArtifactProblemAnswer = Type.Object({
  /** `model:v3`, or the name of the artifact. */
  ref: Type.String(),
  code: Type.String(),
  message: Type.String(),
});
export type ArtifactProblemAnswer = Static<typeof ArtifactProblemAnswer>;

/** A version of an artifact in a list. */
export const ArtifactVersionAnswer = Type.Object({
  name: Type.String(),
  version: Type.Integer(),
  type: Type.String(),
  /** ISO 8601, UTC. */
  createdAt: Type.String(),
  /** The run that logged it first. */
  createdBy: ArtifactRunAnswer,
  aliases: Type.Array(Type.String()),
  /** The size of the content that is kept. */
  bytes: Type.Integer(),
  /** The number of its files. */
  files: Type.Integer(),
  /** The number of runs that have used it. */
  users: Type.Integer(),
});
export type ArtifactVersionAnswer = Static<typeof ArtifactVersionAnswer>;

export const ArtifactsAnswer = Type.Object({
  /** The number of artifacts. */
  total: Type.Integer(),
  offset: Type.Integer(),
  /** By name. */
  artifacts: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      /** The number of versions that are there. */
      versions: Type.Integer(),
      /** The size of all contents, each counted once. */
      bytes: Type.Integer(),
      newest: Nullable(ArtifactVersionAnswer),
      problems: Type.Array(ArtifactProblemAnswer),
    }),
  ),
});
export type ArtifactsAnswer = Static<typeof ArtifactsAnswer>;

export const ArtifactAnswer = Type.Object({
  name: Type.String(),
  /** The number of versions that are there. */
  total: Type.Integer(),
  offset: Type.Integer(),
  /** The newest first. */
  versions: Type.Array(ArtifactVersionAnswer),
  problems: Type.Array(ArtifactProblemAnswer),
});
export type ArtifactAnswer = Static<typeof ArtifactAnswer>;

/** The first of several names, and the number of those beyond. */
const Some = <T extends Parameters<typeof Type.Array>[0]>(item: T) =>
  Type.Object({ first: Type.Array(item), left: Type.Integer() });

export const ArtifactVersionDetails = Type.Object({
  version: ArtifactVersionAnswer,
  digest: Type.String(),
  lineage: Type.Object({
    /** The runs that have logged it, first the one that made it. */
    loggedBy: Some(ArtifactRunAnswer),
    usedBy: Some(ArtifactRunAnswer),
    /** The versions that it comes from, and that come from it, as `model:v3`; near ones first. */
    ancestors: Some(Type.String()),
    descendants: Some(Type.String()),
    /** Versions that runs have used or logged, and that run.yaml had no room for. */
    leftOut: Type.Integer(),
  }),
  /** The number of files. */
  total: Type.Integer(),
  offset: Type.Integer(),
  files: Type.Array(
    Type.Object({
      path: Type.String(),
      bytes: Nullable(Type.Integer()),
      sha256: Type.String(),
      /** The address of a reference, whose content is not kept. */
      url: Nullable(Type.String()),
    }),
  ),
});
export type ArtifactVersionDetails = Static<typeof ArtifactVersionDetails>;
