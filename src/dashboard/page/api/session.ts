import { takeToken } from '../state/navigation.js';
import { request } from './request.js';

/** Exchanges the token in the address for a cookie, and removes it from the address. */
export async function beginSession(): Promise<void> {
  const token = takeToken();
  if (token === null) return;
  await request('/api/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token }),
  });
}
