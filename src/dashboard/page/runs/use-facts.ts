import { useMemo } from 'preact/hooks';
import type { RunFactsAnswer } from '../../api.js';
import type { Api } from '../api/api.js';
import { type Asked, mapped, useAsked } from '../api/use-api.js';
import { runId } from '../facts/run-values.js';
import { useNews } from './use-news.js';

/** The number of runs that one filter asks for. */
const RUNS_PER_QUESTION = 50;

/** Returns the facts of some runs, in the order of their names; deleted runs are left out. */
export function useFacts(ids: readonly string[], turn = 0): readonly [Asked<RunFactsAnswer[]>, () => void] {
  return useAsked(`${turn} ${ids.join('\n')}`, (api, signal) => readFacts(api, ids, signal));
}

/** Returns the same, updated by live events. */
export function useLiveFacts(ids: readonly string[]): ReturnType<typeof useFacts> {
  const [asked, again] = useFacts(ids);
  const news = useNews(ids, again);
  const live = useMemo(
    () => mapped(asked, (facts) => facts.map((each) => news.get(runId(each)) ?? each)),
    [asked, news],
  );
  return [live, again];
}

async function readFacts(api: Api, ids: readonly string[], signal: AbortSignal): Promise<RunFactsAnswer[]> {
  if (!api.isLive) {
    const { runs } = await api.runs({ offset: 0, limit: 1_000_000 });
    return inOrder(runs, ids);
  }
  const questions = [...byExperiment(ids)].flatMap(([experiment, runs]) =>
    Array.from({ length: Math.ceil(runs.length / RUNS_PER_QUESTION) }, (_, part) => ({
      experiment,
      names: runs.slice(part * RUNS_PER_QUESTION, (part + 1) * RUNS_PER_QUESTION),
    })),
  );
  const answers = await Promise.all(
    questions.map(({ experiment, names }) => {
      const where = `run IN (${names.map((name) => `'${name.replaceAll("'", "''")}'`).join(', ')})`;
      return api.runs({ experiment, where, offset: 0, limit: RUNS_PER_QUESTION }, signal);
    }),
  );
  return inOrder(
    answers.flatMap(({ runs }) => runs),
    ids,
  );
}

function byExperiment(ids: readonly string[]): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const id of ids) {
    const slash = id.indexOf('/');
    const [experiment, run] = [id.slice(0, slash), id.slice(slash + 1)];
    out.set(experiment, [...(out.get(experiment) ?? []), run]);
  }
  return out;
}

function inOrder(runs: readonly RunFactsAnswer[], ids: readonly string[]): RunFactsAnswer[] {
  const known = new Map(runs.map((facts) => [runId(facts), facts]));
  return ids.flatMap((id) => known.get(id) ?? []);
}
