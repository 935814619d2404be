import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Static, TObject, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getCookie, setCookie } from 'hono/cookie';
import { HTTPException } from 'hono/http-exception';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { ExpmanError, messageOf } from '../../model/errors.js';
import { VERSION } from '../../model/version.js';
import { LEVELS } from '../../reader/read-log.js';
import {
  type ApiError,
  HistogramsRequest,
  LIMITS,
  LiveRequest,
  LogsRequest,
  RunChange,
  RunsRequest,
  SeriesRequest,
  type ServerFacts,
  SessionRequest,
} from '../api.js';
import { AnsweredError, type Asker, BusyError, type DataThreads } from '../data/data-threads.js';
import type { RunPlace } from '../data/data-messages.js';
import { isSameSecret } from './guard.js';
import type { LiveHub } from './live-hub.js';
import type { PageFile } from './page-files.js';
import { openRunFile } from './served-files.js';

/** @bound refuses: HTTP 413 */
const MAX_BODY_BYTES = 1024 * 1024;

/** What the routes answer from. */
export interface Backend {
  readonly threads: DataThreads;
  readonly live: LiveHub;
  readonly page: ReadonlyMap<string, PageFile>;
  readonly title: string;
  /** The folder that is shown; no answer names it. */
  readonly dir: string;
  /** null: everybody may ask. */
  readonly token: string | null;
  /** null: nothing is changed. */
  readonly writeToken: string | null;
  /** The server's port, once it has one. */
  readonly port: () => number;
}

interface Bindings {
  readonly Bindings: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };
}
type Asked = Context<Bindings>;
type Status = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 500 | 503;

