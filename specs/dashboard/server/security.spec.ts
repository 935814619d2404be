import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import type { Dashboard } from 'expman-rx/dashboard';
import { EXPMAN } from '../../support/cli.js';
import { ask, closedRun, dashboards, idOf, openRun, raw } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';
import { own, request, statusOf } from './raw-request.js';

const folder = tempFolders('dashboard-security');
const serve = dashboards();

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
    expect(stderr).toMatch(/anyone on the network who has the token/);
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
