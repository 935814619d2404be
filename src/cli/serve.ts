import { spawn } from 'node:child_process';
import { printable } from '../model/printable.js';
import { serve } from '../dashboard/server/serve.js';
import { type CommandRun, listOf, numberOption } from './command.js';
import type { SERVE } from './command-options.js';
import { dirOr } from './find-runs.js';
import { ExitCode } from './terminal.js';

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

export const run: CommandRun<typeof SERVE> = async ([dir], options, terminal) => {
  const host = options.host ?? '127.0.0.1';
  const dashboard = await serve(dirOr(dir), {
    host,
    port: numberOption(options, 'port', { min: 0 }) ?? 0,
    allowedHosts: listOf(options.allowedHost) ?? [],
    writable: options.write === true,
    // Commander's `--no-token` is `token: false`.
    token: options.token,
  });
  const { url, port, token } = dashboard;
  if (options.json === true) terminal.jsonLine({ url, port, token });
  else terminal.print(url);
  if (!LOOPBACK.includes(host))
    terminal.complain(
      `anyone on the network who has the token can read the runs, and the connection is not encrypted (--host ${printable(host)})`,
    );
  if (options.open === true) openInBrowser(url);
  await untilStopped();
  await dashboard.close();
  return ExitCode.ok;
};

/** Resolves on the first signal that ends a process. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => {
        resolve();
      });
  });
}

/** Opens an address in the browser; does nothing if there is no desktop. */
function openInBrowser(url: string): void {
  const commands: Partial<Record<NodeJS.Platform, readonly string[]>> = {
    darwin: ['open', url],
    win32: ['explorer.exe', url],
  };
  const [command = 'xdg-open', ...args] = commands[process.platform] ?? ['xdg-open', url];
  spawn(command, args, { detached: true, stdio: 'ignore' })
    .on('error', () => undefined)
    .unref();
}
