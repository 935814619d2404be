/**
 * What the server of the dashboard and its page say to each other: one schema, from which the server checks what it is
 * asked, both have their types, and the specs check what is answered.
 *
 * All answers but files are JSON; errors are {@link ApiError} with a status of HTTP. A run is named `experiment/run`.
 * Numbers JSON has not (NaN, infinities, integers beyond 2^53) are text in facts, and null with a place in `nonFinite` in series.
 */
import { type Static, Type } from '@sinclair/typebox';

/**
 * Limits of one answer and of one change.
 *
 * @bound refuses: HTTP 400 for a question that asks for more; an answer that is cut says of how many
 */
export const LIMITS = {
  ...{ runs: 1000, points: 5000, seriesRuns: 100, logLines: 5000, liveRuns: 100 },
  ...{ tags: 1000, tagLength: 128, notesLength: 65_536 },
} as const;

const Id = Type.String({ minLength: 3, maxLength: 300 });
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Union([type, Type.Null()]);
const Whole = (maximum: number, standard: number) => Type.Integer({ minimum: 0, maximum, default: standard });

/** `GET /api/server`: what the page has to know first. */
export const ServerFacts = Type.Object({
  version: Type.String(),
  /** The folder's last name. */
  title: Type.String(),
  /** Whether tags and notes may be changed (`--write`). */
  writable: Type.Boolean(),
  /** To be sent as `X-Expman-Write` with what changes something; null for a server that only reads. */
  writeToken: Nullable(Type.String()),
});
export type ServerFacts = Static<typeof ServerFacts>;

/** `POST /api/session` with the token of the address's fragment: it answers 204 with a cookie. */
export const SessionRequest = Type.Object({ token: Type.String({ maxLength: 200 }) });

/** An experiment in `GET /api/experiments`. */
export const ExperimentFacts = Type.Object({
  name: Type.String(),
  runs: Type.Integer(),
  running: Type.Integer(),
  failed: Type.Integer(),
  unreadable: Type.Integer(),
  /** ISO 8601, of the run that began last; null where there is none. */
  lastStartedAt: Nullable(Type.String()),
  hasSweep: Type.Boolean(),
});
export type ExperimentFacts = Static<typeof ExperimentFacts>;
export const ExperimentsAnswer = Type.Object({ experiments: Type.Array(ExperimentFacts) });

/** `GET /api/runs`: which runs, in which order, and which part of them. */
export const RunsRequest = Type.Object({
  experiment: Type.Optional(Type.String({ maxLength: 128 })),
  /** The language of `expman list --where`. */
  where: Type.Optional(Type.String({ maxLength: 4000 })),
  /** A field of that language, `-` before it from the greatest down; default `-startedAt`. */
  sort: Type.Optional(Type.String({ maxLength: 400 })),
  offset: Whole(10_000_000, 0),
  limit: Whole(LIMITS.runs, 100),
});
export type RunsRequest = Static<typeof RunsRequest>;

/** A run as `expman list --json` has it; `error` says why a run is UNREADABLE. */
export const RunFactsAnswer = Type.Object({
  experiment: Type.String(),
  run: Type.String(),
  /** Its folder. */
  runDir: Type.Optional(Type.String()),
  uuid: Type.Optional(Type.String()),
  /** RUNNING, FINISHED, FAILED, INTERRUPTED, CRASHED or UNREADABLE. */
  status: Type.String(),
  /** Where its process is on another host, and whether it runs is not known. */
  owner: Type.Optional(Type.Literal('unsure')),
  startedAt: Type.Optional(Type.String()),
  endedAt: Type.Optional(Type.String()),
  durationMs: Type.Optional(Type.Number()),
  rows: Type.Optional(Type.Integer()),
  /** Calls that are known to be gone. */
  lost: Type.Optional(Type.Integer()),
  tags: Type.Optional(Type.Array(Type.String())),
  notes: Type.Optional(Type.String()),
  group: Type.Optional(Nullable(Type.String())),
  rank: Type.Optional(Type.Integer()),
  /** Nested as they were logged. */
  params: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  /** By name: last, count, min, max, mean, minStep, maxStep, nan, texts. */
  metrics: Type.Optional(Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()))),
  error: Type.Optional(Type.Unknown()),
});
export type RunFactsAnswer = Static<typeof RunFactsAnswer>;
export const RunsAnswer = Type.Object({
  /** How many runs there are that match. */
  total: Type.Integer(),
  offset: Type.Integer(),
  runs: Type.Array(RunFactsAnswer),
  /** The keys of parameters (dotted) and of metrics in all runs that match, for columns, axes and grouping; at most 1,000 each. */
  paramKeys: Type.Array(Type.String()),
  metricKeys: Type.Array(Type.String()),
  /** Names beyond the 1,000 of parameters and of metrics; absent where there are none. */
  keysLeftOut: Type.Optional(Type.Integer()),
});
export type RunsAnswer = Static<typeof RunsAnswer>;

