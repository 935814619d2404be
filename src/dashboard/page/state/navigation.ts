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

/**
 * The token of an address until it is taken; read at once, because the address may change at any
 * time.
 */
let given = tokenIn(location.hash);

const hash = signal(given === null ? location.hash : '');

/** The current place. All choices are in it, so that an address captures them. */
export const route = computed<Route>(() => parseRoute(hash.value));

addEventListener('hashchange', () => {
  const token = tokenIn(location.hash);
  if (token === null) hash.value = location.hash;
  else given = token;
});

/**
 * Takes the token out of the address, and puts the current place there; null if no token was given.
 */
export function takeToken(): string | null {
  const token = given;
  given = null;
  if (tokenIn(location.hash) !== null)
    history.replaceState(null, '', hash.peek() || hashOf({ page: 'runs' }));
  return token;
}

/**
 * Listens for a token in the address of an open page: the browser changes the fragment and loads
 * nothing.
 */
export function onToken(listener: () => void): () => void {
  const hear = (): void => (tokenIn(location.hash) === null ? undefined : listener());
  addEventListener('hashchange', hear);
  return () => removeEventListener('hashchange', hear);
}

/**
 * Changes choices on the current page. A change made in small steps (a slider) replaces the history
 * entry.
 */
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
