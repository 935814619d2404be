import { Readable } from 'node:stream';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { VERSION } from '../../model/version.js';
import { LEVELS } from '../../reader/read-log.js';
import {
  ArtifactsRequest,
  HistogramsRequest,
  HistoryRequest,
  LIMITS,
  LiveRequest,
  LogsRequest,
  RunChange,
  RunsRequest,
  SeriesRequest,
  type ServerFacts,
} from '../api.js';
import { BusyError, type DataThreads } from '../data/data-threads.js';
import type { DataRequest, RunPlace } from '../data/data-messages.js';
import { askerOf } from './asker.js';
import type { Asked, Backend, Bindings } from './backend.js';
import { isSameSecret } from './guard.js';
import { Refusal, errorAnswer, invalidRequest, notFound } from './http-errors.js';
import { bodyAs, queryAs, runIds } from './request-values.js';
import { openRunFile } from './served-files.js';
import { beginSession, mustHaveToken } from './session.js';

/** @bound refuses: HTTP 413 */
const MAX_BODY_BYTES = 1024 * 1024;

/** The API, the files of runs, and the page; requests have passed the guard. */
export function routesOf(backend: Backend): Hono<Bindings> {
  const app = new Hono<Bindings>();
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: refuseBody }));
  app.onError((error, c) => errorAnswer(c, error, backend.dir));
  app.notFound((c) => errorAnswer(c, notFound(), backend.dir));
  addPage(app, backend);
  app.post('/api/session', (c) => beginSession(c, backend));
  const checkToken = async (c: Asked, next: () => Promise<void>): Promise<void> => {
    mustHaveToken(c, backend);
    await next();
  };
  app.use('/api/*', checkToken);
  app.use('/files/*', checkToken);
  addLists(app, backend);
  addArtifacts(app, backend);
  addRun(app, backend);
  app.get('/api/live', (c) => listen(c, backend));
  return app;
}

function refuseBody(): never {
  throw new Refusal(413, 'TOO_LARGE', 'the body is larger than 1 MiB');
}

function addPage(app: Hono<Bindings>, { page }: Backend): void {
  for (const [name, { type, text }] of page)
    app.get(name === 'index.html' ? '/' : `/${name}`, (c) => c.body(text, 200, { 'Content-Type': type }));
}

/** Routes of the server, its experiments, and several runs. */
function addLists(app: Hono<Bindings>, { threads, title, writeToken }: Backend): void {
  app.get('/api/server', (c) =>
    c.json({ version: VERSION, title, writable: writeToken !== null, writeToken } satisfies ServerFacts),
  );
  app.get('/api/experiments', (c) => answer(c, threads, { kind: 'experiments' }));
  app.get('/api/experiments/:experiment/sweep', (c) =>
    answer(c, threads, { kind: 'sweep', experiment: c.req.param('experiment') }),
  );
  app.get('/api/history', (c) => answer(c, threads, { kind: 'history', query: queryAs(c, HistoryRequest) }));
  app.get('/api/runs', (c) => answer(c, threads, { kind: 'runs', query: queryAs(c, RunsRequest) }));
  app.get('/api/series', (c) => {
    const { runs, ...wish } = queryAs(c, SeriesRequest, ['metric']);
    checkSeries(wish);
    return answer(c, threads, { kind: 'series', ids: runIds(runs, LIMITS.seriesRuns), wish });
  });
}

/** Routes of artifacts with versions. */
function addArtifacts(app: Hono<Bindings>, { threads }: Backend): void {
  app.get('/api/artifacts', (c) =>
    answer(c, threads, { kind: 'artifacts', part: queryAs(c, ArtifactsRequest) }),
  );
  app.get('/api/artifacts/:name', (c) =>
    answer(c, threads, { kind: 'artifact', name: c.req.param('name'), part: queryAs(c, ArtifactsRequest) }),
  );
  app.get('/api/artifacts/:name/:version{v[1-9][0-9]{0,14}}', (c) => {
    const version = Number(c.req.param('version').slice(1));
    const part = queryAs(c, ArtifactsRequest);
    return answer(c, threads, { kind: 'version', name: c.req.param('name'), version, part });
  });
}

