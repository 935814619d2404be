import { createHash, timingSafeEqual } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PATCH']);
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Headers of every answer: no framing of the page, no guessing of types, no loading from elsewhere.
 */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'self'; frame-ancestors 'none'; object-src 'none'; base-uri 'none'; form-action 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** The hosts that requests are accepted for. */
export interface Admission {
  /** The server's port. */
  readonly port: number;
  /** Host names that are accepted besides those of the loopback. */
  readonly allowedHosts: readonly string[];
}

/**
 * Checks a request before anything else sees it: answers it and returns false when it is not meant
 * for this server (DNS rebinding, another origin) or its method is unknown.
 */
export function admits(request: IncomingMessage, response: ServerResponse, admission: Admission): boolean {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const host = onlyHost(request);
  if (host === null || !isAllowedHost(host, admission))
    return refuse(response, 403, 'this server does not answer to this host; add it with --allowed-host');
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (origin !== undefined && origin !== `http://${host}`)
    return refuse(response, 403, 'requests from this origin are not allowed');
  // Any site may link to the page; all other requests must come from the page itself.
  const isPage = request.method === 'GET' && request.url === '/';
  if (!isPage && site !== undefined && site !== 'same-origin' && site !== 'none')
    return refuse(response, 403, 'requests from another site are not allowed');
  if (!METHODS.has(request.method ?? ''))
    return refuse(response, 405, 'unknown method; allowed are GET, HEAD, POST and PATCH');
  return true;
}

/**
 * Answers bytes that are not an HTTP request, or that end the HTTP exchange, and closes the
 * connection.
 */
export function refuseSocket(socket: Duplex, status: number): void {
  const headers = Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', () => undefined);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n${headers.join('')}\r\n`,
  );
}

/** The Host header; null if it is missing or repeated. */
function onlyHost({ rawHeaders }: IncomingMessage): string | null {
  const hosts = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'host');
  return hosts.length === 1 ? (hosts[0]?.toLowerCase() ?? null) : null;
}

function isAllowedHost(host: string, { port, allowedHosts }: Admission): boolean {
  const own = port === 80 ? [...LOOPBACK, ...LOOPBACK.map((name) => `${name}:80`)] : [];
  const names = [...LOOPBACK, ...allowedHosts].map((name) => `${name.toLowerCase()}:${port}`);
  return (
    names.includes(host) || own.includes(host) || allowedHosts.some((name) => name.toLowerCase() === host)
  );
}

function refuse(response: ServerResponse, status: number, message: string): false {
  if (status === 405) response.setHeader('Allow', [...METHODS].join(', '));
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', Connection: 'close' });
  response.end(JSON.stringify({ code: 'FORBIDDEN', message }));
  return false;
}

/** Compares two secrets in constant time. */
export function isSameSecret(given: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}
