import { type Static, Type } from '@sinclair/typebox';
import { Nullable } from './api-types.js';

/** A definition of metrics, as `run.defineMetric` takes it. */
const MetricDefinitionAnswer = Type.Object({
  goal: Type.Optional(Type.Union([Type.Literal('min'), Type.Literal('max')])),
  /** The metric that is the x axis; `step` and `time` are steps and seconds. */
  x: Type.Optional(Type.String()),
  summary: Type.Optional(
    Type.Union((['last', 'best', 'min', 'max', 'mean'] as const).map((each) => Type.Literal(each))),
  ),
});

/** A version of an artifact, as a run has recorded it. */
const ArtifactLinkAnswer = Type.Object({ type: Type.String(), digest: Type.String(), at: Type.String() });

/** A run as `expman list --json` has it; `error` says why a run is UNREADABLE. */
export const RunFactsAnswer = Type.Object({
  experiment: Type.String(),
  run: Type.String(),
  /** Its folder. */
  runDir: Type.Optional(Type.String()),
  uuid: Type.Optional(Type.String()),
  /** The project of its experiment. */
  project: Type.Optional(Nullable(Type.String())),
  /** RUNNING, FINISHED, FAILED, INTERRUPTED, CRASHED or UNREADABLE. */
  status: Type.String(),
  /** Present if its process is on another host and may or may not be running. */
  owner: Type.Optional(Type.Literal('unsure')),
  startedAt: Type.Optional(Type.String()),
  endedAt: Type.Optional(Type.String()),
  durationMs: Type.Optional(Type.Number()),
  rows: Type.Optional(Type.Integer()),
  /** Calls that are known to be lost. */
  lost: Type.Optional(Type.Integer()),
  tags: Type.Optional(Type.Array(Type.String())),
  notes: Type.Optional(Type.String()),
  group: Type.Optional(Nullable(Type.String())),
  rank: Type.Optional(Type.Integer()),
  /** Of a fork: the run it began from, and the last step that belongs to it. */
  parent: Type.Optional(Type.Object({ experiment: Type.String(), run: Type.String(), step: Type.Unknown() })),
  /** Nested as they were logged. */
  params: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  /** By name: last, count, min, max, mean, minStep, maxStep, nan, texts. */
  metrics: Type.Optional(Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()))),
  /** Values of the run as a whole, by name. */
  summary: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  /** The names of the summary values that are shown first. */
  headline: Type.Optional(Type.Array(Type.String())),
  /** Goals, x axes and statistics of metrics, by name or pattern. */
  definitions: Type.Optional(Type.Record(Type.String(), MetricDefinitionAnswer)),
  /** The versions of artifacts that it has logged and used, by name and version: `model:v3`. */
  loggedArtifacts: Type.Optional(Type.Record(Type.String(), ArtifactLinkAnswer)),
  usedArtifacts: Type.Optional(Type.Record(Type.String(), ArtifactLinkAnswer)),
  /** Such versions that run.yaml had no room for. */
  artifactLinksLeftOut: Type.Optional(Type.Integer()),
  /** In the order they were raised. */
  alerts: Type.Optional(
    Type.Array(
      Type.Object({
        id: Type.String(),
        at: Type.String(),
        /** info, warn or error. */
        level: Type.String(),
        title: Type.String(),
        text: Type.String(),
        repeats: Type.Integer(),
        /** none, unsent or sent. */
        delivery: Type.String(),
        sentAt: Nullable(Type.String()),
      }),
    ),
  ),
  /** Alerts that are only counted. */
  alertsLeftOut: Type.Optional(Type.Integer()),
  error: Type.Optional(Type.Unknown()),
});
export type RunFactsAnswer = Static<typeof RunFactsAnswer>;
/** `GET /api/runs/:experiment/:run`: the details of a run. */
export const RunAnswer = Type.Object({
  facts: RunFactsAnswer,
  /** The columns of its rows. */
  fields: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
  /** Commit, host, Node, command and so on, as in `run.yaml`. */
  environment: Type.Record(Type.String(), Type.Unknown()),
  files: Type.Array(Type.Object({ name: Type.String(), bytes: Type.Integer() })),
  /**
   * Calls that are known to be lost: how many, at most or exactly, and the file that revealed it.
   */
  losses: Type.Array(
    Type.Object({
      calls: Type.Integer(),
      isAtMost: Type.Boolean(),
      others: Type.Integer(),
      file: Type.String(),
    }),
  ),
  artifacts: Type.Array(
    Type.Object({ name: Type.String(), bytes: Type.Integer(), sha256: Type.String(), href: Type.String() }),
  ),
  media: Type.Array(
    Type.Object({
      name: Type.String(),
      /** image, table, audio, video, text or file, as it was logged. */
      kind: Type.String(),
      step: Nullable(Type.Number()),
      bytes: Type.Integer(),
      caption: Nullable(Type.String()),
      /** True if its bytes are a PNG, JPEG, GIF or WebP, which the page may show. */
      isImage: Type.Boolean(),
      href: Type.String(),
    }),
  ),
  hasSystemMetrics: Type.Boolean(),
  /** The last 1,000, in the order in which they were saved. */
  checkpoints: Type.Array(
    Type.Object({
      /** Text beyond 2^53. */
      step: Type.Union([Type.Number(), Type.String()]),
      bytes: Type.Integer(),
      savedAt: Type.String(),
      /** The rules by which checkpoints were to stay when it was saved: `last 3`. */
      keep: Type.Array(Type.String()),
      /** The values by which it is ranked, by metric; NaN and infinities as text. */
      values: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String()])),
      /** What is wrong with its file; null if it is there in full size. */
      problem: Nullable(Type.String()),
    }),
  ),
  /** The number of checkpoints before those. */
  checkpointsLeftOut: Type.Integer(),
  /** Why the list of checkpoints cannot be read; null if it can. */
  checkpointsProblem: Nullable(Type.String()),
  /** Of a fork: the runs that it comes from, its parent first. */
  lineage: Type.Array(
    Type.Object({
      experiment: Type.String(),
      run: Type.String(),
      step: Type.Union([Type.Number(), Type.String()]),
      /** `experiment/run` where it is now; null if it has no page here. */
      id: Nullable(Type.String()),
      /** True if the fork has a copy of it in its own folder. */
      isCopy: Type.Boolean(),
      /** Why its rows are missing; null if they are there. */
      problem: Nullable(Type.String()),
    }),
  ),
});
export type RunAnswer = Static<typeof RunAnswer>;
