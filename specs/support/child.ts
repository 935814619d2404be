import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';

const DIST = new URL('../../dist/index.js', import.meta.url).href;

/** How a child ended and what it said. */
export interface ChildEnd {
  /** The folder of the run it opened last. */
  readonly runDir: string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: number | NodeJS.Signals | null;
  /** What it passed to `say`. */
  readonly said: readonly string[];
  readonly stderr: string;
}

/** Options of {@link runChild}. */
export interface ChildOptions {
  /** Asked after each line it says; it is killed with SIGKILL once this is true. */
  readonly killWhen?: (said: readonly string[], runDir: string) => boolean;
  readonly args?: readonly string[];
}

/**
 * Runs code in a Node of its own, with `open(options?)` to open a run in `folder` and a synchronous `say(text)`.
 *
 * What it says arrives whatever becomes of it: `say` writes to a pipe this process holds.
 */
export async function runChild(
  folder: string,
  code: string,
  { killWhen, args = [] }: ChildOptions = {},
): Promise<ChildEnd> {
  const program = `
    import { writeSync } from 'node:fs';
    import { ExperimentConfig, LoggingEngine, RunStatus } from ${JSON.stringify(DIST)};
    const say = (text) => { writeSync(1, text + '\\n'); };
    const open = (options = {}) => {
      const run = new LoggingEngine(new ExperimentConfig('exp', ${JSON.stringify(folder)}, { environment: false, ...options }));
      writeSync(1, 'run ' + run.runDir + '\\n');
      return run;
    };
    ${code}`;
  const child = spawn(process.execPath, [...args, '--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
    // One that hangs must not outlive the spec that waits for it.
    timeout: 25_000,
    killSignal: 'SIGKILL',
  });
  const said: string[] = [];
  let runDir = '';
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  createInterface(child.stdout).on('line', (line) => {
    if (line.startsWith('run ')) runDir = line.slice(4);
    else said.push(line);
    if (killWhen?.(said, runDir) === true) child.kill('SIGKILL');
  });
  const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { runDir, ended: signal ?? exitCode, said, stderr };
}
