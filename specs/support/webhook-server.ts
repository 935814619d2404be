import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A certificate made for these specs, of localhost, 127.0.0.1 and hook.example, and its key. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6n9ISA+05q3o5ksW
3SRowMmUxV8U6WNvKgZRxNsqVpihRANCAARaop6eRlWgNd8cFsPmvvd8RbY7RXv7
gZLD46tzxL/HtJd4TeaWvsP5I6XL/KDhpKyUt9HATyeU8o7FZidaTSoA
-----END PRIVATE KEY-----
`;
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlzCCAT6gAwIBAgIUBzWadaLVVI3N/D0YMY5z7ciOl1UwCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMZXhwbWFuLXNwZWNzMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAw
MTAxMDAwMDAwWjAXMRUwEwYDVQQDDAxleHBtYW4tc3BlY3MwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAARaop6eRlWgNd8cFsPmvvd8RbY7RXv7gZLD46tzxL/HtJd4
TeaWvsP5I6XL/KDhpKyUt9HATyeU8o7FZidaTSoAo2YwZDA1BgNVHREELjAsggls
b2NhbGhvc3SCDGhvb2suZXhhbXBsZYILKi5zbGFjay5jb22HBH8AAAEwDAYDVR0T
BAUwAwEB/zAdBgNVHQ4EFgQUGkQ9f7avKqzBOvdp9Gme7aOcD2swCgYIKoZIzj0E
AwIDRwAwRAIgXKRTkl3aNAEfg7CdPMoP3X81dxJbt8bVfi4jE/Ioe/UCIBHn4qGF
VXkgIkj+C684G94entV5zjLGRNSOMzWxoP2n
-----END CERTIFICATE-----
`;

/** What a webhook received. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A webhook on this machine, and everything that was posted to it. */
export interface WebhookServer {
  readonly port: number;
  readonly url: string;
  readonly received: readonly Received[];
  /** The number of connections, with or without a request. */
  readonly connections: () => number;
  /** Resolves once it has received that many posts. */
  readonly got: (posts: number) => Promise<readonly Received[]>;
  readonly close: () => void;
}

/** Answers a post; by default with 200. */
export type Answer = (response: ServerResponse, number: number) => void;

/** Starts a webhook that ends with the test. */
export async function webhookServer(
  answer: Answer = (response) => response.end('ok'),
  { isSecure = false } = {},
): Promise<WebhookServer> {
  const received: Received[] = [];
  const waiting: (() => void)[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      received.push({ method, path: url, headers, body });
      answer(response, received.length);
      for (const check of [...waiting]) check();
    });
  };
  const server = isSecure
    ? createSecureServer({ key: KEY, cert: CERTIFICATE }, handle)
    : createServer(handle);
  let connections = 0;
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(close);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${isSecure ? 'https' : 'http'}://127.0.0.1:${port}/hook/s3cr3t`,
    received,
    connections: () => connections,
    got: (posts) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (received.length >= posts) resolve(received);
        };
        waiting.push(check);
        check();
      }),
    close,
  };
}
