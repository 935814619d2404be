import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { mortal } from './mortal.js';

const DIST = new URL('../../dist/index.js', import.meta.url).href;
const ROWS = new URL('rows.mjs', import.meta.url).href;
const LIMIT_MS = 120_000;

/** Something a child says. */
export type Told = Readonly<Record<string, unknown>>;

/** A child that says things and does the next one when it is told to. */
export interface Driven {
  readonly child: ChildProcess;
  /** The next thing it says; `{ ended: true }` when it is gone. */
  readonly next: () => Promise<Told>;
  /** Lets it go on behind its `await asked()`. */
  readonly ask: (text: string) => void;
  readonly ended: Promise<unknown>;
  readonly stderr: () => string;
}

/**
 * Runs code in a Node of its own, with `open(options)` for a run in `folder`, `rowOf` for its rows, `say(object)`, and
 * `asked()` for the next line from here. It is killed after two minutes, or as long as it is given.
 */
export function drive(
  folder: string,
  program: string,
  args: readonly string[] = [],
  limitMs = LIMIT_MS,
  env: NodeJS.ProcessEnv = process.env,
): Driven {
  const prelude = `
    import { writeSync } from 'node:fs';
    import { createInterface } from 'node:readline';
    import { ExperimentConfig, LoggingEngine } from ${JSON.stringify(DIST)};
    import { rowOf } from ${JSON.stringify(ROWS)};
    const say = (told) => void writeSync(1, JSON.stringify(told) + '\\n');
    const lines = createInterface(process.stdin)[Symbol.asyncIterator]();
    const asked = async () => (await lines.next()).value;
    const open = (options) => new LoggingEngine(new ExperimentConfig('faults', ${JSON.stringify(folder)}, { environment: false, ...options }));`;
  const child = mortal(
    spawn(
      process.execPath,
      [...args, '--input-type=module', '--eval', `${prelude}\n${program}\nprocess.exit();`],
      { env, stdio: ['pipe', 'pipe', 'pipe'], timeout: limitMs, killSignal: 'SIGKILL' },
    ),
  );
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A child that ends before it is spoken to closes its end of the pipe.
  child.stdin.on('error', () => undefined);
  return {
    child,
    ended: once(child, 'exit'),
    stderr: () => stderr,
    ask: (text) => void child.stdin.write(`${text}\n`),
    next: async () => {
      const line: IteratorResult<string, undefined> = await lines.next();
      return line.done === true ? { ended: true } : (JSON.parse(line.value) as Told);
    },
  };
}
