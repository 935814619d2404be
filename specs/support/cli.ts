import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command's program. */
export const EXPMAN = fileURLToPath(new URL('../../dist/cli/expman.js', import.meta.url));

/** What a command said and how it ended. */
export interface CliEnd {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `expman` with arguments in a process of its own. */
export function expman(...args: readonly string[]): Promise<CliEnd> {
  return new Promise((resolve) => {
    execFile(process.execPath, [EXPMAN, ...args], (error, stdout, stderr) => {
      resolve({
        exit: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
        stdout,
        stderr,
      });
    });
  });
}
