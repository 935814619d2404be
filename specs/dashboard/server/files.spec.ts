import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ask, closedRun, dashboards, idOf, openRun } from '../../support/dashboard.js';
import { openFilesIn } from '../../support/own-process.js';
import { tempFolders } from '../../support/temp-folder.js';
import { own, request, statusOf } from './raw-request.js';

const folder = tempFolders('dashboard-security');
const serve = dashboards();
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

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
    await expect.poll(() => openFilesIn(run.runDir)).toBe(0);
  });
});
