import type { LookupFunction } from 'node:net';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { refusalOf } from '../../../src/run/alerts/address-rules.js';
import { postWebhook } from '../../../src/run/alerts/post-webhook.js';
import { CERTIFICATE, webhookServer } from '../../support/webhook-server.js';

/** A name that leads to these addresses. */
const leadingTo =
  (...addresses: readonly string[]): LookupFunction =>
  (_name, options, found) => {
    const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    if (options.all === true) found(null, all);
    else found(null, all[0]!.address, all[0]!.family);
  };

const to = (url: string, allowPrivate = false): { url: string; allowPrivate: boolean } => ({
  url,
  allowPrivate,
});
const failure = (reason: string | RegExp, mayRetry: boolean): object => ({
  kind: 'failed',
  reason: expect.stringMatching(reason) as string,
  mayRetry,
});

describe('a post to a webhook', () => {
  it('arrives as JSON, with its length, over http on this machine', async () => {
    const { url, received } = await webhookServer();
    expect(await postWebhook(to(url), '{"a":"ä"}')).toEqual({ kind: 'sent' });
    expect(received).toMatchObject([
      {
        ...{ method: 'POST', path: '/hook/s3cr3t', body: '{"a":"ä"}' },
        headers: { 'content-type': 'application/json; charset=utf-8', 'content-length': '10' },
      },
    ]);
  });

  it('arrives over https, and only with a certificate that is trusted', async () => {
    const { url, received, port } = await webhookServer(undefined, { isSecure: true });
    expect(await postWebhook(to(url), '{}', { ca: CERTIFICATE })).toEqual({ kind: 'sent' });
    expect(await postWebhook(to(url), '{}')).toMatchObject(failure(/SELF_SIGNED|UNABLE_TO_VERIFY/, true));
    const named = `https://hook.example:${port}/`;
    const ports = { ca: CERTIFICATE, lookup: leadingTo('127.0.0.1') };
    expect(await postWebhook(to(named, true), '{}', ports)).toEqual({ kind: 'sent' });
    expect(await postWebhook(to(`https://other.example:${port}/`, true), '{}', ports)).toMatchObject(
      failure('ERR_TLS_CERT_ALTNAME_INVALID', true),
    );
    expect(received).toHaveLength(2);
  });

  it('follows no redirect', async () => {
    const target = await webhookServer();
    const { url } = await webhookServer((response) =>
      response.writeHead(307, { location: target.url }).end(),
    );
    expect(await postWebhook(to(url), '{}')).toMatchObject(failure(/redirects \(307\)/, false));
    expect(target.connections()).toBe(0);
  });

  it('gives up on a server that never answers', async () => {
    const { url, received } = await webhookServer(() => undefined);
    expect(await postWebhook(to(url), '{}', { timeoutMs: 50 })).toMatchObject(
      failure('no answer within', true),
    );
    expect(received.length).toBeLessThanOrEqual(1);
  });

  it('gives up on a name that is never found', async () => {
    const lookup = (() => undefined) as LookupFunction;
    expect(await postWebhook(to('https://hook.example/'), '{}', { timeoutMs: 50, lookup })).toMatchObject(
      failure('no answer within', true),
    );
  });

  it('reads nothing of a huge answer', async () => {
    let written = 0;
    const { url } = await webhookServer((response) => {
      const chunk = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on('drain', more);
      response.on('error', () => undefined);
      more();
    });
    expect(await postWebhook(to(url), '{}')).toEqual({ kind: 'sent' });
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });

  it.each([
    ['a head without end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(10_000)}`],
    ['what is not HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['no status', 'HTTP/1.1 \r\n\r\n'],
    ['nothing', ''],
  ])('fails on %s', async (_what, answer) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).on('data', () => socket.end(answer));
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await postWebhook(to(`http://127.0.0.1:${port}/`), '{}')).toMatchObject(failure(/./, true));
  });

  it.each([
    [404, false, null],
    [410, false, null],
    [429, true, 7000],
    [500, true, 7000],
    [503, true, 7000],
  ])('says of %i whether another attempt may succeed', async (status, mayRetry, after) => {
    const { url } = await webhookServer((response) =>
      response.writeHead(status, mayRetry ? { 'retry-after': '7' } : {}).end(),
    );
    expect(await postWebhook(to(url), '{}')).toEqual({
      ...{ kind: 'failed', reason: `it answered ${status}`, mayRetry, retryAfterMs: after },
    });
  });

  it('never waits longer than half a minute for a busy webhook', async () => {
    const { url } = await webhookServer((response) =>
      response.writeHead(429, { 'retry-after': '99999' }).end(),
    );
    expect(await postWebhook(to(url), '{}')).toMatchObject({ retryAfterMs: 30_000 });
  });

  it('says nothing of the address when it fails', async () => {
    const { url, close } = await webhookServer();
    close();
    const outcome = await postWebhook(to(url), '{}');
    expect(outcome).toMatchObject(failure('ECONNREFUSED', true));
    expect(JSON.stringify(outcome)).not.toMatch(/s3cr3t|127\.0/);
  });

  it('does not even connect to a private address that a name leads to', async () => {
    const { port, connections } = await webhookServer();
    for (const address of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::ffff:127.0.0.1', 'fe80::1'])
      expect(
        await postWebhook(to(`https://hook.example:${port}/`), '{}', { lookup: leadingTo(address) }),
      ).toMatchObject(failure('allowPrivate: true', false));
    expect(connections()).toBe(0);
  });

  it('checks the address it is connected to: a look-up that is asked twice may lie', async () => {
    const { port, received } = await webhookServer();
    // As if the check of the look-up had seen another address than the connection has got.
    const lying = ((_name, _options, found) => {
      let reads = 0;
      const answer = { family: 4, get address() { return reads++ === 0 ? '93.184.216.34' : '127.0.0.1'; } }; // prettier-ignore
      found(null, [answer]);
    }) as LookupFunction;
    const outcome = await postWebhook(to(`https://hook.example:${port}/`), '{}', {
      lookup: lying,
      timeoutMs: 2000,
    });
    expect(outcome).toMatchObject(failure('loopback', false));
    expect(received).toHaveLength(0);
  });

  it('does not take http to a name that leads off this machine', async () => {
    for (const address of ['93.184.216.34', '10.0.0.1'])
      expect(
        await postWebhook(to('http://localhost/', true), '{}', { lookup: leadingTo(address) }),
      ).toMatchObject(failure('not on this machine', false));
  });
});

