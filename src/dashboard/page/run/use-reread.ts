import { useEffect, useRef } from 'preact/hooks';
import type { RunFactsAnswer } from '../../api.js';
import type { Asked } from '../api/use-api.js';

/** The delay after an event before data that events do not carry is read again. */
const REREAD_MS = 2000;

/**
 * Requests data again after an event of the run, but never while a request is running: a slow read
 * would be cancelled each time.
 */
export function useReread(news: RunFactsAnswer | undefined, asked: Asked<unknown>, again: () => void): void {
  const read = useRef<RunFactsAnswer | undefined>(undefined);
  const latest = useRef(news);
  latest.current = news;
  const isDue = news !== read.current && asked.state !== 'loading';
  useEffect(() => {
    if (!isDue) return;
    const timer = setTimeout(() => {
      read.current = latest.current;
      again();
    }, REREAD_MS);
    return () => clearTimeout(timer);
  }, [isDue, again]);
}
