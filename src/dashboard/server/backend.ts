import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from 'hono';
import type { DataThreads } from '../data/data-threads.js';
import type { LiveHub } from './live-hub.js';
import type { PageFile } from './page-files.js';

/** Everything the routes answer from. */
export interface Backend {
  readonly threads: DataThreads;
  readonly live: LiveHub;
  readonly page: ReadonlyMap<string, PageFile>;
  readonly title: string;
  /** The folder that is shown; no answer reveals it. */
  readonly dir: string;
  /** null: no token is required. */
  readonly token: string | null;
  /** null: this server is read-only. */
  readonly writeToken: string | null;
  /** The server's port, once it has one. */
  readonly port: () => number;
}

/** The objects that `@hono/node-server` adds to every request. */
export interface Bindings {
  readonly Bindings: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };
}

/** A request on its way through the routes. */
export type Asked = Context<Bindings>;
