import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ask, closedRun, dashboards, idOf, raw } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';
import { own, request, statusOf } from './raw-request.js';

const folder = tempFolders('dashboard-security');
const serve = dashboards();

describe('too much', () => {
  it('is refused: of rows, points, metrics, runs, body and headers', async () => {
    const dir = folder();
    const id = idOf(await closedRun(dir));
    const dashboard = await serve(dir);
    const status = async (path: string, init?: RequestInit): Promise<number> => {
      const answer = await ask(dashboard, path, init);
      const text = await answer.text();
      if (!answer.ok) expect(text).not.toMatch(/\/tmp|\.js:/);
      return answer.status;
    };
    const metrics = Array.from({ length: 200 }, (_, at) => `metric=m${at}`).join('&');
    const runs = Array.from({ length: 101 }, (_, at) => `e/${at}`).join(',');
    for (const path of [
      ...[
        '/api/runs?limit=1000000000',
        '/api/runs?limit=1e9',
        '/api/runs?limit=1.5',
        '/api/runs?limit=',
        '/api/runs?limit=-1',
        '/api/runs?offset=100000000',
        '/api/runs?limit=NaN',
      ],
      ...[
        `/api/series?runs=${id}&metric=loss&points=1000000000`,
        `/api/series?runs=${id}&${metrics}`,
        `/api/series?runs=${id}`,
      ],
      ...[
        `/api/series?runs=${runs}&metric=a`,
        `/api/live?runs=${runs}`,
        `/api/live?${metrics}`,
        `/api/runs/${id}/logs?last=1000000000`,
      ],
      ...[
        `/api/runs?where=${'('.repeat(3999)}`,
        `/api/runs?where=${'x'.repeat(5000)}`,
        `/api/series?runs=${id}&metric=a&from=x`,
      ],
    ])
      expect([path.slice(0, 60), await status(path)]).toEqual([path.slice(0, 60), 400]);
    const long = request(
      dashboard,
      'POST',
      '/api/session',
      own(dashboard),
      'Content-Type: application/json',
      'Content-Length: 2097152',
    );
    expect(statusOf(await long)).toBe(413);
    const chunked = `POST /api/session HTTP/1.1\r\n${own(dashboard)}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${`10000\r\n${'x'.repeat(0x10000)}\r\n`.repeat(32)}0\r\n\r\n`;
    expect(statusOf(await raw(dashboard.port, chunked))).toBe(413);
    const answer = await request(dashboard, 'GET', '/', own(dashboard), `X-Long: ${'x'.repeat(64 * 1024)}`);
    expect(statusOf(answer)).toBe(431);
    for (const smuggled of [
      'Transfer-Encoding: chunked\r\nContent-Length: 4',
      'Content-Length: 4\r\nContent-Length: 5',
      'Transfer-Encoding: xchunked',
    ])
      expect(
        statusOf(
          await raw(
            dashboard.port,
            `POST /api/session HTTP/1.1\r\n${own(dashboard)}\r\n${smuggled}\r\n\r\n0\r\n\r\n`,
          ),
        ),
      ).toBe(400);
    expect(await status('/api/runs')).toBe(200);
  });

  it('of sockets, and of those who trickle, leaves the server to others in the end', async () => {
    const dashboard = await serve(folder());
    const closed: Promise<unknown>[] = [];
    const sockets = Array.from({ length: 200 }, (_, at) => {
      const socket = connect(dashboard.port, '127.0.0.1');
      socket.on('error', () => undefined).resume();
      closed.push(new Promise((resolve) => socket.on('close', resolve)));
      // A request that is never whole.
      if (at % 2 === 0) socket.write('GET / HTTP/1.1\r\nX: ');
      return socket;
    });
    const trickle = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('x');
    }, 200);
    await Promise.all(closed);
    clearInterval(trickle);
    expect((await ask(dashboard, '/api/server')).status).toBe(200);
  });
});
