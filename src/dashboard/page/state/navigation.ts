import { computed, signal } from '@preact/signals';
import { changedQuery, hashOf, parseRoute, type Place, type QueryChange, type Route } from './route.js';

const hash = signal(location.hash);

/** Where the page is. All there is to choose is in it, so that an address holds it. */
export const route = computed<Route>(() => parseRoute(hash.value));

addEventListener('hashchange', () => (hash.value = location.hash));

/** Reads the address again: it was changed past the browser's events. */
export function readAddress(): void {
  hash.value = location.hash;
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
