import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { must } from './check-run.js';
import { mortal } from './mortal.js';
import { readAccount, type Account } from './plan.js';

const DIST = new URL('../../dist/index.js', import.meta.url).href;
const ROWS = new URL('./rows.mjs', import.meta.url).href;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LONGEST_MS = 120_000;

/** Code for a Node of its own, which is to end in some way. */
export interface Program {
  /** Its own folder: its account and its code lie there, its runs below `runs`. */
  readonly folder: string;
  readonly code: string;
  readonly nodeArgs?: readonly string[];
  /** What Node is started by, with its arguments. */
  readonly wrapper?: readonly string[];
  /** Whether this process holds a channel to it. */
  readonly ipc?: boolean;
}

/** How a program ended, and what it had noted by then. */
export interface Ended {
  readonly exit: number | NodeJS.Signals | null;
  /** Milliseconds since the epoch. */
  readonly exitedAt: number;
  /** When its end began, in the same; the time of its exit when it did not say. */
  readonly endedAt: number;
  readonly account: Account;
  /** What it told, line by line as JSON. */
  readonly told: readonly Readonly<Record<string, unknown>>[];
  readonly stderr: string;
}

/** A program that runs. */
export interface Running {
  readonly child: ChildProcess;
  /** Waits until it has noted that it is ready, or is gone. */
  readonly ready: () => Promise<void>;
  readonly ended: Promise<Ended>;
}

export const runDirOf = (folder: string, index = 0): string => join(folder, 'runs/ends', `run${index}`);

/**
 * Starts a program. It may `open(options)` runs, `log(rows)` into all of them, `flush()`, and note what the account keeps:
 * `ready()`, `ending()` right before it ends, `tell(object)`.
 */
export function startProgram({ folder, code, nodeArgs = [], wrapper = [], ipc = false }: Program): Running {
  mkdirSync(folder, { recursive: true });
  const accountFile = join(folder, 'account.txt');
  const file = join(folder, 'program.mjs');
  writeFileSync(accountFile, '');
  writeFileSync(file, withPrelude(folder, accountFile, code));
  const [command = '', ...args]: readonly string[] = [...wrapper, process.execPath, ...nodeArgs, file];
  const child = mortal(
    spawn(command, args, {
      // What is left of a core goes with the folder.
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
    }),
  );
  let stderr = '';
  child.stdout?.resume();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = once(child, 'exit').then((end) => ({ end, exitedAt: Date.now() }));
  const endOf = async (): Promise<Ended> => {
    const { end, exitedAt } = await exited;
    // The event `close` of a child that was disconnected does not come; its last words may come after its exit.
    await Promise.race([finished(child.stderr as Readable).catch(() => undefined), delay(1000)]);
    const [exitCode, signal] = end as [number | null, NodeJS.Signals | null];
    const text = readFileSync(accountFile, 'utf8');
    const endedAt = Number(linesOf(text, 'E').at(-1) ?? exitedAt);
    const told = linesOf(text, 'T').map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    return { exit: signal ?? exitCode, exitedAt, endedAt, account: readAccount(text), told, stderr };
  };
  const ready = async (): Promise<void> => {
    while (!readFileSync(accountFile, 'utf8').includes('R\n')) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      await delay(3);
    }
  };
  return { child, ready, ended: endOf() };
}

/** Rows a run had logged by the account's last word on it. */
export const rowsLogged = ({ logged }: Account, index = 0): number => logged.get(index)?.at(-1)?.step ?? 0;

function linesOf(text: string, kind: string): string[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return whole.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(2));
}

function withPrelude(folder: string, accountFile: string, code: string): string {
  must(!folder.startsWith(ROOT), 'I9', () => `${folder} is within the project`);
  return `
    import { openSync, writeSync } from 'node:fs';
    import { ExperimentConfig, LoggingEngine } from ${JSON.stringify(DIST)};
    import { inTurn, rowOf } from ${JSON.stringify(ROWS)};
    const account = openSync(${JSON.stringify(accountFile)}, 'a');
    const note = (...words) => void writeSync(account, words.join(' ') + '\\n');
    const ready = () => note('R');
    const ending = () => note('E', Date.now());
    const tell = (told) => note('T', JSON.stringify(told));
    const runs = [];
    const open = (options = {}) => {
      const index = runs.length;
      const config = { environment: false, runName: 'run' + index, ...options };
      const engine = new LoggingEngine(new ExperimentConfig('ends', ${JSON.stringify(join(folder, 'runs'))}, config));
      const door = inTurn({
        row: (values, step) => engine.logMetrics(values, step),
        recorder: (...names) => engine.recorder(...names),
      });
      runs.push({ engine, door, index, step: 0 });
      note('O', Date.now() * 1000);
      return engine;
    };
    const mark = ({ index, step }) => note('L', index, step, Date.now() * 1000);
    const log = (rows) => {
      for (const run of runs) {
        for (const end = run.step + rows; run.step < end; ) {
          run.door(rowOf('plain', run.index, run.step), run.step);
          run.step++;
          if (run.step % 64 === 0) mark(run);
        }
        mark(run);
      }
    };
    const flush = async () => {
      const steps = runs.map(({ step }) => step);
      await Promise.all(runs.map(({ engine }) => engine.flush()));
      steps.forEach((step, index) => note('F', index, step));
    };
    const forEver = () => new Promise(() => setInterval(() => {}, 1e6));
    ${code}`;
}
