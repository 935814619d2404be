import type { LookupFunction, Socket } from 'node:net';
import { errnoOf } from '../../model/errors.js';
import { VERSION } from '../../model/version.js';
import { type Webhook, isThisMachine } from '../../model/webhook.js';
import type { AllowedAddresses } from './address-rules.js';

/**
 * The longest that a webhook may take to accept an alert, look-up of its name included.
 *
 * @bound tells: run.log says that it timed out; specs/run/alerts/post-webhook.spec.ts "gives up on a server that never answers"
 */
const MAX_POST_MS = 10_000;
/** @bound loses nothing: a longer head of an answer fails the attempt, and there are others */
const MAX_HEAD_BYTES = 16 * 1024;
/** @bound loses nothing: an alert waits no longer than this for a busy webhook, then it is tried again */
const MAX_RETRY_AFTER_S = 30;

/** The outcome of one attempt. */
export type PostOutcome =
  | { readonly kind: 'sent' }
  | {
      readonly kind: 'failed';
      /** The reason, without any part of the address. */
      readonly reason: string;
      /** True if another attempt may succeed. */
      readonly mayRetry: boolean;
      /** The delay that the webhook requests, in milliseconds; null for none. */
      readonly retryAfterMs: number | null;
    };

/** The network as an attempt sees it; replaced in specs. */
export interface PostPorts {
  /** Finds the addresses of a name; default that of `node:dns`. */
  readonly lookup?: LookupFunction;
  /** Certificates to trust beside those of Node. */
  readonly ca?: string;
  readonly timeoutMs?: number;
}

/** The modules of Node for a post, loaded on demand: most runs have no webhook. */
export const netModules = async (): Promise<NetModules> => {
  const [net, tls, http, dns, rules] = await Promise.all([
    import('node:net'),
    import('node:tls'),
    import('node:http'),
    import('node:dns'),
    import('./address-rules.js'),
  ]);
  return { net, tls, http, dns, rules };
};

interface NetModules {
  readonly net: typeof import('node:net');
  readonly tls: typeof import('node:tls');
  readonly http: typeof import('node:http');
  readonly dns: typeof import('node:dns');
  readonly rules: typeof import('./address-rules.js');
}

/**
 * Posts JSON to a webhook once; resolves in bounded time, and never rejects.
 *
 * The connection is made first, and the address it was made to is checked before anything is
 * written to it: what a name led to a moment ago does not count. Redirects are not followed, proxies
 * are not used, and nothing but the head of the answer is read.
 */
export async function postWebhook(
  webhook: Webhook,
  json: string,
  ports: PostPorts = {},
): Promise<PostOutcome> {
  try {
    return await new Post(await netModules(), webhook, ports).send(json);
  } catch (error) {
    return failed(reasonOf(error), true);
  }
}

class Post {
  private readonly url: URL;
  private readonly host: string;
  private readonly allowed: AllowedAddresses;
  private socket: Socket | null = null;
  private settle: (outcome: PostOutcome) => void = () => undefined;

  constructor(
    private readonly modules: NetModules,
    { url, allowPrivate }: Webhook,
    private readonly ports: PostPorts,
  ) {
    this.url = new URL(url);
    this.host = this.url.hostname.replace(/^\[|\]$/g, '');
    const mayBeLocal = isThisMachine(this.url.hostname);
    this.allowed = { isLocalOnly: this.url.protocol !== 'https:', mayBeLocal, allowPrivate };
  }