/** Routes of one run. */
function addRun(app: Hono<Bindings>, backend: Backend): void {
  const { threads } = backend;
  const path = '/api/runs/:experiment/:run';
  app.get(path, async (c) => answer(c, threads, { kind: 'run', place: await placeIn(c, threads) }));
  app.get(`${path}/logs`, async (c) => {
    const { level, text, last } = queryAs(c, LogsRequest);
    if (level !== undefined && !LEVELS.includes(level))
      throw invalidRequest(`level must be one of ${LEVELS.join(', ')}`);
    const filter = { last, ...(level !== undefined && { level }), ...(text !== undefined && { text }) };
    return answer(c, threads, { kind: 'logs', place: await placeIn(c, threads), filter });
  });
  app.get(`${path}/system`, async (c) =>
    answer(c, threads, { kind: 'system', place: await placeIn(c, threads) }),
  );
  app.get(`${path}/histograms`, async (c) => {
    const { metric } = queryAs(c, HistogramsRequest);
    return answer(c, threads, { kind: 'histograms', place: await placeIn(c, threads), metric });
  });
  app.patch(path, (c) => changeRun(c, backend));
  app.get('/files/:experiment/:run/*', (c) => sendFile(c, threads));
}

/** Sends the answer of a data thread, which is JSON text. */
async function answer(c: Asked, threads: DataThreads, request: DataRequest): Promise<Response> {
  const text = await threads.ask(request, askerOf(c));
  return c.body(text, 200, { 'Content-Type': 'application/json; charset=utf-8' });
}

function checkSeries({ x, from = -Infinity, to = Infinity }: Omit<SeriesRequest, 'runs'>): void {
  if (!/^(?:step|time|metric:[^]+)$/.test(x)) throw invalidRequest('x must be step, time or metric:NAME');
  if (from > to) throw invalidRequest('from must not be above to');
}

async function listen(c: Asked, { threads, live }: Backend): Promise<Response> {
  const { runs = '', metric, logs, since } = queryAs(c, LiveRequest, ['metric']);
  if (c.req.method === 'HEAD') return c.body(null);
  if (live.isFull) throw new BusyError('too many pages are connected; close one');
  const ids = runIds(runs, LIMITS.liveRuns);
  // A run that was deleted since the page was opened must not keep the others from being followed.
  const places = ids.length === 0 ? [] : await threads.places(ids, askerOf(c));
  const wish = { places, metrics: metric, logs: logs !== undefined };
  void live.connect(c.env.outgoing, wish, c.req.header('Last-Event-ID') ?? since);
  return RESPONSE_ALREADY_SENT;
}

async function sendFile(c: Asked, threads: DataThreads): Promise<Response> {
  const place = await placeIn(c, threads);
  const raw = new URL(c.req.url).pathname.split('/').slice(4);
  const file = openRunFile(place.runDir, raw.map(decoded));
  if (file === null) throw notFound();
  // A stream that is never read never closes its file.
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
      'this server is read-only; start `expman serve --write` to change tags and notes',
    );
  if (!isSameSecret(c.req.header('X-Expman-Write') ?? '', writeToken))
    throw new Refusal(
      403,
      'FORBIDDEN',
      'the X-Expman-Write header is missing, or does not match this server',
    );
  const change = await bodyAs(c, RunChange);
  return answer(c, threads, { kind: 'change', place: await placeIn(c, threads), change });
}

/** The place of the run that the address names. */
async function placeIn(c: Asked, threads: DataThreads): Promise<RunPlace> {
  const id = `${c.req.param('experiment') ?? ''}/${c.req.param('run') ?? ''}`;
  const [place] = await threads.places([id], askerOf(c));
  if (place === undefined) throw notFound();
  return place;
}
