/**
 * The protocol between the dashboard's server and its page: one schema, from which the server
 * checks requests, both sides derive their types, and the specs check answers.
 *
 * All answers but files are JSON; errors are {@link ApiError} with an HTTP status. A run is named
 * `experiment/run`. Numbers that JSON cannot express (NaN, infinities, integers beyond 2^53) are
 * text in facts, and null with an entry in `nonFinite` in series.
 */
import { type Static, Type } from '@sinclair/typebox';
import { RunFactsAnswer } from './api-run.js';
import { Nullable } from './api-types.js';

export * from './api-artifacts.js';
export * from './api-history.js';
export * from './api-run.js';

/**
 * Limits of one answer and of one change.
 *
 * @bound refuses: HTTP 400 for a question that asks for more; an answer that is cut says of how
 * many
 */
export const LIMITS = {
  ...{ runs: 1000, points: 5000, seriesRuns: 100, logLines: 5000, liveRuns: 100 },
  ...{ tags: 1000, tagLength: 128, notesLength: 65_536 },
} as const;

const Id = Type.String({ minLength: 3, maxLength: 300 });
const Whole = (maximum: number, standard: number) => Type.Integer({ minimum: 0, maximum, default: standard });

/** `GET /api/server`: the facts that the page needs first. */
export const ServerFacts = Type.Object({
  version: Type.String(),
  /** The folder's last name. */
  title: Type.String(),
  /** True if tags and notes may be changed (`--write`). */
  writable: Type.Boolean(),
  /**
   * The value of `X-Expman-Write` for requests that change something; null for a read-only server.
   */
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
  /** ISO 8601, of the run that began last; null if there is none. */
  lastStartedAt: Nullable(Type.String()),
  hasSweep: Type.Boolean(),
  /** Its project; null for none. */
  project: Nullable(Type.String()),
});
export type ExperimentFacts = Static<typeof ExperimentFacts>;
export const ExperimentsAnswer = Type.Object({ experiments: Type.Array(ExperimentFacts) });

/** `GET /api/runs`: the filter and order of runs, and the page of them to return. */
export const RunsRequest = Type.Object({
  experiment: Type.Optional(Type.String({ maxLength: 128 })),
  /** The language of `expman list --where`. */
  where: Type.Optional(Type.String({ maxLength: 4000 })),
  /** A field of that language, with `-` before it for descending order; default `-startedAt`. */
  sort: Type.Optional(Type.String({ maxLength: 400 })),
  offset: Whole(10_000_000, 0),
  limit: Whole(LIMITS.runs, 100),
});
export type RunsRequest = Static<typeof RunsRequest>;

export const RunsAnswer = Type.Object({
  /** The number of runs that match. */
  total: Type.Integer(),
  offset: Type.Integer(),
  runs: Type.Array(RunFactsAnswer),
  /**
   * The keys of parameters (dotted), metrics and summary values in all matching runs, for columns,
   * axes and grouping; at most 1,000 each.
   */
  paramKeys: Type.Array(Type.String()),
  metricKeys: Type.Array(Type.String()),
  summaryKeys: Type.Array(Type.String()),
  /** Those summary values that are shown first in some of the runs. */
  headlineKeys: Type.Array(Type.String()),
  /** The number of names beyond those 1,000 each; absent for 0. */
  keysLeftOut: Type.Optional(Type.Integer()),
});
export type RunsAnswer = Static<typeof RunsAnswer>;

/** `PATCH /api/runs/:experiment/:run`, only with `--write`. */
export const RunChange = Type.Object(
  {
    // The limits of a run, so that existing values can be sent back.
    tags: Type.Optional(Type.Array(Type.String({ maxLength: LIMITS.tagLength }), { maxItems: LIMITS.tags })),
    notes: Type.Optional(Type.String({ maxLength: LIMITS.notesLength })),
  },
  { additionalProperties: false },
);
export type RunChange = Static<typeof RunChange>;

/** `GET /api/series`: metrics of runs as curves. */
export const SeriesRequest = Type.Object({
  /** `experiment/run`, comma-separated. */
  runs: Type.String({ minLength: 3, maxLength: 30_000 }),
  /** Repeated for each metric. */
  metric: Type.Array(Type.String({ maxLength: 1000 }), { minItems: 1, maxItems: 50 }),
  /**
   * `step`, `time` (seconds since the run began), or `metric:NAME`: its value in the same row, else
   * the latest finite one that was logged before it.
   */
  x: Type.String({ default: 'step', maxLength: 1010 }),
  from: Type.Optional(Type.Number()),
  to: Type.Optional(Type.Number()),
  /**
   * The maximum number of points per curve: the first, least, greatest and last value of each
   * stretch.
   */
  points: Type.Integer({ minimum: 8, maximum: LIMITS.points, default: 1000 }),
});
export type SeriesRequest = Static<typeof SeriesRequest>;

