import { useEffect, useState } from 'preact/hooks';
import type { RunFactsAnswer } from '../../api.js';
import { usePage } from '../api/use-api.js';
import { runId } from '../facts/run-values.js';

/**
 * Returns the latest facts that the server sent of each run; calls `again` if events may have been
 * missed.
 */
export function useNews(ids: readonly string[], again: () => void): ReadonlyMap<string, RunFactsAnswer> {
  const { api } = usePage();
  const [news, setNews] = useState<ReadonlyMap<string, RunFactsAnswer>>(new Map());
  const key = ids.join('\n');
  useEffect(
    () =>
      api.live(
        { runs: key === '' ? [] : key.split('\n'), metrics: [], logs: false },
        {
          run: (facts) => setNews((before) => new Map(before).set(runId(facts), facts)),
          open: (wasOpen) => (wasOpen ? again() : undefined),
        },
      ),
    [api, key, again],
  );
  return news;
}
