import { connect } from 'node:net';
import { afterEach } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { type Dashboard, type ServeOptions, serve } from 'expman-rx/dashboard';
import { type Train, sweep, uniform } from 'expman-rx/sweep';

/** A run in `folder`, open. */
export const openRun = (folder: string, options: object = {}, experiment = 'exp'): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig(experiment, folder, { environment: false, ...options }));

/** A closed run of so many rows, `loss` falling from 1; its folder. */
export async function closedRun(folder: string, rows = 10, options: object = {}): Promise<string> {
  const run = openRun(folder, options);
  for (let step = 0; step < rows; step++) run.logMetrics({ loss: 1 / (step + 1) }, step);
  await run.close();
  return run.runDir;
}

/** A run of the experiment `exp`, open, that has something for every part of its page. */
export async function runOfAll(base: string, runName: string): Promise<LoggingEngine> {
  const run = new LoggingEngine(
    new ExperimentConfig('exp', base, { runName, tags: ['t'], notes: 'a note', systemMetrics: true }),
  );
  run.logParams({ lr: runName === 'one' ? 0.1 : 0.01, optimizer: { name: 'adam' } });
  run.logger.info('begun');
  run.logger.warn('slow');
  for (let step = 0; step < 200; step++) run.logMetrics({ loss: 1 / (step + 1), accuracy: step / 200 }, step);
  run.logHistogram('weights', [1, 2, 2, 3], 1);
  run.logTable('worst', [{ id: 1 }], 1);
  await run.saveArtifact('model.txt', Buffer.from('weights'));
  return run;
}

/** A sweep of five trials, `hunt`. */
export async function hunt(baseDir: string): Promise<void> {
  await sweep({ lr: uniform(0, 1) }, (trial) => trial.run.logMetrics({ loss: trial.params.lr }, 0), {
    ...{ name: 'hunt', baseDir, metric: 'loss', trials: 5, seed: 1 },
  }).result;
}

/** A sweep of two metrics and a bound, `pair`: trials 0 and 2 are on the front, and trial 1 breaks the bound. */
export async function pair(baseDir: string): Promise<void> {
  const figures = [
    { loss: 1, size: 4 },
    { loss: 0, size: 6 },
    { loss: 2, size: 2 },
    { loss: 3, size: 4 },
  ];
  const train: Train<{ readonly lr: number }> = ({ run, number }) =>
    run.logMetrics({ ...figures[number] }, 0);
  await sweep({ lr: uniform(0, 1) }, train, {
    ...{ name: 'pair', baseDir, trials: 4, seed: 1, constraints: [{ metric: 'size', max: 5 }] },
    metrics: [
      { name: 'loss', mode: 'min' },
      { name: 'size', mode: 'min' },
    ],
  }).result;
}

/** `experiment/run` of a run's folder. */
export const idOf = (runDir: string): string => runDir.split('/').slice(-2).join('/');

/** Serves folders; what is served is closed after each test. */
export function dashboards(): (
  source: string | { readonly runDir: string },
  options?: ServeOptions,
) => Promise<Dashboard> {
  const served: Dashboard[] = [];
  afterEach(async () => {
    await Promise.all(served.splice(0).map((each) => each.close()));
  });
  return async (source, options) => {
    const dashboard = await serve(source, options);
    served.push(dashboard);
    return dashboard;
  };
}

/** Asks with the server's token. */
export function ask(
  { port, token }: Pick<Dashboard, 'port' | 'token'>,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const headers = { Authorization: `Bearer ${token ?? ''}`, ...(init.headers as Record<string, string>) };
  return fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers });
}

/** Sends bytes as they are, and gives all that comes until the other side ends. */
export function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
    socket.on('close', () => {
      resolve(answer);
    });
    socket.on('error', (error) => {
      if (answer === '') reject(error);
    });
  });
}

/** An event of a stream of them. */
export interface Heard {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** A client of `GET /api/live`. */
export interface Listener {
  readonly heard: readonly Heard[];
  /** The number it has had last, as a browser has it. */
  readonly lastId: string | undefined;
  /** Resolves when what it has heard is enough; rejects when the stream ends before. */
  until(isEnough: (heard: readonly Heard[]) => boolean): Promise<void>;
  close(): void;
}

/** Listens; resolves once the server has begun to answer, and the client has its first number. */
export async function listen(
  dashboard: Pick<Dashboard, 'port' | 'token'>,
  query: string,
  lastEventId?: string,
): Promise<Listener> {
  const stop = new AbortController();
  const response = await ask(dashboard, `/api/live?${query}`, {
    signal: stop.signal,
    headers: lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId },
  });
  if (response.status !== 200 || response.body === null) throw new Error(`answered ${response.status}`);
  const heard: Heard[] = [];
  const listener = { heard, lastId: undefined as string | undefined };
  let isOver = false;
  let hasBegun = (): void => undefined;
  const begun = new Promise<void>((resolve) => (hasBegun = resolve));
  const waiting = new Set<() => void>();
  const woken = (): void => {
    for (const wake of waiting) wake();
  };
  void read(response.body, ({ id, event, data }) => {
    if (id !== undefined) listener.lastId = id;
    hasBegun();
    if (data !== '') heard.push({ event, id, data: JSON.parse(data) as unknown });
    woken();
  })
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
      hasBegun();
      woken();
    });
  await begun;
  return Object.assign(listener, {
    until: (isEnough: (heard: readonly Heard[]) => boolean) =>
      new Promise<void>((resolve, reject) => {
        const wake = (): void => {
          if (!isOver && !isEnough(heard)) return;
          waiting.delete(wake);
          if (isEnough(heard)) resolve();
          else reject(new Error(`the stream ended after ${JSON.stringify(heard)}`));
        };
        waiting.add(wake);
        wake();
      }),
    close: () => {
      stop.abort();
    },
  });
}

async function read(
  body: ReadableStream<Uint8Array>,
  onBlock: (block: { event: string; id: string | undefined; data: string }) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const of = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      onBlock({ event: of('event') ?? 'message', id: of('id'), data: of('data') ?? '' });
    }
  }
}