/** `GET /api/runs/:experiment/:run`: all there is to know of a run. */
export const RunAnswer = Type.Object({
  facts: RunFactsAnswer,
  /** The columns of its rows. */
  fields: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
  /** Commit, host, Node, command and so on, as `run.yaml` has them. */
  environment: Type.Record(Type.String(), Type.Unknown()),
  files: Type.Array(Type.Object({ name: Type.String(), bytes: Type.Integer() })),
  /** Calls that are known to be gone: how many, at most or exactly, and in which file that was seen. */
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
      /** Only where its bytes are those of a PNG, JPEG, GIF or WebP may the page show it. */
      isImage: Type.Boolean(),
      href: Type.String(),
    }),
  ),
  hasSystemMetrics: Type.Boolean(),
});
export type RunAnswer = Static<typeof RunAnswer>;

/** `PATCH /api/runs/:experiment/:run`, with `--write` alone. */
export const RunChange = Type.Object(
  {
    // As much as a run may be given: what it has can be sent back.
    tags: Type.Optional(Type.Array(Type.String({ maxLength: LIMITS.tagLength }), { maxItems: LIMITS.tags })),
    notes: Type.Optional(Type.String({ maxLength: LIMITS.notesLength })),
  },
  { additionalProperties: false },
);
export type RunChange = Static<typeof RunChange>;

/** `GET /api/series`: metrics of runs as curves. */
export const SeriesRequest = Type.Object({
  /** `experiment/run`, several with commas. */
  runs: Type.String({ minLength: 3, maxLength: 30_000 }),
  /** Given once for each metric. */
  metric: Type.Array(Type.String({ maxLength: 1000 }), { minItems: 1, maxItems: 50 }),
  /** `step`, `time` (seconds since the run began), or `metric:NAME`. */
  x: Type.String({ default: 'step', maxLength: 1010 }),
  from: Type.Optional(Type.Number()),
  to: Type.Optional(Type.Number()),
  /** The most points per curve: of each stretch its first, least, greatest and last value. */
  points: Type.Integer({ minimum: 8, maximum: LIMITS.points, default: 1000 }),
});
export type SeriesRequest = Static<typeof SeriesRequest>;

const NonFinite = Type.Array(Type.Tuple([Type.Integer(), Type.String()]));
const Stretches = Type.Array(Type.Tuple([Type.Integer(), Type.Integer(), Type.Number()]));

/** A curve: as many `x` as `y`, in the order of `x`. */
export const Series = Type.Object({
  run: Id,
  metric: Type.String(),
  x: Type.Array(Type.Number()),
  /** null where the value was no finite number: `nonFinite` says which. */
  y: Type.Array(Nullable(Type.Number())),
  /** Index in `x` and what was there: NaN, Infinity or -Infinity. */
  nonFinite: NonFinite,
  /** Of a curve that is thinned, where a stretch of it ends: its index in `x`, how many finite values the stretch is of, their mean. */
  stretches: Stretches,
  /** How many values there are in the range asked for; all of them are here when `isExact`. */
  values: Type.Integer(),
  isExact: Type.Boolean(),
});
export type Series = Static<typeof Series>;
export const SeriesAnswer = Type.Object({
  series: Type.Array(Series),
  /** Until when each run was read: live points up to then are in the curves. Milliseconds since the epoch. */
  readUntil: Type.Record(Type.String(), Type.Number()),
  /** Runs that could not be read. */
  failed: Type.Array(Type.Object({ run: Type.String(), code: Type.String(), message: Type.String() })),
});
export type SeriesAnswer = Static<typeof SeriesAnswer>;

/** `GET /api/runs/:experiment/:run/logs`. */
export const LogsRequest = Type.Object({
  /** silly, debug, verbose, http, info, warn or error: that and graver ones. */
  level: Type.Optional(Type.String({ maxLength: 10 })),
  /** Text that a line holds, whatever its case. */
  text: Type.Optional(Type.String({ maxLength: 1000 })),
  last: Whole(LIMITS.logLines, 500),
});
export const LogLineAnswer = Type.Object({
  timestampMs: Type.Number(),
  level: Type.String(),
  message: Type.String(),
  meta: Type.Record(Type.String(), Type.Unknown()),
});
export type LogLineAnswer = Static<typeof LogLineAnswer>;
export const LogsAnswer = Type.Object({ lines: Type.Array(LogLineAnswer) });
export type LogsAnswer = Static<typeof LogsAnswer>;

