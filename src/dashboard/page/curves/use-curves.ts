import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Span } from '../../../pure/span.js';
import type { LivePoints, RunFactsAnswer, SeriesAnswer } from '../../api.js';
import { type Api, type ApiFailure, failureOf, type SeriesQuery } from '../api/api.js';
import { usePage } from '../api/use-api.js';
import { runId } from '../facts/run-values.js';
import type { Axes, Axis } from './axes.js';
import { type Curve, withDetail } from './curve.js';
import { isOvergrown, isWithoutPlace, withLive } from './live-points.js';

/** The curves to show. */
export interface CurvesQuery {
  readonly runs: readonly string[];
  readonly metrics: readonly string[];
  readonly axes: Axes;
  /** The stretch of one axis that is zoomed to; null for whole curves. */
  readonly view: { readonly axis: Axis; readonly span: Span } | null;
  /** Facts of the runs: `time` counts from their start. */
  readonly facts: ReadonlyMap<string, RunFactsAnswer>;
}

/** The curves that have been read so far. */
export interface CurvesView {
  readonly state: 'loading' | 'there' | 'failed';
  readonly failure: ApiFailure | null;
  readonly curves: readonly Curve[];
  /** Runs that could not be read. */
  readonly failed: SeriesAnswer['failed'];
  readonly again: () => void;
}

/** The least time between two reads of a curve that new points cannot continue. */
const REREAD_MS = 2000;
/**
 * Reports of new points that are kept until the curves have arrived: some minutes of ten runs.
 *
 * @bound loses nothing: if more have arrived, the curves are read again
 */
const MAX_EARLY = 5000;

/** Reads curves whole, and the zoomed stretch in detail, and adds new points to both. */
export function useCurves({ runs, metrics, axes, view, facts }: CurvesQuery): CurvesView {
  const { api } = usePage();
  const whole = [...new Set(metrics.map(axes.of))].map((x): SeriesQuery => ({
    runs,
    metrics: metrics.filter((metric) => axes.of(metric) === x),
    x,
  }));
  const base = useSeries(api, whole);
  const detail = useSeries(
    api,
    view === null ? [] : whole.filter(({ x }) => x === view.axis).map((each) => ({ ...each, ...view.span })),
  );
  useLive(api, { runs, metrics }, facts, [base, detail]);
  const curves = useMemo(() => {
    const details = new Map(detail.answer.series.map((curve) => [keyOf(curve), curve]));
    const read = detail.view;
    return base.answer.series.map((curve) => {
      const more = details.get(keyOf(curve));
      return more === undefined || read === null ? curve : withDetail(curve, more, read);
    });
  }, [base.answer, detail.answer]);
  return {
    ...{ curves, failed: base.answer.failed, failure: base.failure, again: base.again },
    state:
      base.failure !== null ? 'failed' : base.answer === NOTHING && runs.length > 0 ? 'loading' : 'there',
  };
}

const keyOf = ({ run, metric }: Pick<Curve, 'run' | 'metric'>): string => JSON.stringify([run, metric]);

/** The answers to the questions about several axes, put together. */
interface CurvesAnswer {
  readonly series: readonly Curve[];
  readonly failed: SeriesAnswer['failed'];
  /** By metric: the axis of its curves, and the time up to which each run was read for them. */
  readonly parts: ReadonlyMap<string, { readonly x: Axis } & Pick<SeriesAnswer, 'readUntil'>>;
}

const NOTHING: CurvesAnswer = { series: [], failed: [], parts: new Map() };

interface SeriesView {
  readonly answer: CurvesAnswer;
  /** The stretch that was read; null for whole curves. */
  readonly view: Span | null;
  readonly failure: ApiFailure | null;
  readonly again: () => void;
  readonly append: (points: LivePoints, startedAt: string | undefined) => void;
}

