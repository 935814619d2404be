import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Dashboard } from 'expman-rx/dashboard';
import {
  type Heard,
  type Listener,
  ask,
  closedRun,
  dashboards,
  idOf,
  listen,
  openRun,
} from '../../support/dashboard.js';
import { openFilesIn, threads } from '../../support/own-process.js';
import { runChild } from '../../support/child.js';
import { tempFolders } from '../../support/temp-folder.js';
import type { LiveLogs, LivePoints, RunFactsAnswer } from '../../../dist/modules/dashboard/api.js';

const folder = tempFolders('dashboard-live');
const serve = dashboards();

interface Point {
  readonly step: number | null;
  readonly value: number | null;
}

const pointsIn = (heard: readonly Heard[]): Point[] =>
  heard
    .filter(({ event }) => event === 'points')
    .flatMap(({ data }) => (data as LivePoints).series)
    .flatMap(({ step, value }) => step.map((each, at) => ({ step: each, value: value[at] ?? null })));
const stepsIn = (heard: readonly Heard[]): (number | null)[] => pointsIn(heard).map(({ step }) => step);
const points = (listener: Listener, count: number): Promise<void> =>
  listener.until((heard) => pointsIn(heard).length >= count);
const count = (heard: readonly Heard[], wanted: string): number =>
  heard.filter(({ event }) => event === wanted).length;
const events = (listener: Listener, wanted: string, least = 1): Promise<void> =>
  listener.until((heard) => count(heard, wanted) >= least);
const status = (listener: Listener, wanted: string): Promise<void> =>
  listener.until((heard) =>
    heard.some(({ event, data }) => event === 'run' && (data as RunFactsAnswer).status === wanted),
  );
const ofLoss = ({ runDir }: { readonly runDir: string }): string => `runs=${idOf(runDir)}&metric=loss`;

describe('listening to a run', () => {
  it('gives every row that is logged once the answer has begun, and no other, late ones and those without a step as well', async () => {
    const run = openRun(folder());
    run.logMetrics({ loss: -1 }, 0);
    // Only what is in its log by then was logged before, to a listener.
    await run.flush();
    const listener = await listen(await serve(run), ofLoss(run));
    // What it is comes first.
    await status(listener, 'RUNNING');
    const logged: Point[] = [];
    const log = (value: number, step?: number): void => {
      run.logMetrics({ loss: value }, step);
      logged.push({ step: step ?? null, value: Number.isFinite(value) ? value : null });
    };
    for (let step = 1; step <= 50; step++) log(step, step);
    log(0.5, 7);
    log(0.25);
    log(NaN, 51);
    log(Infinity, 52);
    await points(listener, 10);
    for (let step = 53; step <= 60; step++) log(step, step);
    await points(listener, logged.length);
    await run.close();
    await status(listener, 'FINISHED');
    expect(pointsIn(listener.heard)).toEqual(logged);
    expect(count(listener.heard, 'reset')).toBe(0);
  });

  it('gives lines of its log as they come, the last one of a run that is closed as well', async () => {
    const run = openRun(folder());
    run.logger.info('before');
    await run.flush();
    const listener = await listen(await serve(run), `runs=${idOf(run.runDir)}&logs=1`);
    run.logger.warn('during', { at: 1 });
    const lines = (heard: readonly Heard[]): LiveLogs['lines'] =>
      heard.filter(({ event }) => event === 'logs').flatMap(({ data }) => (data as LiveLogs).lines);
    await listener.until((heard) => lines(heard).length >= 1);
    run.logger.info('last');
    await run.close();
    await listener.until((heard) => lines(heard).length >= 2);
    expect(lines(listener.heard).map(({ level, message }) => `${level} ${message}`)).toEqual([
      'warn during',
      'info last',
    ]);
  });

  it('tells within seconds that a run was killed, and of one that is taken up again what it logs, after a reset', async () => {
    const dir = folder();
    const dashboard = await serve(dir);
    let listener: Listener | undefined;
    const { runDir } = await runChild(
      dir,
      `const run = open(); run.logMetrics({ loss: 1 }, 1); await run.flush(); await ask('listen');
       run.logMetrics({ loss: 1 }, 2); await ask('heard');`,
      {
        answer: async (asked, runDir) => {
          if (asked === 'listen') listener = await listen(dashboard, ofLoss({ runDir }));
          else if (listener !== undefined) await points(listener, 1);
          return asked === 'heard' ? 'kill' : undefined;
        },
      },
    );
    if (listener === undefined) throw new Error('nobody listened');
    await status(listener, 'CRASHED');
    const { heard } = listener;
    expect(count(heard, 'reset')).toBe(0);
    const before = pointsIn(heard).length;
    const again = openRun(dir, { runName: runDir.split('/').at(-1), resume: 'must' });
    await events(listener, 'reset');
    again.logMetrics({ loss: 2 }, 1_000_000);
    await points(listener, before + 1);
    await again.close();
    expect(stepsIn(heard).at(-1)).toBe(1_000_000);
  });

  it('says when the list of runs has changed', async () => {
    const dir = folder();
    await closedRun(dir);
    const listener = await listen(await serve(dir), '');
    await events(listener, 'runs');
    await closedRun(dir);
    await events(listener, 'runs', 2);
  });

  it('goes on with the others when the folder of one disappears', async () => {
    const dir = folder();
    const [one, other] = [openRun(dir), openRun(dir, {}, 'other')];
    const dashboard = await serve(dir);
    const listener = await listen(dashboard, `runs=${idOf(one.runDir)},${idOf(other.runDir)}&metric=loss`);
    other.logMetrics({ loss: 1 }, 1);
    await points(listener, 1);
    await events(listener, 'runs');
    await one.close();
    rmSync(one.runDir, { recursive: true });
    await events(listener, 'runs', 2);
    other.logMetrics({ loss: 2 }, 2);
    await points(listener, 2);
    // Nor does it keep a page from listening that was opened before.
    const later = await listen(dashboard, `runs=${idOf(one.runDir)},${idOf(other.runDir)}&metric=loss`);
    other.logMetrics({ loss: 3 }, 3);
    await points(later, 1);
    await other.close();
    expect(stepsIn(later.heard)).toEqual([3]);
  });
});