/** `GET /api/runs/:experiment/:run/system`: what was sampled of the machine; x in seconds since the run began. */
export const SystemAnswer = Type.Object({
  columns: Type.Array(
    Type.Object({
      name: Type.String(),
      x: Type.Array(Type.Number()),
      y: Type.Array(Nullable(Type.Number())),
    }),
  ),
});
export type SystemAnswer = Static<typeof SystemAnswer>;

/** `GET /api/runs/:experiment/:run/histograms?metric=NAME`: at most 100 of them, evenly over the steps, the first and the last included. */
export const HistogramsRequest = Type.Object({ metric: Type.String({ maxLength: 1000 }) });
export const HistogramsAnswer = Type.Object({
  /** Values of the metric, of which these are some where there are over 100. */
  values: Type.Integer(),
  histograms: Type.Array(
    Type.Object({
      step: Nullable(Type.Number()),
      edges: Type.Array(Type.Number()),
      counts: Type.Array(Type.Number()),
    }),
  ),
});
export type HistogramsAnswer = Static<typeof HistogramsAnswer>;

/** `GET /api/experiments/:experiment/sweep`: `sweep.yaml` as it is (space, metric, mode, trials, best), 404 where it is none. */
export const SweepAnswer = Type.Object({ sweep: Type.Record(Type.String(), Type.Unknown()) });
export type SweepAnswer = Static<typeof SweepAnswer>;

/**
 * `GET /api/live?runs=a/b,c/d&metric=loss&logs=1` is a stream of server-sent events:
 *
 * - `points` ({@link LivePoints}): new points of one run; each has an id, so that a stream that broke resumes after it
 *   (`Last-Event-ID`, which the browser sends by itself, or `since=` for a stream that replaces it);
 * - `logs` ({@link LiveLogs}): new lines of its log;
 * - `run` ({@link RunFactsAnswer}): a run has changed (status, rows, summaries), at most once a second;
 * - `reset` ({@link LiveReset}): what was missed is not known any more; read the curves of the run again;
 * - `here`: what was missed since the event before has been told; what comes now is new;
 * - `runs`: the list of runs has changed, ask for it again (without `runs=` this is all there is to hear).
 */
export const LiveRequest = Type.Object({
  runs: Type.Optional(Type.String({ maxLength: 30_000 })),
  metric: Type.Array(Type.String({ maxLength: 1000 }), { maxItems: 50, default: [] }),
  logs: Type.Optional(Type.Literal('1')),
  since: Type.Optional(Type.String({ maxLength: 100 })),
});
export type LiveRequest = Static<typeof LiveRequest>;

/** New points, in the order they came; where more came than can be drawn, of each stretch the first, least, greatest and last. */
export const LivePoints = Type.Object({
  run: Id,
  series: Type.Array(
    Type.Object({
      metric: Type.String(),
      /** null for rows without a step. */
      step: Type.Array(Nullable(Type.Number())),
      /** Milliseconds since the epoch. */
      time: Type.Array(Type.Number()),
      /** null where the value was no finite number: `nonFinite` says which. */
      value: Type.Array(Nullable(Type.Number())),
      /** As those of {@link Series}. */
      nonFinite: NonFinite,
      stretches: Stretches,
      /** How many values came; all of them are here when `isExact`. */
      values: Type.Integer(),
      isExact: Type.Boolean(),
    }),
  ),
});
export type LivePoints = Static<typeof LivePoints>;
export const LiveLogs = Type.Object({ run: Id, lines: Type.Array(LogLineAnswer) });
export type LiveLogs = Static<typeof LiveLogs>;
export const LiveReset = Type.Object({ run: Id });
export type LiveReset = Static<typeof LiveReset>;

/** Every error. `code` is stable: UNAUTHORISED, FORBIDDEN, NOT_FOUND, BUSY, TOO_LARGE, INVALID_REQUEST, or one of `ExpmanError`'s. */
export const ApiError = Type.Object({
  code: Type.String(),
  message: Type.String(),
  /** For a `where` that does not parse: the character, from 0. */
  at: Type.Optional(Type.Integer()),
});
export type ApiError = Static<typeof ApiError>;