/** What cannot be answered, as HTTP says it. */
class Refusal extends Error {
  constructor(
    readonly status: Status,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The API, the files of runs, and the page, behind the guard. */
export function routesOf(backend: Backend): Hono<Bindings> {
  const app = new Hono<Bindings>();
  app.use(
    bodyLimit({ maxSize: MAX_BODY_BYTES, onError: () => refusal(413, 'TOO_LARGE', 'the body is too large') }),
  );
  app.onError((error, c) => errorAnswer(c, error, backend));
  app.notFound((c) => errorAnswer(c, notFound(), backend));
  addPage(app, backend);
  app.post('/api/session', (c) => beginSession(c, backend));
  const checkToken = async (c: Asked, next: () => Promise<void>): Promise<void> => {
    if (!isKnown(c, backend))
      throw new Refusal(401, 'UNAUTHORISED', 'the token is missing, or not that of this server');
    await next();
  };
  app.use('/api/*', checkToken);
  app.use('/files/*', checkToken);
  addReading(app, backend);
  app.patch('/api/runs/:experiment/:run', (c) => changeRun(c, backend));
  return app;
}

const notFound = (): Refusal => new Refusal(404, 'NOT_FOUND', 'there is no such thing here');

function refusal(status: Status, code: string, message: string): never {
  throw new Refusal(status, code, message);
}

function addPage(app: Hono<Bindings>, { page }: Backend): void {
  for (const [name, { type, text }] of page)
    app.get(name === 'index.html' ? '/' : `/${name}`, (c) => c.body(text, 200, { 'Content-Type': type }));
}

async function beginSession(c: Asked, { token, port }: Backend): Promise<Response> {
  const given = await bodyAs(c, SessionRequest);
  if (token !== null && !isSameSecret(given.token, token))
    throw new Refusal(401, 'UNAUTHORISED', 'this is not the token of this server');
  if (token !== null)
    setCookie(c, cookieName(port()), token, { httpOnly: true, sameSite: 'Strict', path: '/' });
  return c.body(null, 204);
}

// Cookies know no port: servers side by side would take each other's away.
const cookieName = (port: number): string => `expman-${port}`;

function isKnown(c: Asked, { token, port }: Backend): boolean {
  if (token === null) return true;
  const bearer = /^Bearer (.+)$/i.exec(c.req.header('Authorization') ?? '')?.[1];
  const given = bearer ?? getCookie(c, cookieName(port()));
  return given !== undefined && isSameSecret(given, token);
}

function addReading(app: Hono<Bindings>, backend: Backend): void {
  const { threads } = backend;
  app.get('/api/server', (c) => {
    const { title, writeToken } = backend;
    return c.json({
      version: VERSION,
      title,
      writable: writeToken !== null,
      writeToken,
    } satisfies ServerFacts);
  });
  app.get('/api/experiments', async (c) => json(c, await threads.ask({ kind: 'experiments' }, askerOf(c))));
  app.get('/api/runs', async (c) => {
    const query = queryAs(c, RunsRequest);
    return json(c, await threads.ask({ kind: 'runs', query }, askerOf(c)));
  });
  app.get('/api/runs/:experiment/:run', async (c) =>
    json(c, await threads.ask({ kind: 'run', place: await placeIn(c, threads) }, askerOf(c))),
  );
  app.get('/api/runs/:experiment/:run/logs', async (c) => {
    const { level, text, last } = queryAs(c, LogsRequest);
    if (level !== undefined && !LEVELS.includes(level))
      throw new Refusal(400, 'INVALID_REQUEST', `level must be one of ${LEVELS.join(', ')}`);
    const filter = { last, ...(level !== undefined && { level }), ...(text !== undefined && { text }) };
    return json(c, await threads.ask({ kind: 'logs', place: await placeIn(c, threads), filter }, askerOf(c)));
  });
  app.get('/api/runs/:experiment/:run/system', async (c) =>
    json(c, await threads.ask({ kind: 'system', place: await placeIn(c, threads) }, askerOf(c))),
  );
  app.get('/api/runs/:experiment/:run/histograms', async (c) => {
    const { metric } = queryAs(c, HistogramsRequest);
    return json(
      c,
      await threads.ask({ kind: 'histograms', place: await placeIn(c, threads), metric }, askerOf(c)),
    );
  });
  app.get('/api/experiments/:experiment/sweep', async (c) =>
    json(c, await threads.ask({ kind: 'sweep', experiment: c.req.param('experiment') }, askerOf(c))),
  );
  app.get('/api/series', async (c) => {
    const { runs, ...wish } = queryAs(c, SeriesRequest, ['metric']);
    checkSeries(wish);
    const { places, missing } = await placesOf(runs, LIMITS.seriesRuns, threads, askerOf(c));
    if (places.length === 0) throw notFound();
    return json(c, await threads.ask({ kind: 'series', places, missing, wish }, askerOf(c)));
  });
  app.get('/api/live', (c) => listen(c, backend));
  app.get('/files/:experiment/:run/*', (c) => sendFile(c, threads));
}

function checkSeries({ x, from = -Infinity, to = Infinity }: Omit<SeriesRequest, 'runs'>): void {
  if (!/^(?:step|time|metric:[^]+)$/.test(x))
    throw new Refusal(400, 'INVALID_REQUEST', 'x must be step, time or metric:NAME');
  if (from > to) throw new Refusal(400, 'INVALID_REQUEST', 'from must not be above to');
}

async function listen(c: Asked, { threads, live }: Backend): Promise<Response> {
  const { runs = '', metric, logs, since } = queryAs(c, LiveRequest, ['metric']);
  if (c.req.method === 'HEAD') return c.body(null);
  if (live.isFull) throw new BusyError('too many pages listen; close one');
  // One that was deleted since the page was opened takes no other one with it.
  const { places } = await placesOf(runs, LIMITS.liveRuns, threads, askerOf(c));
  const wish = { places, metrics: metric, logs: logs !== undefined };
  void live.connect(c.env.outgoing, wish, c.req.header('Last-Event-ID') ?? since);
  return RESPONSE_ALREADY_SENT;
}

async function sendFile(c: Asked, threads: DataThreads): Promise<Response> {
  const place = await placeIn(c, threads);
  const raw = new URL(c.req.url).pathname.split('/').slice(4);
  const file = openRunFile(place.runDir, raw.map(decoded));
  if (file === null) throw notFound();
  // What nobody reads is never closed by itself.
  if (c.req.method === 'HEAD' || c.env.outgoing.req.socket.destroyed) {
    file.bytes.destroy();
    return c.body(null, 200, file.headers);
  }
  return c.body(Readable.toWeb(file.bytes) as ReadableStream, 200, file.headers);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

async function changeRun(c: Asked, { threads, writeToken }: Backend): Promise<Response> {
  if (writeToken === null)
    throw new Refusal(
      403,
      'FORBIDDEN',
      'this server only reads; `expman serve --write` changes tags and notes',
    );
  if (!isSameSecret(c.req.header('X-Expman-Write') ?? '', writeToken))
    throw new Refusal(403, 'FORBIDDEN', 'the X-Expman-Write header is missing, or not that of this server');
  const change = await bodyAs(c, RunChange);
  return json(c, await threads.ask({ kind: 'change', place: await placeIn(c, threads), change }, askerOf(c)));
}

async function placeIn(c: Asked, threads: DataThreads): Promise<RunPlace> {
  const [place] = await threads.places(
    [`${c.req.param('experiment') ?? ''}/${c.req.param('run') ?? ''}`],
    askerOf(c),
  );
  if (place === undefined) throw notFound();
  return place;
}

/** On the loopback all have one address: a browser and a program still call themselves differently. */
function askerOf(c: Asked): Asker {
  const { socket } = c.env.incoming;
  return {
    client: `${socket.remoteAddress ?? ''} ${c.req.header('User-Agent') ?? ''}`,
    signal: presenceOf(socket),
  };
}

const presences = new WeakMap<Socket, AbortSignal>();

/** Aborted when a connection is gone; one for all it asks, as a response that waits behind another one is never told. */
function presenceOf(socket: Socket): AbortSignal {
  const known = presences.get(socket);
  if (known !== undefined) return known;
  const control = new AbortController();
  if (socket.destroyed) control.abort();
  socket.once('close', () => {
    control.abort();
  });
  presences.set(socket, control.signal);
  return control.signal;
}

interface Found {
  readonly places: readonly RunPlace[];
  readonly missing: readonly string[];
}

async function placesOf(runs: string, most: number, threads: DataThreads, asker: Asker): Promise<Found> {
  const ids = [...new Set(runs.split(',').filter((id) => id !== ''))];
  if (ids.length > most) throw new Refusal(400, 'INVALID_REQUEST', `runs may be ${most}, not ${ids.length}`);
  const places = ids.length === 0 ? [] : await threads.places(ids, asker);
  const found = new Set(places.map(({ id }) => id));
  return { places, missing: ids.filter((id) => !found.has(id)) };
}

const json = (c: Asked, text: string): Response =>
  c.body(text, 200, { 'Content-Type': 'application/json; charset=utf-8' });

/** The address's query as a schema has it; `lists` are given once for each item. */
function queryAs<T extends TObject>(c: Asked, schema: T, lists: readonly string[] = []): Static<T> {
  const values = Object.entries(c.req.queries()).map(([key, all]) => {
    if (lists.includes(key)) return [key, all];
    const text = all.at(-1) ?? '';
    const isNumber = ['integer', 'number'].includes(String(schema.properties[key]?.['type']));
    // TypeBox's own conversion makes 1 of 1e9.
    return [key, isNumber && /^[-+.\de]+$/i.test(text) ? Number(text) : text];
  });
  return parsed(schema, Object.fromEntries(values));
}

async function bodyAs<T extends TSchema>(c: Asked, schema: T): Promise<Static<T>> {
  if (!/^application\/json *(?:;|$)/i.test(c.req.header('Content-Type') ?? ''))
    throw new Refusal(415, 'INVALID_REQUEST', 'the body must be application/json');
  let body: unknown;
  try {
    body = JSON.parse(await c.req.text());
  } catch (error) {
    if (error instanceof SyntaxError) throw new Refusal(400, 'INVALID_REQUEST', 'the body is no JSON');
    throw error;
  }
  return parsed(schema, body);
}

function parsed<T extends TSchema>(schema: T, given: unknown): Static<T> {
  const value: unknown = Value.Default(schema, given);
  if (Value.Check(schema, value)) return value;
  const first = Value.Errors(schema, value).First();
  throw new Refusal(
    400,
    'INVALID_REQUEST',
    `${first?.path.slice(1) ?? ''}: ${first?.message ?? 'not understood'}`,
  );
}

const STATUS: Readonly<Record<string, Status>> = {
  RUN_NOT_FOUND: 404,
  INVALID_FILTER: 400,
  INVALID_NAME: 400,
  INVALID_OPTION: 400,
  INVALID_VALUE: 409,
  RUN_LOCKED: 409,
  CORRUPT: 422,
  UNSAFE_YAML: 422,
};

function errorAnswer(c: Asked, error: unknown, { dir }: Backend): Response {
  const { status, body } = answerTo(error, dir);
  if (status === 503) c.header('Retry-After', '1');
  return c.json(body, status);
}

function answerTo(error: unknown, dir: string): { readonly status: Status; readonly body: ApiError } {
  if (error instanceof Refusal)
    return { status: error.status, body: { code: error.code, message: error.message } };
  if (error instanceof BusyError) return { status: 503, body: { code: 'BUSY', message: error.message } };
  if (error instanceof HTTPException)
    return { status: 400, body: { code: 'INVALID_REQUEST', message: 'the request is not understood' } };
  if (!(error instanceof AnsweredError || error instanceof ExpmanError))
    return { status: 500, body: { code: 'IO', message: 'it could not be read' } };
  const { code } = error;
  // A run that is not there and a name that leads elsewhere are the same to whoever asks.
  if (code === 'RUN_NOT_FOUND') return answerTo(notFound(), dir);
  const message = messageOf(error).replaceAll(dir, '…');
  const at = code === 'INVALID_FILTER' ? / at character (\d+)/.exec(message)?.[1] : undefined;
  return {
    status: STATUS[code] ?? 500,
    body: { code, message, ...(at !== undefined && { at: Number(at) - 1 }) },
  };
}
