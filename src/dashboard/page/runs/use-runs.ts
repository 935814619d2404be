import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RunFactsAnswer, RunsAnswer, RunsRequest } from '../../api.js';
import { type Api, type ApiFailure, failureOf } from '../api/api.js';
import { usePage } from '../api/use-api.js';
import { RunPages } from './run-pages.js';

/** The runs that match; only those that were viewed are loaded. */
export interface RunsWindow {
  readonly state: 'loading' | 'there' | 'failed';
  readonly failure: ApiFailure | null;
  readonly total: number;
  readonly paramKeys: readonly string[];
  readonly metricKeys: readonly string[];
  readonly summaryKeys: readonly string[];
  /** The summary values that are shown first in some of the runs. */
  readonly headlineKeys: readonly string[];
  /** The number of parameters, metrics and summary values beyond those. */
  readonly keysLeftOut: number;
  /** Returns undefined while it is loading. */
  readonly at: (index: number) => RunFactsAnswer | undefined;
  /** Loads the runs of a stretch. */
  readonly look: (from: number, to: number) => void;
  /** Loads the viewed runs again; the current ones stay until the new ones arrive. */
  readonly reload: () => void;
  /** Increases whenever an answer arrives. */
  readonly version: number;
}

/** Reads the runs of a query page by page, as the table is scrolled. */
export function useRuns(query: Omit<RunsRequest, 'offset' | 'limit'>, pageSize: number): RunsWindow {
  const { api } = usePage();
  const key = JSON.stringify([query, pageSize]);
  const [version, setVersion] = useState(0);
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  // The pages being shown: they stay until the next answer arrives, and while a filter is invalid.
  const shown = useRef<{ readonly answer: RunsAnswer; readonly pages: RunPages } | null>(null);
  const pages = useMemo(() => {
    const made: RunPages = new RunPages(askPage(api, JSON.parse(key) as QueryKey), pageSize, {
      arrived: (answer) => {
        shown.current = { answer, pages: made };
        setFailure(null);
        setVersion((before) => before + 1);
      },
      failed: (error) => setFailure(failureOf(error)),
    });
    return made;
  }, [api, key, pageSize]);
  useEffect(() => {
    pages.look(0, pageSize);
    return () => pages.close();
  }, [pages, pageSize]);
  return {
    state: failure !== null ? 'failed' : shown.current === null ? 'loading' : 'there',
    failure,
    total: shown.current?.answer.total ?? 0,
    paramKeys: shown.current?.answer.paramKeys ?? [],
    metricKeys: shown.current?.answer.metricKeys ?? [],
    summaryKeys: shown.current?.answer.summaryKeys ?? [],
    headlineKeys: shown.current?.answer.headlineKeys ?? [],
    keysLeftOut: shown.current?.answer.keysLeftOut ?? 0,
    at: useCallback((index) => shown.current?.pages.at(index), []),
    look: useCallback((from, to) => pages.look(from, to), [pages]),
    reload: useCallback(() => pages.reload(), [pages]),
    version,
  };
}

type QueryKey = readonly [query: Omit<RunsRequest, 'offset' | 'limit'>, pageSize: number];

const askPage =
  (api: Api, [query]: QueryKey) =>
  (offset: number, limit: number, signal: AbortSignal): Promise<RunsAnswer> =>
    api.runs({ ...query, offset, limit }, signal);
