import { tokenIn } from '../state/route.js';
import { request } from './request.js';

/** Exchanges the token of the first address for a cookie, and takes it out of the address. */
export async function beginSession(): Promise<void> {
  const token = tokenIn(location.hash);
  if (token === null) return;
  history.replaceState(null, '', `${location.pathname}${location.search}#/runs`);
  await request('/api/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token }),
  });
}
