import { getCookie, setCookie } from 'hono/cookie';
import { SessionRequest } from '../api.js';
import type { Asked, Backend } from './backend.js';
import { isSameSecret } from './guard.js';
import { Refusal } from './http-errors.js';
import { bodyAs } from './request-values.js';

/** Exchanges the server's token for a cookie. */
export async function beginSession(c: Asked, { token, port }: Backend): Promise<Response> {
  const given = await bodyAs(c, SessionRequest);
  if (token !== null && !isSameSecret(given.token, token))
    throw new Refusal(401, 'UNAUTHORISED', 'the token does not match this server');
  if (token !== null)
    setCookie(c, cookieName(port()), token, { httpOnly: true, sameSite: 'Strict', path: '/' });
  return c.body(null, 204);
}

/** Refuses a request that has the server's token neither as a bearer nor in its cookie. */
export function mustHaveToken(c: Asked, { token, port }: Backend): void {
  if (token === null) return;
  const bearer = /^Bearer (.+)$/i.exec(c.req.header('Authorization') ?? '')?.[1];
  const given = bearer ?? getCookie(c, cookieName(port()));
  if (given === undefined || !isSameSecret(given, token))
    throw new Refusal(401, 'UNAUTHORISED', 'the token is missing, or does not match this server');
}

// Browsers share cookies between ports: with one name, servers on one machine would overwrite each
// other's.
const cookieName = (port: number): string => `expman-${port}`;
