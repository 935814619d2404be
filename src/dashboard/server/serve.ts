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
 * Limits for clients that are slow or send without end.
 *
 * @bound refuses: HTTP 431 or 408
 */
const HTTP_LIMITS = {
  // The guard refuses a missing Host as it refuses a wrong one.
  requireHostHeader: false,
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};
/** @bound loses nothing: further connections wait or are closed, and the page tries again */
const MAX_CONNECTIONS = 128;
/**
 * A connection idle in both directions has a client that stopped reading; events are more frequent.
 */
const IDLE_MS = 60_000;
/** HTTP statuses for errors of Node's parser; any other is 400. */
const CLIENT_ERRORS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};
const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

/** Options of {@link serve}. */
export interface ServeOptions {
  /** From 0 to 65,535; 0, the default, means any free port. */
  readonly port?: number | undefined;
  /**
   * The address to listen on; default `127.0.0.1`, this machine only. Any other is open to the
   * network.
   */
  readonly host?: string | undefined;
  /**
   * Other host names to answer to, such as the machine's; those of the loopback are always allowed.
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /** True if tags and notes of closed runs may be changed; default false. */
  readonly writable?: boolean | undefined;
  /**
   * True if a token is required; default true. Without one every user of the machine can read the
   * runs; only allowed on the loopback.
   */
  readonly token?: boolean | undefined;
  /** True if it keeps the process alive; default true for a folder, false for an open run. */
  readonly keepAlive?: boolean | undefined;
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
  /** 43 characters, 256 random bits; null if none is required. */
  readonly token: string | null;
  /** Stops serving; resolves once its server and threads are closed. */
  close(): Promise<void>;
}

/**
 * Serves a page that shows the runs in a folder, or those beside an open run, while they grow.
 *
 * All work is done on the dashboard's own threads; it never delays a run.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND` if there is no such folder, `INVALID_OPTION`, `IO` if
 * the port is in use
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
/** A host as it is written in a URL. */
const named = (host: string): string => (host.includes(':') ? `[${host}]` : host);

function serverOf(answer: ReturnType<typeof getRequestListener>, admission: () => Admission): Server {
  const server = createServer(HTTP_LIMITS, (request, response) => {
    if (admits(request, response, admission())) void answer(request, response);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_MS;
  // Nothing is ever upgraded. Node leaves such a socket and its errors to us, and the other side
  // may never end it.
  server.on('upgrade', (_request, socket: Socket) => {
    refuseSocket(socket, 403);
    socket.destroySoon();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Once an answer has begun, no other one can follow it.
    if (socket.writable && socket.bytesWritten === 0)
      refuseSocket(socket, CLIENT_ERRORS[error.code ?? ''] ?? 400);
    socket.destroySoon();
  });
  return server;
}

/** Lets the process end while the server is open and pages are listening. */
function letGo(server: Server): void {
  server.unref();
  server.on('connection', (socket) => {
    socket.unref();
  });
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    // Later errors (no file descriptor left for a connection) concern that client only.
    server.on('error', (error) => {
      const errno = errnoOf(error) ?? '';
      const what =
        errno === 'EADDRINUSE' ? `port ${port} is in use; port 0 picks a free one` : messageOf(error);
      reject(new ExpmanError('IO', what, { errno, cause: error }));
    });
    server.listen(port, host, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}
