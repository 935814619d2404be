import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { ServerFacts } from '../../api.js';
import { type Api, type ApiFailure, failureOf } from './api.js';

/** What every part of the page can reach. */
export interface PageContext {
  readonly api: Api;
  readonly server: ServerFacts;
}

export const PageContext = createContext<PageContext | null>(null);

export function usePage(): PageContext {
  const page = useContext(PageContext);
  if (page === null) throw new Error('no part of the page stands outside of it');
  return page;
}

/** What became of a question; `last` is the answer before, while the next is awaited. */
export type Asked<T> =
  | { readonly state: 'loading'; readonly last: T | undefined }
  | { readonly state: 'failed'; readonly failure: ApiFailure }
  | { readonly state: 'there'; readonly answer: T };

/** Asks whenever `key` changes, and again when told to; an answer that comes too late is dropped. */
export function useAsked<T>(
  key: string,
  ask: (api: Api, signal: AbortSignal) => Promise<T>,
): readonly [asked: Asked<T>, again: () => void] {
  const { api } = usePage();
  const [asked, setAsked] = useState<Asked<T>>({ state: 'loading', last: undefined });
  const [turn, setTurn] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    const control = new AbortController();
    setAsked((before) => ({ state: 'loading', last: answerOf(before) }));
    latest.current(api, control.signal).then(
      (answer) => control.signal.aborted || setAsked({ state: 'there', answer }),
      (error: unknown) => control.signal.aborted || setAsked({ state: 'failed', failure: failureOf(error) }),
    );
    return () => control.abort();
  }, [api, key, turn]);
  return [asked, useCallback(() => setTurn((before) => before + 1), [])];
}

/** The answer, or the one before it; undefined where there is none. */
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

/** The same with each answer changed. */
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