describe('a client that comes again', () => {
  /** A client that has gone before the first point of a run, which somebody else has heard. */
  const leftBeforeAPoint = async () => {
    const run = openRun(folder());
    const dashboard = await serve(run);
    const witness = await listen(dashboard, ofLoss(run));
    const first = await listen(dashboard, ofLoss(run));
    first.close();
    run.logMetrics({ loss: 1 }, 1);
    await points(witness, 1);
    return { run, dashboard, witness, first };
  };

  it('is given exactly what it has missed, even if it had heard nothing yet', async () => {
    const { run, dashboard, witness, first } = await leftBeforeAPoint();
    const second = await listen(dashboard, ofLoss(run), first.lastId);
    await points(second, 1);
    second.close();
    run.logMetrics({ loss: 2 }, 2);
    await points(witness, 2);
    const third = await listen(dashboard, ofLoss(run), second.lastId);
    run.logMetrics({ loss: 3 }, 3);
    await points(third, 2);
    await run.close();
    expect([stepsIn(second.heard), stepsIn(third.heard)]).toEqual([[1], [2, 3]]);
    expect(count(third.heard, 'reset')).toBe(0);
  });

  it('goes on in another stream, for other news, and is told where that has caught up', async () => {
    const { run, dashboard, first } = await leftBeforeAPoint();
    const second = await listen(dashboard, `${ofLoss(run)}&since=${first.lastId ?? ''}`);
    await events(second, 'here');
    expect(stepsIn(second.heard)).toEqual([1]);
    const third = await listen(dashboard, `${ofLoss(run)}&metric=acc&since=${second.lastId ?? ''}`);
    await events(third, 'here');
    expect(third.heard.map(({ event }) => event).filter((event) => event !== 'runs')).toEqual([
      'reset',
      'here',
    ]);
    await run.close();
  });

  it('is told to read again when what it has missed is not known: by another server, of a metric nobody listened to', async () => {
    const run = openRun(folder());
    const dashboard = await serve(run);
    const first = await listen(dashboard, ofLoss(run));
    for (const id of ['nobody-1', '', '-', `${first.lastId ?? ''}0000`, 'x'.repeat(1000)]) {
      const again = await listen(dashboard, ofLoss(run), id);
      await events(again, 'reset');
      again.close();
    }
    const ofAcc = await listen(dashboard, `runs=${idOf(run.runDir)}&metric=acc`, first.lastId);
    await events(ofAcc, 'reset');
    await dashboard.close();
    const restarted = await listen(await serve(run), ofLoss(run), first.lastId);
    await events(restarted, 'reset');
    await run.close();
  });

  it('is not given what it did not ask for', async () => {
    const dir = folder();
    const [one, other] = [openRun(dir), openRun(dir, {}, 'other')];
    const dashboard = await serve(dir);
    const all = await listen(
      dashboard,
      `runs=${idOf(one.runDir)},${idOf(other.runDir)}&metric=loss&metric=acc`,
    );
    const some = await listen(dashboard, ofLoss(one));
    other.logMetrics({ loss: 1, acc: 1 }, 1);
    await points(all, 2);
    one.logMetrics({ loss: 2, acc: 2 }, 2);
    await points(some, 1);
    await Promise.all([one.close(), other.close()]);
    expect(pointsIn(some.heard)).toEqual([{ step: 2, value: 2 }]);
  });
});

