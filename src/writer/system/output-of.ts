import { execFile } from 'node:child_process';
import { Socket } from 'node:net';
import { promisify } from 'node:util';

/** Options of {@link outputOf}. */
export interface OutputOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/**
 * Returns the output of a program; neither the program nor the wait for it keeps this process
 * alive. Rejects if it fails or takes too long.
 */
export async function outputOf(
  program: string,
  args: readonly string[],
  { timeoutMs, maxBytes, ...where }: OutputOptions,
): Promise<string> {
  const end = promisify(execFile)(program, args, { ...where, windowsHide: true, maxBuffer: maxBytes });
  // If a program cannot be started, Deno rejects before there is a handler.
  end.catch(() => undefined);
  const { child } = end;
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr]) if (pipe instanceof Socket) pipe.unref();
  // execFile's own timeout is a timer that keeps the process alive.
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs).unref();
  try {
    return (await end).stdout;
  } finally {
    clearTimeout(timer);
  }
}
