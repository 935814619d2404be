import type { RunFactsAnswer } from '../../api.js';
import { answerOf, useAsked } from '../api/use-api.js';

/** The run that others are compared with; null if there is none, or it is not read yet. */
export function useBaseline(id: string | null): RunFactsAnswer | null {
  const [asked] = useAsked(id ?? '', async (api) => (id === null ? null : (await api.run(id)).facts));
  return id === null ? null : (answerOf(asked) ?? null);
}