describe('a client that is no good', () => {
  it('is dropped when it never reads, and the others hear on', async () => {
    const run = openRun(folder());
    const dashboard = await serve(run);
    const deaf = connect(dashboard.port, '127.0.0.1');
    deaf.pause();
    const dropped = new Promise((resolve) => deaf.on('close', resolve));
    deaf.on('error', () => undefined);
    deaf.write(
      `GET /api/live?runs=${idOf(run.runDir)}&logs=1 HTTP/1.1\r\nHost: 127.0.0.1:${dashboard.port}\r\nAuthorization: Bearer ${dashboard.token ?? ''}\r\n\r\n`,
    );
    const listener = await listen(dashboard, `runs=${idOf(run.runDir)}&logs=1&metric=loss`);
    const before = process.memoryUsage().rss;
    const line = 'x'.repeat(100_000);
    let isDropped = false;
    void dropped.then(() => (isDropped = true));
    // Its own buffers are full some time; what the server still has for it is counted by the server.
    for (let round = 0; round < 400 && !isDropped; round++) {
      run.logger.info(line);
      if (round % 20 === 0) {
        const { length } = listener.heard;
        await run.flush();
        await listener.until((heard) => heard.length > length);
        // Reads nothing, but notices that the connection was reset.
        isDropped = (await connections(dashboard)) < 2;
      }
    }
    run.logMetrics({ loss: 1 }, 1);
    await points(listener, 1);
    expect(isDropped).toBe(true);
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024);
    deaf.destroy();
    await run.close();
  });

  it('takes no place when it has gone before it is answered, or waits behind another answer', async () => {
    const run = openRun(folder());
    const dashboard = await serve(run);
    const request = `GET /api/live?${ofLoss(run)} HTTP/1.1\r\nHost: 127.0.0.1:${dashboard.port}\r\nAuthorization: Bearer ${dashboard.token ?? ''}\r\n\r\n`;
    for (let round = 0; round < 40; round++)
      await new Promise((resolve) => {
        const socket = connect(dashboard.port, '127.0.0.1', () => {
          socket.write(request.repeat(1 + (round % 3)), () => socket.resetAndDestroy());
        });
        socket.on('error', () => undefined).on('close', resolve);
      });
    const head = await ask(dashboard, `/api/live?${ofLoss(run)}`, { method: 'HEAD' });
    expect(head.status).toBe(200);
    // What they asked for is answered first.
    await expect.poll(async () => (await ask(dashboard, '/api/experiments')).status).toBe(200);
    const listener = await listen(dashboard, ofLoss(run));
    run.logMetrics({ loss: 1 }, 1);
    await points(listener, 1);
    await run.close();
  });
});

/** How many sockets of this process are connected to a port, by the kernel's table. */
async function connections({ port }: Dashboard): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const table = await readFile('/proc/net/tcp', 'utf8');
  return table.split('\n').filter((line) => new RegExp(`^ *\\d+: 0100007F:${hex} [^ ]+ 01 `).test(line))
    .length;
}

describe('a dashboard that is closed', () => {
  it('leaves no thread and no open file, whoever listens', async () => {
    const dir = folder();
    const run = openRun(dir);
    await run.flush();
    const before = threads();
    const dashboard = await serve(dir);
    const listener = await listen(dashboard, `${ofLoss(run)}&logs=1`);
    run.logMetrics({ loss: 1 }, 1);
    await points(listener, 1);
    await ask(dashboard, `/api/series?${ofLoss(run)}`);
    await dashboard.close();
    await dashboard.close();
    await expect(listener.until(() => false)).rejects.toThrow('ended');
    expect(threads()).toBeLessThanOrEqual(before);
    // As long as the run is open, its writer opens and closes files of its own.
    await run.close();
    expect(openFilesIn(dir)).toBe(0);
  });

  it('does not keep the process of its run alive, not even while a page listens', async () => {
    const { ended, said } = await runChild(
      folder(),
      `const { serve } = await import(${JSON.stringify(new URL('../../../dist/dashboard.js', import.meta.url).href)});
       const run = open();
       const { port, token } = await serve(run);
       const id = run.runDir.split('/').slice(-2).join('/');
       const { connect } = await import('node:net');
       const socket = connect(port, '127.0.0.1');
       socket.write('GET /api/live?runs=' + id + '&metric=loss HTTP/1.1\\r\\nHost: 127.0.0.1:' + port + '\\r\\nAuthorization: Bearer ' + token + '\\r\\n\\r\\n');
       await new Promise((resolve) => socket.once('data', resolve));
       socket.unref();
       run.logMetrics({ loss: 1 }, 1);
       await run.close();
       say('closed');
       process.on('exit', () => say('end'));`,
    );
    expect([ended, said]).toEqual([0, ['closed', 'end']]);
  });
});
