import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Span } from '../../../pure/span.js';
import type { LivePoints, RunFactsAnswer, SeriesAnswer } from '../../api.js';
import { type Api, type ApiFailure, failureOf, type SeriesQuery } from '../api/api.js';
import { usePage } from '../api/use-api.js';
import { runId } from '../facts/run-values.js';
import { type Curve, withDetail } from './curve.js';
import { isOvergrown, isWithoutPlace, withLive } from './live-points.js';

/** The curves to show. */
export interface CurvesQuery {
  readonly runs: readonly string[];
  readonly metrics: readonly string[];
  /** `step`, `time` or `metric:NAME`. */
  readonly x: string;
  /** The stretch that is zoomed to; null for the whole curve. */
  readonly view: Span | null;
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
const NOTHING: SeriesAnswer = { series: [], readUntil: {}, failed: [] };

/** Reads curves whole, and the zoomed stretch in detail, and adds new points to both. */
export function useCurves({ runs, metrics, x, view, facts }: CurvesQuery): CurvesView {
  const { api } = usePage();
  const base = useSeries(api, { runs, metrics, x });
  const detail = useSeries(api, view === null ? null : { runs, metrics, x, ...view });
  useLive(api, { runs, metrics, x }, facts, [base, detail]);
  const curves = useMemo(() => {
    const details = new Map(detail.answer.series.map((curve) => [keyOf(curve), curve]));
    const read = detail.query?.view;
    return base.answer.series.map((curve) => {
      const more = details.get(keyOf(curve));
      return more === undefined || read == null ? curve : withDetail(curve, more, read);
    });
  }, [base.answer, detail.answer]);
  return {
    ...{ curves, failed: base.answer.failed, failure: base.failure, again: base.again },
    state:
      base.failure !== null ? 'failed' : base.answer === NOTHING && runs.length > 0 ? 'loading' : 'there',
  };
}

const keyOf = ({ run, metric }: Pick<Curve, 'run' | 'metric'>): string => JSON.stringify([run, metric]);

interface CurvesAnswer extends Omit<SeriesAnswer, 'series'> {
  readonly series: readonly Curve[];
}

interface SeriesView {
  readonly answer: CurvesAnswer;
  /** The question that was answered. */
  readonly query: { readonly view: Span | null } | null;
  readonly failure: ApiFailure | null;
  readonly again: () => void;
  readonly append: (points: LivePoints, startedAtMs: number, axis: 'step' | 'time') => void;
}

/** Asks for curves; null asks nothing. The previous answer stays until the next one arrives. */
function useSeries(api: Api, query: SeriesQuery | null): SeriesView {
  const key = JSON.stringify(query);
  const [known, setKnown] = useState<Omit<SeriesView, 'again' | 'append'>>({
    ...{ answer: NOTHING, query: null, failure: null },
  });
  const [turn, setTurn] = useState(0);
  // Points logged after the curves were read may be reported before the curves arrive.
  const early = useRef<Parameters<SeriesView['append']>[] | null>(null);
  useEffect(() => {
    early.current = [];
    const asked = JSON.parse(key) as SeriesQuery | null;
    if (asked === null || asked.runs.length === 0 || asked.metrics.length === 0) {
      setKnown({ answer: NOTHING, query: null, failure: null });
      return;
    }
    const control = new AbortController();
    const view =
      asked.from === undefined || asked.to === undefined ? null : { from: asked.from, to: asked.to };
    api.series(asked, control.signal).then(
      (read) => {
        if (control.signal.aborted) return;
        const missed = early.current ?? [];
        early.current = null;
        const answer = missed.reduce<CurvesAnswer>((before, points) => appended(before, ...points), read);
        setKnown({ answer, query: { view }, failure: null });
        // Points beyond that number are in the files by now.
        if (missed.length === MAX_EARLY) again();
      },
      (error: unknown) =>
        control.signal.aborted || setKnown((before) => ({ ...before, failure: failureOf(error) })),
    );
    return () => control.abort();
  }, [api, key, turn]);
  const again = useThrottled(() => setTurn((before) => before + 1));
  const append: SeriesView['append'] = (points, startedAtMs, axis) => {
    if (early.current !== null && early.current.length < MAX_EARLY)
      early.current.push([points, startedAtMs, axis]);
    setKnown((before) => {
      const answer = appended(before.answer, points, startedAtMs, axis);
      if (answer.series.some(isOvergrown) || points.series.some((each) => isWithoutPlace(each, { x: axis })))
        again();
      return answer === before.answer ? before : { ...before, answer };
    });
  };
  return { ...known, again, append };
}

function appended(
  answer: CurvesAnswer,
  { run, series }: LivePoints,
  startedAtMs: number,
  axis: 'step' | 'time',
): CurvesAnswer {
  const readUntil = answer.readUntil[run];
  if (readUntil === undefined) return answer;
  const arrived = new Map(series.map((each) => [each.metric, each]));
  const next = answer.series.map((curve) => {
    const points = curve.run === run ? arrived.get(curve.metric) : undefined;
    if (points === undefined) return curve;
    return withLive(curve, points, { x: axis, startedAtMs, readUntil });
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
  { runs, metrics, x }: Pick<CurvesQuery, 'runs' | 'metrics' | 'x'>,
  facts: CurvesQuery['facts'],
  views: readonly SeriesView[],
): void {
  const latest = useRef({ facts, views });
  latest.current = { facts, views };
  const key = JSON.stringify([runs, metrics, x]);
  useEffect(() => {
    if (runs.length === 0 || metrics.length === 0) return;
    const again = (): void => latest.current.views.forEach((view) => view.again());
    return api.live(
      { runs, metrics, logs: false },
      {
        points: (points) => {
          const startedAt = latest.current.facts.get(points.run)?.startedAt;
          const needsStart = x === 'time' && startedAt === undefined;
          if ((x !== 'step' && x !== 'time') || needsStart) again();
          else for (const view of latest.current.views) view.append(points, Date.parse(startedAt ?? ''), x);
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
