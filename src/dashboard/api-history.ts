import { type Static, Type } from '@sinclair/typebox';
import { Nullable } from './api-types.js';

/**
 * The most runs that a history shows.
 *
 * @bound refuses: HTTP 400 for `last` above it; an answer that has only the last of more runs says
 * of how many
 */
export const MAX_HISTORY_RUNS = 1000;

/** `GET /api/history`: one figure of many runs, a point for each, as `expman plot --by` draws it. */
export const HistoryRequest = Type.Object({
  experiment: Type.Optional(Type.String({ maxLength: 128 })),
  /** The language of `expman list --where`. */
  where: Type.Optional(Type.String({ maxLength: 4000 })),
  /**
   * A summary value, else a metric by its definition, else a field; by default the headline of the
   * newest run, else its first metric.
   */
  metric: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
  /** The field that orders the runs: `startedAt`, `params.lr`. */
  by: Type.String({ default: 'startedAt', minLength: 1, maxLength: 1010 }),
  /** The number of runs to show: those that started last. */
  last: Type.Integer({ minimum: 1, maximum: MAX_HISTORY_RUNS, default: 100 }),
});
export type HistoryRequest = Static<typeof HistoryRequest>;

/** One run in a history. */
export const HistoryPointAnswer = Type.Object({
  experiment: Type.String(),
  run: Type.String(),
  status: Type.String(),
  owner: Type.Optional(Type.Literal('unsure')),
  startedAt: Type.Optional(Type.String()),
  /** The value of the field; for a date, milliseconds since the epoch. */
  x: Type.Union([Type.Number(), Type.String()]),
  /** The figure; `NaN`, `Infinity` and `-Infinity` as text. */
  value: Type.Union([Type.Number(), Type.String()]),
});
export type HistoryPointAnswer = Static<typeof HistoryPointAnswer>;

export const HistoryAnswer = Type.Object({
  /** The figure that is shown; null if these runs have none. */
  metric: Nullable(Type.String()),
  by: Type.String(),
  /** The kind of axis that `x` is for; on `text` each value has a place of its own. */
  axis: Type.Union((['date', 'number', 'text'] as const).map((each) => Type.Literal(each))),
  /** The direction in which the figure gets better, if that is defined. */
  goal: Type.Union([Type.Literal('min'), Type.Literal('max'), Type.Null()]),
  /** The runs that match. */
  runs: Type.Integer(),
  /** Those of them that have the figure and the field; `points` has the last of these. */
  total: Type.Integer(),
  /** In the order of the field. */
  points: Type.Array(HistoryPointAnswer),
  /** The names of figures that are numbers in some run, headlines first; at most 1,000. */
  figures: Type.Array(Type.String()),
  /** The names of parameters (dotted); at most 1,000. */
  paramKeys: Type.Array(Type.String()),
  /** The number of names beyond those. */
  namesLeftOut: Type.Integer(),
});
export type HistoryAnswer = Static<typeof HistoryAnswer>;
