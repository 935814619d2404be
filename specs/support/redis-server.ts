import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

const TRIES = 20;
let found: boolean | undefined;

/** Whether `redis-server` is at hand, looked for once; a visible line says so when it is not. */
export function hasRedis(): boolean {
  found ??= spawnSync('redis-server', ['--version']).status === 0;
  if (!found) process.stderr.write('SKIPPED: there is no redis-server, so no sweep goes through a queue\n');
  return found;
}

/** A Redis server on this machine, whose files are in a folder. */
export class RedisServer {
  private constructor(
    private readonly dir: string,
    readonly port: number,
    private readonly options: readonly string[],
    private child: ChildProcess,
  ) {}

  /** Starts one on a free port; one that is taken in between is given up for another. */
  static async start(dir: string, ...options: readonly string[]): Promise<RedisServer> {
    for (let left = TRIES; ; left--) {
      const port = await freePort();
      const child = await started(dir, port, options);
      if (child !== null) return new RedisServer(dir, port, options, child);
      if (left === 0) throw new Error(`redis-server did not start in ${dir}`);
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Kills it, as a power cut would. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  /** Starts it again on the same port and files. */
  async restart(): Promise<void> {
    const child = await started(this.dir, this.port, this.options);
    if (child === null) throw new Error(`redis-server did not start again on port ${this.port}`);
    this.child = child;
  }
}

/** Returns the process once it takes connections; null if it cannot have the port. */
async function started(dir: string, port: number, options: readonly string[]): Promise<ChildProcess | null> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', ...options];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ready = new Promise<boolean>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line.includes('Ready to accept connections')) resolve(true);
    });
    child.once('exit', () => resolve(false));
  });
  return (await ready) ? child : null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
