import { randomBytes } from 'node:crypto';
import { type Server, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { ExpmanError, errnoOf, messageOf } from '../../model/errors.js';
import { flag, integer, invalidOption, resolvePath, string, strings } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { nodeFs } from '../../storage/node-fs.js';
import { DataThreads } from '../data/data-threads.js';
import { type Admission, admits, refuseSocket } from './guard.js';
import { LiveHub } from './live-hub.js';
import { pageFiles } from './page-files.js';
import { routesOf } from './routes.js';

const TOKEN_BYTES = 32;
/**
 * What one who is slow, or sends without end, is allowed.
 *
 * @bound refuses: HTTP 431 or 408
 */
const HTTP_LIMITS = {
  // The guard refuses what has no Host, as it refuses a wrong one.
  requireHostHeader: false,
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};
/** @bound loses nothing: further connections wait or are closed, and the page tries again */
const MAX_CONNECTIONS = 128;
/** Where nothing goes either way, somebody has stopped reading; events come more often. */
const IDLE_MS = 60_000;
/** What HTTP calls what Node's parser does not take; anything else is a bad request. */
const CLIENT_ERRORS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};
const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

/** How the dashboard is served. */
export interface ServeOptions {
  /** From 0 to 65,535; 0, the default, takes a free one. */
  readonly port?: number;
  /** The address it listens at; default `127.0.0.1`, this machine alone. Any other one is open to the network. */
  readonly host?: string;
  /** Further names under which it may be asked, such as that of the machine; those of the loopback are always allowed. */
  readonly allowedHosts?: readonly string[];
  /** Whether tags and notes of closed runs may be changed; default false. */
  readonly writable?: boolean;
  /** Whether a token is asked for; default true. Without one every user of the machine can read the runs; on the loopback only. */
  readonly token?: boolean;
  /** Whether it keeps the process alive; default true for a folder, false for an open run. */
  readonly keepAlive?: boolean;
}

const OPTIONS = optionsTable<ServeOptions>()({
  port: integer(0, 65_535).inWords('an integer from 0 to 65,535').byDefault(0),
  host: string().byDefault('127.0.0.1'),
  allowedHosts: strings('a list of host names').byDefault([]),
  writable: flag().byDefault(false),
  token: flag().byDefault(true).orNull(),
  keepAlive: flag().orNull(),
});

/** A dashboard that is being served. */
export interface Dashboard {
  /** The address to open in a browser, its token included. */
  readonly url: string;
  readonly port: number;
  /** 43 characters, 256 random bits; null where none is asked for. */
  readonly token: string | null;
  /** Stops serving; resolves when nothing of it is left. */
  close(): Promise<void>;
}

/**
 * Serves a page that shows the runs in a folder, or those beside an open run, while they grow.
 *
 * All work is done on threads of its own; it never delays a run.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND` when there is no such folder, `INVALID_OPTION`, `IO` when the port is taken
 * @example
 * const dashboard = await serve(run);
 * console.log(dashboard.url);
 * // ... train ...
 * await dashboard.close();
 */
export async function serve(
  source: string | { readonly runDir: string },
  options: ServeOptions = {},
): Promise<Dashboard> {
  const dir = folderOf(source);
  const resolved = OPTIONS.resolve(options);
  const { host, port, allowedHosts, writable, keepAlive = typeof source === 'string' } = resolved;
  if (!resolved.token && !LOOPBACK.includes(host))
    throw invalidOption('token', 'true unless the host is a loopback address', resolved.token);
  if (nodeFs.stat(dir)?.kind !== 'folder')
    throw new ExpmanError('RUN_NOT_FOUND', `there is no folder ${dir}`, { path: dir });
  const secret = (): string => randomBytes(TOKEN_BYTES).toString('base64url');
  const token = resolved.token ? secret() : null;
  const page = pageFiles();
  const admission = {
    port,
    allowedHosts: [...allowedHosts, ...(isWildcard(host) || LOOPBACK.includes(host) ? [] : [named(host)])],
  };
  const threads = new DataThreads(dir, (news) => {
    live.receive(news);
  });
  const live = new LiveHub(threads);
  const routes = routesOf({
    ...{ threads, live, page, dir, token, title: basename(dir), port: () => admission.port },
    writeToken: writable ? secret() : null,
  });
  const server = serverOf(
    getRequestListener(routes.fetch, { overrideGlobalObjects: false }),
    () => admission,
  );
  admission.port = await listen(server, host, port);
  if (!keepAlive) letGo(server);
  const address = `http://${isWildcard(host) ? '127.0.0.1' : named(host)}:${admission.port}/`;
  return {
    url: token === null ? address : `${address}#token=${token}`,
    port: admission.port,
    token,
    close: async () => {
      live.close();
      await new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      });
      await threads.close();
    },
  };
}

/** The folder of experiments: the given one, or that of an open run. */
function folderOf(source: string | { readonly runDir: string }): string {
  // The working directory has always been '' as well as '.'.
  if (typeof source === 'string') return resolvePath('source', source === '' ? '.' : source);
  const runDir: unknown = Reflect.get(Object(source), 'runDir');
  if (typeof runDir !== 'string')
    throw invalidOption('source', 'a folder, or a run such as a LoggingEngine', source);
  return dirname(dirname(runDir));
}

const isWildcard = (host: string): boolean => ['0.0.0.0', '::', ''].includes(host);
/** An address as a name in another one. */
const named = (host: string): string => (host.includes(':') ? `[${host}]` : host);

function serverOf(answer: ReturnType<typeof getRequestListener>, admission: () => Admission): Server {
  const server = createServer(HTTP_LIMITS, (request, response) => {
    if (admits(request, response, admission())) void answer(request, response);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_MS;
  // Nothing here is ever upgraded. Node leaves such a socket to us: its errors, and what of it the other side never ends.
  server.on('upgrade', (_request, socket: Socket) => {
    refuseSocket(socket, 403);
    socket.destroySoon();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // An answer that has begun is not gone on from with another one.
    if (socket.writable && socket.bytesWritten === 0)
      refuseSocket(socket, CLIENT_ERRORS[error.code ?? ''] ?? 400);
    socket.destroySoon();
  });
  return server;
}

/** The process may end while it serves, and while pages listen. */
function letGo(server: Server): void {
  server.unref();
  server.on('connection', (socket) => {
    socket.unref();
  });
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    // Later ones (no descriptor is left for a connection) are of those who ask.
    server.on('error', (error) => {
      const errno = errnoOf(error) ?? '';
      const what =
        errno === 'EADDRINUSE' ? `port ${port} is taken; --port 0 takes a free one` : messageOf(error);
      reject(new ExpmanError('IO', what, { errno, cause: error }));
    });
    server.listen(port, host, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}