  async send(json: string): Promise<PostOutcome> {
    const { timeoutMs = MAX_POST_MS } = this.ports;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<PostOutcome>((resolve) => {
        this.settle = resolve;
        timer = setTimeout(() => resolve(failed(`no answer within ${timeoutMs / 1000} s`, true)), timeoutMs);
        timer.unref();
        this.connect(Buffer.from(json));
      });
    } finally {
      clearTimeout(timer);
      this.socket?.destroy();
    }
  }

  private connect(body: Buffer): void {
    const { net, tls } = this.modules;
    const { host, url, ports } = this;
    const isSecure = url.protocol === 'https:';
    const refusal = net.isIP(host) === 0 ? null : this.refusalOf(host);
    if (refusal !== null) {
      this.settle(failed(refusal, false));
      return;
    }
    const port = Number(url.port) || (isSecure ? 443 : 80);
    const socket = net.connect({ host, port, lookup: this.lookup });
    this.watch(socket);
    socket.once('connect', () => {
      // The address at the other end of this connection, whatever the look-up said.
      const problem = this.refusalOf(socket.remoteAddress ?? '');
      if (problem !== null) {
        this.settle(failed(problem, false));
        return;
      }
      if (!isSecure) {
        this.write(socket, body);
        return;
      }
      const secured = tls.connect({
        socket,
        ...(net.isIP(host) === 0 && { servername: host }),
        ...(ports.ca !== undefined && { ca: ports.ca }),
        host,
        ALPNProtocols: ['http/1.1'],
      });
      this.watch(secured);
      secured.once('secureConnect', () => this.write(secured, body));
    });
  }

  private watch(socket: Socket): void {
    this.socket = socket;
    // A run that is open keeps no process alive; one that is being closed does it by other means.
    socket.unref();
    socket.on('error', (error) => this.settle(outcomeOf(error)));
    socket.on('close', () => this.settle(failed('the connection was closed', true)));
  }

  private write(socket: Socket, body: Buffer): void {
    const { pathname, search, host } = this.url;
    const request = this.modules.http.request({
      method: 'POST',
      path: pathname + search,
      createConnection: () => socket,
      maxHeaderSize: MAX_HEAD_BYTES,
      headers: {
        host,
        'content-type': 'application/json; charset=utf-8',
        'content-length': body.length,
        'user-agent': `expman-rx/${VERSION}`,
        connection: 'close',
      },
    });
    request.on('error', (error) => this.settle(outcomeOf(error)));
    request.on('response', ({ statusCode = 0, headers }) => {
      this.settle(outcomeOfStatus(statusCode, headers['retry-after']));
      socket.destroy();
    });
    request.end(body);
  }

  private refusalOf(address: string): string | null {
    return this.modules.rules.refusalOf(address, this.allowed);
  }

  /** Finds the addresses of a name, without those that must not even be connected to. */
  private readonly lookup: LookupFunction = (name, options, found) => {
    const lookup: LookupFunction = this.ports.lookup ?? this.modules.dns.lookup;
    lookup(name, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        found(error, []);
        return;
      }
      const all = Array.isArray(addresses) ? addresses : [];
      const good = all.filter(({ address }) => this.refusalOf(address) === null);
      const [first] = good;
      if (first === undefined) {
        const reason = all[0] === undefined ? 'its name has no address' : this.refusalOf(all[0].address);
        found(new RefusedError(reason ?? ''), []);
        return;
      }
      if (options.all === true) found(null, good);
      else found(null, first.address, first.family);
    });
  };
}

/** The error for a name that only has addresses to which nothing may be sent. */
class RefusedError extends Error {}

const failed = (reason: string, mayRetry: boolean, retryAfterMs: number | null = null): PostOutcome => ({
  kind: 'failed',
  reason,
  mayRetry,
  retryAfterMs,
});

const outcomeOf = (error: unknown): PostOutcome =>
  error instanceof RefusedError ? failed(error.message, false) : failed(reasonOf(error), true);

/** Messages of Node may hold the address, so that only the code is shown. */
const reasonOf = (error: unknown): string => errnoOf(error) ?? 'the connection failed';

function outcomeOfStatus(status: number, retryAfter: string | undefined): PostOutcome {
  if (status >= 200 && status < 300) return { kind: 'sent' };
  if (status >= 300 && status < 400) return failed(`it redirects (${status}), which is not followed`, false);
  const seconds = /^\d{1,6}$/.test(retryAfter ?? '') ? Math.min(Number(retryAfter), MAX_RETRY_AFTER_S) : null;
  const mayRetry = status === 408 || status === 429 || status >= 500;
  return failed(`it answered ${status}`, mayRetry, seconds === null ? null : seconds * 1000);
}
