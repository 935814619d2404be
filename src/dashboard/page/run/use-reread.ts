import { useEffect, useRef } from 'preact/hooks';
import type { RunFactsAnswer } from '../../api.js';
import type { Asked } from '../api/use-api.js';

/** What does not come with the news of a run is read again so long after them, and no sooner after it was read. */
const REREAD_MS = 2000;

/** Asks again when a run was told of, never while an answer is awaited: what takes long to read would be given up each time. */
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
