import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

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
  /**
   * Called with each line the child asks, while it stands waiting; the child goes on when this, or what it promises, is
   * done, and is killed with SIGKILL when that is 'kill'.
   */
  readonly answer?: (asked: string, runDir: string) => unknown;
  readonly args?: readonly string[];
}

/**
 * Runs code in a Node of its own, with `open(options?)` to open a run in `folder`, a synchronous `say(text)`,
 * `await ask(text)`, which says it and waits for the answer, and `await published(run)`, which waits until all rows are
 * in `metrics.parquet`.
 *
 * What it says arrives whatever becomes of it: `say` writes to a pipe this process holds.
 */
export async function runChild(
  folder: string,
  code: string,
  { killWhen, answer, args = [] }: ChildOptions = {},
): Promise<ChildEnd> {
  const program = `
    import { writeSync } from 'node:fs';
    import { ExperimentConfig, LoggingEngine, RunStatus } from ${JSON.stringify(DIST)};
    const say = (text) => { writeSync(1, text + '\\n'); };
    const ask = async (text) => {
      const answered = new Promise((resolve) => process.stdin.resume().once('data', resolve));
      say('ask ' + text);
      await answered;
      process.stdin.pause();
    };
    // An open run keeps no process alive; the timer does.
    const published = async (run) => {
      let taps;
      const alive = setInterval(() => undefined, 1e6);
      await new Promise((resolve) => {
        taps = run.health$.subscribe(({ accepted, published }) => { if (published === accepted) resolve(); });
      });
      taps.unsubscribe();
      clearInterval(alive);
    };
    const open = (options = {}) => {
      const run = new LoggingEngine(new ExperimentConfig('exp', ${JSON.stringify(folder)}, { environment: false, ...options }));
      writeSync(1, 'run ' + run.runDir + '\\n');
      return run;
    };
    ${code}`;
  const child = spawn(process.execPath, [...args, '--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: [answer === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    // One that hangs must not outlive the spec that waits for it.
    timeout: 250_000,
    killSignal: 'SIGKILL',
  });
  const said: string[] = [];
  let runDir = '';
  let stderr = '';
  const failures: unknown[] = [];
  const reply = async (asked: string): Promise<void> => {
    try {
      if ((await answer?.(asked, runDir)) === 'kill') child.kill('SIGKILL');
      else child.stdin?.write('\n');
    } catch (error) {
      failures.push(error);
      child.kill('SIGKILL');
    }
  };
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  createInterface(child.stdout as Readable).on('line', (line) => {
    if (line.startsWith('run ')) runDir = line.slice(4);
    else if (line.startsWith('ask ')) void reply(line.slice(4));
    else said.push(line);
    if (killWhen?.(said, runDir) === true) child.kill('SIGKILL');
  });
  const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (failures.length > 0) throw failures[0];
  return { runDir, ended: signal ?? exitCode, said, stderr };
}
