import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A webhook that accepts every alert, and counts them. */
export interface AlertHook {
  /** A webhook of its own for a case. */
  readonly urlOf: (what: string) => string;
  /** How often each title was posted to the webhook of a case. */
  readonly postsTo: (what: string) => ReadonlyMap<string, number>;
  readonly close: () => void;
}

/** Starts a webhook on this machine. */
export async function alertHook(): Promise<AlertHook> {
  const posts = new Map<string, Map<string, number>>();
  const pathOf = (what: string): string => `/${encodeURIComponent(what)}`;
  const server = createServer((request, response) => {
    const bytes: Buffer[] = [];
    request.on('data', (chunk: Buffer) => bytes.push(chunk));
    request.on('end', () => {
      const { title } = JSON.parse(Buffer.concat(bytes).toString()) as { readonly title: string };
      const path = request.url ?? '';
      const titles = posts.get(path) ?? new Map<string, number>();
      posts.set(path, titles.set(title, (titles.get(title) ?? 0) + 1));
      response.end();
    });
    // A process that was killed while it posted.
    request.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (what) => `http://127.0.0.1:${port}${pathOf(what)}`,
    postsTo: (what) => posts.get(pathOf(what)) ?? new Map<string, number>(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
