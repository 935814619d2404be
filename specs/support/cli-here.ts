import { type CliEnd } from './cli.js';
import { runCli } from '../../dist/modules/cli/run-cli.js';

/** How a command ended, and what it took of the processor. */
export interface CliEndHere extends CliEnd {
  readonly cpuMs: number;
}

/** Runs `expman` in this process, a fraction of what a process of its own takes. */
export async function expmanHere(...args: readonly string[]): Promise<CliEndHere> {
  const taken = { stdout: '', stderr: '' };
  const restore = (['stdout', 'stderr'] as const).map((name) => {
    const stream = process[name];
    const write = stream.write.bind(stream);
    stream.write = (text: string | Uint8Array): boolean => {
      taken[name] += typeof text === 'string' ? text : Buffer.from(text).toString();
      return true;
    };
    return () => {
      stream.write = write;
    };
  });
  const begun = process.cpuUsage();
  try {
    const exit = await runCli(args);
    const { user, system } = process.cpuUsage(begun);
    return { exit, ...taken, cpuMs: (user + system) / 1000 };
  } finally {
    for (const each of restore) each();
  }
}