const anywhere = { isLocalOnly: false, mayBeLocal: false, allowPrivate: false };

describe('an address', () => {
  it.each(
    `10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 169.254.169.254 198.18.0.1 127.0.0.1 127.255.0.1 ::1
     fc00::1 fdff::1 fe80::1 fe80::1%eth0 fec0::1 ::ffff:10.0.0.1 ::ffff:a00:1 64:ff9b::7f00:1 64:ff9b::10.0.0.1
     2002:7f00:1:: 2001:0:7f00:1:: 64:ff9b:1::7f00:1`.split(/\s+/),
  )('%s is refused unless private ones are allowed', (address) => {
    expect(refusalOf(address, anywhere)).toMatch(/allowPrivate/);
    expect(refusalOf(address, { ...anywhere, allowPrivate: true })).toBeNull();
  });

  it.each(
    '0.0.0.0 0.1.2.3 224.0.0.1 240.0.0.1 255.255.255.255 192.0.2.1 :: ff02::1 2001:db8::1 100::1 ::ffff:0.0.0.0 ::5'.split(
      ' ',
    ),
  )('%s is always refused', (address) => {
    expect(refusalOf(address, { ...anywhere, allowPrivate: true })).toMatch(/reserved/);
  });

  it.each(
    '93.184.216.34 8.8.8.8 172.32.0.1 100.128.0.1 2606:2800:220:1::1 ::ffff:8.8.8.8 64:ff9b::808:808'.split(
      ' ',
    ),
  )('%s is fine', (address) => {
    expect(refusalOf(address, anywhere)).toBeNull();
  });

  it.each(['', 'localhost', '1.2.3', '999.1.1.1', 'x%y'])('is not %j', (text) => {
    expect(refusalOf(text, { ...anywhere, allowPrivate: true })).toMatch(/no address/);
  });
});
