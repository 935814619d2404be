import { execFileSync, spawn } from 'node:child_process';
import { linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import type { Dashboard } from 'expman-rx/dashboard';
import { EXPMAN } from '../../support/cli.js';
import { ask, closedRun, dashboards, idOf, openRun, raw } from '../../support/dashboard.js';
import { openFilesIn } from '../../support/own-process.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('dashboard-security');
const serve = dashboards();
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const HEADERS = {
  'content-security-policy':
    "default-src 'self'; frame-ancestors 'none'; object-src 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** A request of one's own making: `lines` are its headers. */
const request = (dashboard: Dashboard, method: string, path: string, ...lines: string[]): Promise<string> =>
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
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
const own = ({ port }: Dashboard): string => `Host: 127.0.0.1:${port}`;

const PATHS = [
  '/',
  '/main.js',
  '/api/server',
  '/api/runs',
  '/api/live',
  '/files/a/b/artifacts/c',
  '/nothing',
];

describe('a request', () => {
  it('is refused under any host but the own ones, whatever it asks for', async () => {
    const dashboard = await serve(folder());
    const { port } = dashboard;
    const hosts = [
      ...[
        'evil.com',
        `evil.com:${port}`,
        `127.0.0.1.evil.com:${port}`,
        `localhost.:${port}`,
        '127.0.0.1',
        `127.0.0.1:${port + 1}`,
      ],
      ...[
        `0.0.0.0:${port}`,
        `[::ffff:127.0.0.1]:${port}`,
        `127.1:${port}`,
        `2130706433:${port}`,
        `127.0.0.1:${port}@evil.com`,
      ],
      ...['', `127.0.0.1:${port},evil.com`, `user@127.0.0.1:${port}`, `127.0.0.1:0${port}`],
    ].map((host) => [`Host: ${host}`]);
    const wrong = [...hosts, [], [own(dashboard), 'Host: evil.com'], [own(dashboard), own(dashboard)]];
    for (const lines of wrong)
      for (const path of PATHS) {
        const answer = await request(dashboard, 'GET', path, ...lines);
        expect([lines, path, [400, 403].includes(statusOf(answer))]).toEqual([lines, path, true]);
        expect(answer).not.toMatch(/version|UNAUTHORISED|NOT_FOUND/);
      }
    for (const name of ['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]'])
      expect(statusOf(await request(dashboard, 'GET', '/api/server', `Host: ${name}:${port}`))).toBe(200);
  });

  it('may name a host that was allowed', async () => {
    const dashboard = await serve(folder(), { allowedHosts: ['gpu-1.lan'] });
    for (const host of ['gpu-1.lan', `GPU-1.lan:${dashboard.port}`])
      expect(statusOf(await request(dashboard, 'GET', '/api/server', `Host: ${host}`))).toBe(200);
    expect(statusOf(await request(dashboard, 'GET', '/api/server', 'Host: gpu-2.lan'))).toBe(403);
  });

  it('is refused from another origin or site, and no answer lets another origin read it', async () => {
    const dashboard = await serve(folder());
    const { port } = dashboard;
    const foreign = [
      ...[
        'https://evil.com',
        'null',
        `http://127.0.0.1:${port + 1}`,
        `https://127.0.0.1:${port}`,
        `http://localhost:${port}`,
        '',
      ].map((origin) => `Origin: ${origin}`),
      ...['cross-site', 'same-site', 'strange'].map((site) => `Sec-Fetch-Site: ${site}`),
    ];
    for (const line of foreign)
      for (const path of PATHS.slice(1)) {
        const answer = await request(dashboard, 'GET', path, own(dashboard), line);
        expect([line, path, statusOf(answer)]).toEqual([line, path, 403]);
        expect(answer).not.toMatch(/access-control/i);
      }
    for (const line of [
      `Origin: http://127.0.0.1:${port}`,
      'Sec-Fetch-Site: same-origin',
      'Sec-Fetch-Site: none',
    ])
      expect(statusOf(await request(dashboard, 'GET', '/api/server', own(dashboard), line))).toBe(200);
    // A link to the page may stand anywhere.
    expect(statusOf(await request(dashboard, 'GET', '/', own(dashboard), 'Sec-Fetch-Site: cross-site'))).toBe(
      200,
    );
    const preflight = await request(
      dashboard,
      'OPTIONS',
      '/api/runs',
      own(dashboard),
      'Access-Control-Request-Method: PATCH',
    );
    expect(statusOf(preflight)).toBe(405);
    expect(preflight).toContain('\r\nAllow: GET, HEAD, POST, PATCH\r\n');
    expect(preflight).not.toMatch(/access-control/i);
  });

  it('to upgrade is refused, and what the other side leaves open holds up nothing', async () => {
    const dashboard = await serve(folder());
    const upgrade = `GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:${dashboard.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    expect(statusOf(await raw(dashboard.port, upgrade))).toBe(403);
    // A reset in the middle of it must not end the process, either.
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = connect({ port: dashboard.port, host: '127.0.0.1', allowHalfOpen: true });
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        socket.write(upgrade);
        socket.resetAndDestroy();
      }),
    );
    const halfOpen = connect({ port: dashboard.port, host: '127.0.0.1', allowHalfOpen: true });
    halfOpen.on('error', () => undefined).resume();
    halfOpen.write(upgrade);
    await once(halfOpen, 'end');
    await dashboard.close();
    halfOpen.destroy();
  });

  it('has the same headers in every answer, errors too', async () => {
    const dashboard = await serve(folder());
    const answers = await Promise.all([
      ...PATHS.filter((path) => path !== '/api/live').map((path) => ask(dashboard, path)),
      ...[fetch(`http://127.0.0.1:${dashboard.port}/api/runs`), ask(dashboard, '/api/runs?limit=x')],
      ask(dashboard, '/api/runs', { method: 'DELETE' }),
      ask(dashboard, '/api/session', { method: 'POST', body: 'x' }),
    ]);
    for (const answer of answers)
      expect([answer.url, Object.fromEntries(answer.headers)]).toEqual([
        answer.url,
        expect.objectContaining(
          answer.url.includes('/files/') ? { 'x-content-type-options': 'nosniff' } : HEADERS,
        ),
      ]);
    // What Node's parser refuses, and what it would upgrade.
    const host = own(dashboard);
    for (const [status, text] of [
      [400, 'nonsense\r\n\r\n'],
      [431, `GET / HTTP/1.1\r\n${host}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
      [403, `GET / HTTP/1.1\r\n${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
    ] as const) {
      const answer = await raw(dashboard.port, text);
      expect(statusOf(answer)).toBe(status);
      for (const [name, value] of Object.entries(HEADERS))
        expect(answer.toLowerCase()).toContain(`\r\n${name}: ${value.toLowerCase()}\r\n`);
    }
  });
});

describe('the token', () => {
  it('is asked for by all but the page, and taken from the header or the cookie alone', async () => {
    const dashboard = await serve(folder());
    const { port, token } = dashboard;
    const at = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers });
    for (const path of PATHS.slice(2, -1)) {
      expect((await at(path)).status).toBe(401);
      expect((await at(`${path}?token=${token ?? ''}`)).status).toBe(401);
      expect((await at(path, { Authorization: 'Bearer wrong' })).status).toBe(401);
      expect((await at(path, { Authorization: 'Bearer ' })).status).toBe(401);
      expect((await at(path, { Cookie: `expman-${port + 1}=${token ?? ''}` })).status).toBe(401);
    }
    expect((await at('/api/server', { Cookie: `expman-${port}=${token ?? ''}` })).status).toBe(200);
  });

  it('is exchanged for a cookie no script and no other site is given', async () => {
    const dashboard = await serve(folder());
    const session = (token: unknown, type = 'application/json'): Promise<Response> =>
      fetch(`http://127.0.0.1:${dashboard.port}/api/session`, {
        method: 'POST',
        body: JSON.stringify({ token }),
        headers: { 'Content-Type': type },
      });
    const answer = await session(dashboard.token);
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([
      204,
      `expman-${dashboard.port}=${dashboard.token ?? ''}; Path=/; HttpOnly; SameSite=Strict`,
    ]);
    const refused = await Promise.all([
      session('wrong'),
      session(dashboard.token, 'text/plain'),
      session({}),
      session('x'.repeat(1000)),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([401, 415, 400, 400]);
    for (const each of refused) {
      expect(each.headers.get('set-cookie')).toBeNull();
      expect(await each.text()).not.toContain(dashboard.token);
    }
  });

  it('may be left out on the loopback alone', async () => {
    const dir = folder();
    const refused = expect.objectContaining({ code: 'INVALID_OPTION', option: 'token' }) as Error;
    for (const host of ['0.0.0.0', '::', '', '192.168.0.1'])
      await expect(serve(dir, { token: false, host })).rejects.toThrow(refused);
    const open = await serve(dir, { token: false });
    expect([open.token, open.url.includes('#')]).toEqual([null, false]);
    expect((await fetch(`${open.url}api/server`)).status).toBe(200);
  });
});

describe('a change', () => {
  const change = async (dashboard: Dashboard, id: string, init: RequestInit = {}): Promise<number> => {
    const { writeToken } = (await (await ask(dashboard, '/api/server')).json()) as {
      writeToken: string | null;
    };
    const headers = {
      'Content-Type': 'application/json',
      'X-Expman-Write': writeToken ?? 'none',
      ...(init.headers as object),
    };
    const answer = await ask(dashboard, `/api/runs/${id}`, {
      method: 'PATCH',
      body: '{"tags":["new"]}',
      ...init,
      headers,
    });
    await answer.text();
    return answer.status;
  };

  it('takes as much as a run may be given', async () => {
    const dir = folder();
    const id = idOf(await closedRun(dir, 1, { notes: 'n'.repeat(65_536) }));
    const dashboard = await serve(dir, { writable: true });
    const given = {
      notes: `${'n'.repeat(65_535)}!`,
      tags: Array.from({ length: 1000 }, (_, index) => `${index}, `.padEnd(128, 't')),
    };
    expect(await change(dashboard, id, { body: JSON.stringify(given) })).toBe(200);
    const { facts } = (await (await ask(dashboard, `/api/runs/${id}`)).json()) as { facts: typeof given };
    expect([facts.notes, facts.tags]).toEqual([given.notes, given.tags]);
  });

  it('is made with --write, by the page itself, in JSON, and in no other way', async () => {
    const dir = folder();
    const id = idOf(await closedRun(dir));
    expect(await change(await serve(dir), id)).toBe(403);
    const dashboard = await serve(dir, { writable: true });
    const refused = await Promise.all([
      change(dashboard, id, { headers: { 'X-Expman-Write': 'wrong' } }),
      change(dashboard, id, { headers: { 'X-Expman-Write': '' } }),
      change(dashboard, id, { headers: { Origin: 'https://evil.com' } }),
      change(dashboard, id, { headers: { 'Content-Type': 'text/plain' } }),
      change(dashboard, id, { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
      change(dashboard, id, { headers: { 'Content-Type': 'application/jsonp' } }),
      change(dashboard, id, { body: '{"tags":' }),
      change(dashboard, id, { body: '{"status":"FINISHED"}' }),
      change(dashboard, id, { body: `{"notes":"${'x'.repeat(65_537)}"}` }),
    ]);
    expect(refused).toEqual([403, 403, 403, 415, 415, 415, 400, 400, 400]);
    const posted = ['PATCH', 'patch'].map((method) =>
      change(dashboard, id, { method: 'POST', headers: { 'X-HTTP-Method-Override': method } }),
    );
    expect(await Promise.all(posted)).toEqual([404, 404]);
    for (const method of ['PUT', 'DELETE', 'PROPFIND'])
      expect(await change(dashboard, id, { method })).toBe(405);
    const facts = async (): Promise<unknown> =>
      ((await (await ask(dashboard, `/api/runs/${id}`)).json()) as { facts: { tags: unknown } }).facts.tags;
    expect(await facts()).toEqual([]);
    expect(await change(dashboard, id)).toBe(200);
    expect(await facts()).toEqual(['new']);
  });

  it('of a run that is open is refused', async () => {
    const dir = folder();
    const run = openRun(dir);
    run.logMetrics({ loss: 1 }, 1);
    await run.flush();
    expect(await change(await serve(dir, { writable: true }), idOf(run.runDir))).toBe(409);
    await run.close();
  });
});

describe('a file of a run', () => {
  it('is sent as bytes to be saved, but for what begins as an image', async () => {
    const dir = folder();
    const run = openRun(dir);
    for (const name of ['page.html', 'image.svg', 'paper.pdf', 'code.js', 'empty', 'ünï "x".txt'])
      await run.saveArtifact(name, Buffer.from(name === 'empty' ? '' : `<script>alert(1)</script>${name}`));
    await run.saveArtifact('image.png', PNG);
    await run.close();
    mkdirSync(join(run.runDir, 'media'));
    writeFileSync(join(run.runDir, 'media/real.html'), PNG);
    for (const name of ['svg.png', 'html.png'])
      writeFileSync(join(run.runDir, 'media', name), `<svg onload="alert(1)"/>`);
    const dashboard = await serve(dir);
    const file = (path: string): Promise<Response> => ask(dashboard, `/files/${idOf(run.runDir)}/${path}`);
    for (const path of [
      ...[
        'page.html',
        'image.svg',
        'paper.pdf',
        'code.js',
        'empty',
        'image.png',
        encodeURIComponent('ünï "x".txt'),
      ].map((name) => `artifacts/${name}`),
      ...['media/svg.png', 'media/html.png'],
    ]) {
      const { status, headers } = await file(path);
      expect([path, status, headers.get('content-type'), headers.get('content-security-policy')]).toEqual([
        ...[path, 200, 'application/octet-stream', "default-src 'none'; sandbox"],
      ]);
      expect(headers.get('content-disposition')).toMatch(
        /^attachment; filename="[A-Za-z0-9._-]+"; filename\*=UTF-8''[A-Za-z0-9._%-]+$/,
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect(await (await file('artifacts/empty')).text()).toBe('');
    const image = await file('media/real.html');
    expect([image.headers.get('content-type'), image.headers.get('content-disposition')]).toEqual([
      'image/png',
      null,
    ]);
    expect(Buffer.from(await image.arrayBuffer())).toEqual(PNG);
  });

  it('is the same as no file when it is elsewhere, a link, or no file at all', async () => {
    const dir = folder();
    const runDir = await closedRun(dir);
    const secret = join(dir, 'secret');
    writeFileSync(secret, 'the secret');
    const artifacts = join(runDir, 'artifacts');
    mkdirSync(join(artifacts, 'folder'), { recursive: true });
    symlinkSync(secret, join(artifacts, 'link'));
    symlinkSync(dir, join(artifacts, 'linked'));
    linkSync(secret, join(artifacts, 'hard'));
    symlinkSync(dir, join(runDir, 'media'));
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(artifacts, 'fifo')]);
    const dashboard = await serve(dir);
    const unknown = await request(dashboard, 'GET', '/api/runs/exp/none', own(dashboard));
    const bodyOf = (answer: string): string => answer.split('\r\n\r\n').slice(1).join('');
    expect(statusOf(unknown)).toBe(404);
    const id = idOf(runDir);
    const tails = [
      ...[
        'artifacts/link',
        'artifacts/linked/secret',
        'artifacts/hard',
        'artifacts/fifo',
        'artifacts/folder',
        'artifacts',
        'artifacts/',
      ],
      ...[
        'media/secret',
        'run.yaml',
        'config.yaml',
        'artifacts/../run.yaml',
        'artifacts/..%2frun.yaml',
        'artifacts/%2e%2e/run.yaml',
      ],
      ...[
        'artifacts/%252e%252e/run.yaml',
        'artifacts/..%5c..%5csecret',
        'artifacts/..\\..\\secret',
        'artifacts/%00',
        'artifacts/link%00.png',
      ],
      ...[
        'artifacts/%ff',
        'artifacts/%',
        `artifacts/${'a'.repeat(300)}`,
        `artifacts/${'a/'.repeat(2000)}a`,
        'artifacts/%2fetc%2fpasswd',
      ],
      ...[
        'artifacts//etc/passwd',
        'artifacts/./folder',
        'artifacts/folder/',
        'artifacts/hard?x=1',
        'artifacts/hard;x',
      ],
    ].map((tail) => `/files/${id}/${tail}`);
    const paths = [
      ...tails,
      ...[
        '/files/..%2f..%2fetc/passwd/artifacts/x',
        '/files/exp/..%2f..%2f/artifacts/x',
        '/api/runs/..%2f..%2fetc/passwd',
        '/api/runs/exp/%2e%2e',
      ],
      ...[
        '/api/runs/exp/%00',
        '/api/runs/exp/%252e%252e',
        `/api/runs/exp/${'a'.repeat(5000)}`,
        '/api/experiments/..%2f../sweep',
        '/api/runs/__proto__/constructor',
      ],
      ...['//evil.com/..', '/../../etc/passwd', '/page.css/..%2f', '/data/data-thread.js', '/main.js%00'],
    ];
    for (const path of paths) {
      const answer = await request(dashboard, 'GET', path, own(dashboard));
      expect([path, [400, 404].includes(statusOf(answer))]).toEqual([path, true]);
      if (statusOf(answer) === 404) expect([path, bodyOf(answer)]).toEqual([path, bodyOf(unknown)]);
      expect(answer).not.toMatch(/the secret|root:|at .*\.js|\/tmp/);
    }
  });

  it('holds no descriptor, whoever goes away before it is sent', async () => {
    const dir = folder();
    const run = openRun(dir);
    await run.saveArtifact('large', Buffer.alloc(8 * 1024 * 1024));
    await run.close();
    const dashboard = await serve(dir);
    const path = `/files/${idOf(run.runDir)}/artifacts/large`;
    for (let round = 0; round < 20; round++) await ask(dashboard, path, { method: 'HEAD' });
    for (let round = 0; round < 20; round++) {
      const answer = await ask(dashboard, path);
      await answer.body?.cancel();
    }
    const text = `GET ${path} HTTP/1.1\r\n${own(dashboard)}\r\nAuthorization: Bearer ${dashboard.token ?? ''}\r\n\r\n`;
    for (let round = 0; round < 20; round++) {
      const socket = connect(dashboard.port, '127.0.0.1', () =>
        socket.write(text.repeat(2), () => socket.resetAndDestroy()),
      );
      await once(
        socket.on('error', () => undefined),
        'close',
      );
    }
    await expect.poll(() => openFilesIn(run.runDir), { timeout: 10_000 }).toBe(0);
  });
});

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

describe('serving', () => {
  it('says that a port is taken, and leaves it to whoever has it', async () => {
    const holder = createServer();
    holder.listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    await expect(serve(folder(), { port })).rejects.toThrow(
      expect.objectContaining({ code: 'IO', errno: 'EADDRINUSE' }) as Error,
    );
    expect(holder.listening).toBe(true);
    holder.close();
    for (const wrong of [-1, 65_536, 1.5, NaN, '80'])
      await expect(serve(folder(), { port: wrong as number })).rejects.toMatchObject({
        code: 'INVALID_OPTION',
      });
    await expect(serve(join(folder(), 'none'))).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  it('as a command says where, warns of a network, tells nobody the token again, and ends with a signal', async () => {
    const dir = folder();
    await closedRun(dir);
    const command = spawn(process.execPath, [EXPMAN, 'serve', dir, '--json', '--host', '0.0.0.0']);
    let stderr = '';
    command.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [line] = (await once(createInterface(command.stdout), 'line')) as [string];
    const dashboard = JSON.parse(line) as Dashboard;
    expect(dashboard.url).toBe(`http://127.0.0.1:${dashboard.port}/#token=${dashboard.token ?? ''}`);
    expect(dashboard.token).toMatch(/^[\w-]{43}$/);
    const answers = await Promise.all(
      ['/', '/api/server', '/api/runs', '/api/none'].map((path) => ask(dashboard, path)),
    );
    for (const answer of answers)
      expect((await answer.text()) + JSON.stringify([...answer.headers])).not.toContain(dashboard.token);
    command.kill('SIGTERM');
    const [exit] = (await once(command, 'close')) as [number];
    expect(exit).toBe(0);
    expect(stderr).toMatch(/can be read from the network/);
    expect(stderr).not.toContain(dashboard.token);
  });

  it('as a command refuses to leave the token out on a network', async () => {
    const dir = folder();
    const command = spawn(process.execPath, [EXPMAN, 'serve', dir, '--no-token', '--host', '0.0.0.0']);
    const [exit] = (await once(command, 'close')) as [number];
    expect(exit).toBe(2);
    rmSync(dir, { recursive: true });
  });
});