/** Asks for the curves of each axis. The previous answer stays until the next one arrives. */
function useSeries(api: Api, queries: readonly SeriesQuery[]): SeriesView {
  const key = JSON.stringify(queries);
  const [known, setKnown] = useState<Omit<SeriesView, 'again' | 'append'>>({
    ...{ answer: NOTHING, view: null, failure: null },
  });
  const [turn, setTurn] = useState(0);
  // Points logged after the curves were read may be reported before the curves arrive.
  const early = useRef<Parameters<SeriesView['append']>[] | null>(null);
  useEffect(() => {
    early.current = [];
    const asked = (JSON.parse(key) as SeriesQuery[]).filter(({ runs }) => runs.length > 0);
    if (asked.length === 0) {
      setKnown({ answer: NOTHING, view: null, failure: null });
      return;
    }
    const control = new AbortController();
    const { from, to } = asked[0]!;
    const view = from === undefined || to === undefined ? null : { from, to };
    readAll(api, asked, control.signal).then(
      (read) => {
        if (control.signal.aborted) return;
        const missed = early.current ?? [];
        early.current = null;
        const answer = missed.reduce((before, points) => appended(before, ...points), read);
        setKnown({ answer, view, failure: null });
        // Points beyond that number are in the files by now.
        if (missed.length === MAX_EARLY) again();
      },
      (error: unknown) =>
        control.signal.aborted || setKnown((before) => ({ ...before, failure: failureOf(error) })),
    );
    return () => control.abort();
  }, [api, key, turn]);
  const again = useThrottled(() => setTurn((before) => before + 1));
  const append: SeriesView['append'] = (points, startedAt) => {
    if (early.current !== null && early.current.length < MAX_EARLY) early.current.push([points, startedAt]);
    setKnown((before) => {
      const answer = appended(before.answer, points, startedAt);
      if (
        answer.series.some(isOvergrown) ||
        points.series.some((each) => isLost(each, before.answer, startedAt))
      )
        again();
      return answer === before.answer ? before : { ...before, answer };
    });
  };
  return { ...known, again, append };
}

async function readAll(
  api: Api,
  queries: readonly SeriesQuery[],
  signal: AbortSignal,
): Promise<CurvesAnswer> {
  const answers = await Promise.all(
    queries.map(async (query) => ({ query, ...(await api.series(query, signal)) })),
  );
  const failed = new Map(answers.flatMap((each) => each.failed.map((failure) => [failure.run, failure])));
  return {
    series: answers.flatMap(({ series }) => series),
    failed: [...failed.values()],
    parts: new Map(
      answers.flatMap(({ query: { metrics, x }, readUntil }) =>
        metrics.map((metric) => [metric, { x, readUntil }] as const),
      ),
    ),
  };
}

/** True if live points cannot continue their curve, which must be read again. */
function isLost(
  points: LivePoints['series'][number],
  { parts }: CurvesAnswer,
  startedAt: string | undefined,
): boolean {
  const x = parts.get(points.metric)?.x;
  if (x === undefined) return false;
  // The values of another metric in those rows are not known.
  if (x !== 'step' && x !== 'time') return true;
  return (x === 'time' && startedAt === undefined) || isWithoutPlace(points, { x });
}

function appended(
  answer: CurvesAnswer,
  { run, series }: LivePoints,
  startedAt: string | undefined,
): CurvesAnswer {
  const arrived = new Map(series.map((each) => [each.metric, each]));
  const next = answer.series.map((curve) => {
    const points = curve.run === run ? arrived.get(curve.metric) : undefined;
    const { x, readUntil } = answer.parts.get(curve.metric) ?? {};
    const until = readUntil?.[run];
    if (points === undefined || until === undefined || (x !== 'step' && x !== 'time')) return curve;
    if (x === 'time' && startedAt === undefined) return curve;
    return withLive(curve, points, { x, startedAtMs: Date.parse(startedAt ?? ''), readUntil: until });
  });
  const isChanged = next.some((curve, index) => curve !== answer.series[index]);
  return isChanged ? { ...answer, series: next } : answer;
}

/** Limits how often a task runs. */
function useThrottled(task: () => void): () => void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(task);
  latest.current = task;
  useEffect(() => () => clearTimeout(timer.current), []);
  return () => {
    if (timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      latest.current();
    }, REREAD_MS);
  };
}

/** Listens for new points, and reads curves again that they cannot continue. */
function useLive(
  api: Api,
  { runs, metrics }: Pick<CurvesQuery, 'runs' | 'metrics'>,
  facts: CurvesQuery['facts'],
  views: readonly SeriesView[],
): void {
  const latest = useRef({ facts, views });
  latest.current = { facts, views };
  const key = JSON.stringify([runs, metrics]);
  useEffect(() => {
    if (runs.length === 0 || metrics.length === 0) return;
    const again = (): void => latest.current.views.forEach((view) => view.again());
    return api.live(
      { runs, metrics, logs: false },
      {
        points: (points) => {
          const startedAt = latest.current.facts.get(points.run)?.startedAt;
          for (const view of latest.current.views) view.append(points, startedAt);
        },
        reset: again,
        // Points logged between the reading of the curves and now would be missing.
        open: (wasOpen) => {
          const isOpen = runs.some((run) => latest.current.facts.get(run)?.status === 'RUNNING');
          if (wasOpen || isOpen) again();
        },
      },
    );
  }, [api, key]);
}

/** The facts of runs by their name. */
export const factsById = (runs: readonly RunFactsAnswer[]): ReadonlyMap<string, RunFactsAnswer> =>
  new Map(runs.map((facts) => [runId(facts), facts]));
