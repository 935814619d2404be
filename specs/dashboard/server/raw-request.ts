import type { Dashboard } from 'expman-rx/dashboard';
import { raw } from '../../support/dashboard.js';

/** Sends a request written by hand; `lines` are its headers. */
export const request = (
  dashboard: Dashboard,
  method: string,
  path: string,
  ...lines: string[]
): Promise<string> =>
  raw(
    dashboard.port,
    [
      `${method} ${path} HTTP/1.1`,
      ...lines,
      `Authorization: Bearer ${dashboard.token ?? ''}`,
      'Connection: close',
      '',
      '',
    ].join('\r\n'),
  );

/** The status of an answer. */
export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

/** The Host header that a server takes. */
export const own = ({ port }: Dashboard): string => `Host: 127.0.0.1:${port}`;
