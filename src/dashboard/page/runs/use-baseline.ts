import type { RunFactsAnswer } from '../../api.js';
import { answerOf, useAsked } from '../api/use-api.js';

/** The run the others are compared with; null for none, and until it is read. */
export function useBaseline(id: string | null): RunFactsAnswer | null {
  const [asked] = useAsked(id ?? '', async (api) => (id === null ? null : (await api.run(id)).facts));
  return id === null ? null : (answerOf(asked) ?? null);
}
