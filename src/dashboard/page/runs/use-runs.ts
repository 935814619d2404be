import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RunFactsAnswer, RunsAnswer, RunsRequest } from '../../api.js';
import { type Api, type ApiFailure, failureOf } from '../api/api.js';
import { usePage } from '../api/use-api.js';
import { RunPages } from './run-pages.js';

/** The runs that match, of which those are here that were looked at. */
export interface RunsWindow {
  readonly state: 'loading' | 'there' | 'failed';
  readonly failure: ApiFailure | null;
  readonly total: number;
  readonly paramKeys: readonly string[];
  readonly metricKeys: readonly string[];
  /** Names of parameters and metrics beyond those. */
  readonly keysLeftOut: number;
  /** undefined while it is on its way. */
  readonly at: (index: number) => RunFactsAnswer | undefined;
  /** Has the runs of a stretch read. */
  readonly look: (from: number, to: number) => void;
  /** Has what is looked at read again; what is shown stays until it is here. */
  readonly reload: () => void;
  /** Goes up whenever something has come. */
  readonly version: number;
}

/** Reads the runs of a query page by page, as the table is scrolled. */
export function useRuns(query: Omit<RunsRequest, 'offset' | 'limit'>, pageSize: number): RunsWindow {
  const { api } = usePage();
  const key = JSON.stringify([query, pageSize]);
  const [version, setVersion] = useState(0);
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  // What is shown: the answer before stays until the next one is here, and while a filter makes no sense.
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
