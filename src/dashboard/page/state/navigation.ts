import { computed, signal } from '@preact/signals';
import {
  changedQuery,
  hashOf,
  parseRoute,
  type Place,
  type QueryChange,
  type Route,
  tokenIn,
} from './route.js';

/** The token an address came with, until it is taken: from the first moment on, for what stands in the address may change at any. */
let given = tokenIn(location.hash);

const hash = signal(given === null ? location.hash : '');

/** Where the page is. All there is to choose is in it, so that an address holds it. */
export const route = computed<Route>(() => parseRoute(hash.value));

addEventListener('hashchange', () => {
  const token = tokenIn(location.hash);
  if (token === null) hash.value = location.hash;
  else given = token;
});

/** Takes the token out of the address, and leaves the place in it where the page is; null where none was given. */
export function takeToken(): string | null {
  const token = given;
  given = null;
  if (tokenIn(location.hash) !== null)
    history.replaceState(null, '', hash.peek() || hashOf({ page: 'runs' }));
  return token;
}

/** Hears of a token that comes into the address of an open page: the browser changes the fragment and loads nothing. */
export function onToken(listener: () => void): () => void {
  const hear = (): void => (tokenIn(location.hash) === null ? undefined : listener());
  addEventListener('hashchange', hear);
  return () => removeEventListener('hashchange', hear);
}

/** Changes what is chosen here. What is changed in small steps (a slider) replaces the entry of the history. */
export function choose(change: QueryChange, how: 'push' | 'replace' = 'push'): void {
  const { place, query } = route.peek();
  go(place, changedQuery(query, change), how);
}

/** Goes to another place. */
export function go(place: Place, query?: URLSearchParams, how: 'push' | 'replace' = 'push'): void {
  const next = hashOf(place, query);
  if (next === location.hash) return;
  if (how === 'push') history.pushState(null, '', next);
  else history.replaceState(null, '', next);
  hash.value = next;
}