const NonFinite = Type.Array(Type.Tuple([Type.Integer(), Type.String()]));
const Stretches = Type.Array(Type.Tuple([Type.Integer(), Type.Integer(), Type.Number()]));

/** A curve: `x` and `y` are equally long and ordered by `x`. */
export const Series = Type.Object({
  run: Id,
  metric: Type.String(),
  x: Type.Array(Type.Number()),
  /** null if the value was not a finite number: `nonFinite` has it. */
  y: Type.Array(Nullable(Type.Number())),
  /** Index in `x`, and the value: NaN, Infinity or -Infinity. */
  nonFinite: NonFinite,
  /**
   * The stretches of a thinned curve: the index in `x` where each ends, how many finite values it
   * stands for, and their mean.
   */
  stretches: Stretches,
  /** The number of values in the requested range; all of them are here if `isExact`. */
  values: Type.Integer(),
  isExact: Type.Boolean(),
});
export type Series = Static<typeof Series>;
export const SeriesAnswer = Type.Object({
  series: Type.Array(Series),
  /**
   * The time up to which each run was read: live points up to then are in the curves. Milliseconds
   * since the epoch.
   */
  readUntil: Type.Record(Type.String(), Type.Number()),
  /** Runs that could not be read. */
  failed: Type.Array(Type.Object({ run: Type.String(), code: Type.String(), message: Type.String() })),
});
export type SeriesAnswer = Static<typeof SeriesAnswer>;

/** `GET /api/runs/:experiment/:run/logs`. */
export const LogsRequest = Type.Object({
  /** silly, debug, verbose, http, info, warn or error: that level and more severe ones. */
  level: Type.Optional(Type.String({ maxLength: 10 })),
  /** Text that a line must contain, ignoring case. */
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

/**
 * `GET /api/runs/:experiment/:run/system`: samples of the machine; x in seconds since the run
 * began.
 */
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

/**
 * `GET /api/runs/:experiment/:run/histograms?metric=NAME`: at most 100, spread evenly over the
 * steps, including the first and the last.
 */
export const HistogramsRequest = Type.Object({ metric: Type.String({ maxLength: 1000 }) });
export const HistogramsAnswer = Type.Object({
  /**
   * The number of values of the metric; the histograms are a sample of them if there are over 100.
   */
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

/**
 * `GET /api/experiments/:experiment/sweep`: the contents of `sweep.yaml` (space, metric, mode,
 * trials, best); 404 if there is none.
 */
export const SweepAnswer = Type.Object({ sweep: Type.Record(Type.String(), Type.Unknown()) });
export type SweepAnswer = Static<typeof SweepAnswer>;

/**
 * `GET /api/live?runs=a/b,c/d&metric=loss&logs=1` is a stream of server-sent events:
 *
 * - `points` ({@link LivePoints}): new points of one run; each has an id, so that a broken stream
 * resumes after it (`Last-Event-ID`, which the browser sends by itself, or `since=` for a stream
 * that replaces it);
 * - `logs` ({@link LiveLogs}): new lines of its log;
 * - `run` ({@link RunFactsAnswer}): a run has changed (status, rows, summaries), at most once a
 * second;
 * - `reset` ({@link LiveReset}): missed events are no longer available; read the curves of the run
 * again;
 * - `here`: all missed events have been sent; the next ones are new;
 * - `runs`: the list of runs has changed, request it again (the only event without `runs=`).
 */
export const LiveRequest = Type.Object({
  runs: Type.Optional(Type.String({ maxLength: 30_000 })),
  metric: Type.Array(Type.String({ maxLength: 1000 }), { maxItems: 50, default: [] }),
  logs: Type.Optional(Type.Literal('1')),
  since: Type.Optional(Type.String({ maxLength: 100 })),
});
export type LiveRequest = Static<typeof LiveRequest>;

/**
 * New points in order of arrival; if more arrived than can be drawn, the first, least, greatest and
 * last of each stretch.
 */
export const LivePoints = Type.Object({
  run: Id,
  series: Type.Array(
    Type.Object({
      metric: Type.String(),
      /** null for rows without a step. */
      step: Type.Array(Nullable(Type.Number())),
      /** Milliseconds since the epoch. */
      time: Type.Array(Type.Number()),
      /** null if the value was not a finite number: `nonFinite` has it. */
      value: Type.Array(Nullable(Type.Number())),
      /** As in {@link Series}. */
      nonFinite: NonFinite,
      stretches: Stretches,
      /** The number of values that arrived; all of them are here if `isExact`. */
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

/**
 * Any error. `code` is stable: UNAUTHORISED, FORBIDDEN, NOT_FOUND, BUSY, TOO_LARGE,
 * INVALID_REQUEST, or a code of `ExpmanError`.
 */
export const ApiError = Type.Object({
  code: Type.String(),
  message: Type.String(),
  /** For a `where` that does not parse: the position of the error, from 0. */
  at: Type.Optional(Type.Integer()),
});
export type ApiError = Static<typeof ApiError>;
