import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { ServerFacts } from '../../api.js';
import { type Api, type ApiFailure, failureOf } from './api.js';

/** Values that every part of the page can use. */
export interface PageContext {
  readonly api: Api;
  readonly server: ServerFacts;
}

export const PageContext = createContext<PageContext | null>(null);

export function usePage(): PageContext {
  const page = useContext(PageContext);
  if (page === null) throw new Error('usePage must be called below PageContext');
  return page;
}

/** The state of a request; `last` is the previous answer while the next one is loading. */
export type Asked<T> =
  | { readonly state: 'loading'; readonly last: T | undefined }
  | { readonly state: 'failed'; readonly failure: ApiFailure }
  | { readonly state: 'there'; readonly answer: T };

/**
 * Sends a request whenever `key` changes, and again on demand; answers that arrive too late are
 * dropped.
 */
export function useAsked<T>(
  key: string,
  ask: (api: Api, signal: AbortSignal) => Promise<T>,
): readonly [asked: Asked<T>, again: () => void] {
  const { api } = usePage();
  const [asked, setAsked] = useState<Asked<T>>({ state: 'loading', last: undefined });
  const [turn, setTurn] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  const answered = useRef<string | null>(null);
  useEffect(() => {
    const control = new AbortController();
    setAsked((before) => ({ state: 'loading', last: answerOf(before) }));
    latest.current(api, control.signal).then(
      (answer) => {
        if (control.signal.aborted) return;
        answered.current = key;
        setAsked({ state: 'there', answer });
      },
      (error: unknown) => {
        if (control.signal.aborted) return;
        const failure = failureOf(error);
        // The page has a notice for an expired address: the answer to the same question stays below it.
        const stays = failure.status === 401 && answered.current === key;
        setAsked((before) => {
          const last = answerOf(before);
          return stays && last !== undefined
            ? { state: 'there', answer: last }
            : { state: 'failed', failure };
        });
      },
    );
    return () => control.abort();
  }, [api, key, turn]);
  return [asked, useCallback(() => setTurn((before) => before + 1), [])];
}

/** Returns the answer, or the previous one while loading; undefined if there is none. */
export function answerOf<T>(asked: Asked<T>): T | undefined {
  switch (asked.state) {
    case 'there':
      return asked.answer;
    case 'loading':
      return asked.last;
    case 'failed':
      return undefined;
  }
}

/** Applies a function to each answer. */
export function mapped<T, R>(asked: Asked<T>, change: (answer: T) => R): Asked<R> {
  switch (asked.state) {
    case 'there':
      return { state: 'there', answer: change(asked.answer) };
    case 'loading':
      return { state: 'loading', last: asked.last === undefined ? undefined : change(asked.last) };
    case 'failed':
      return asked;
  }
}
