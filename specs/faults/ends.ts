import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ExperimentOptions } from 'expman-rx';
import { must } from './check-run.js';

const FAULTY = fileURLToPath(new URL('../support/faulty-writer.mjs', import.meta.url));
/** What a process may hold whose loop never yields. */
const MOST_MB = 600;

/** A way in which a process can end, and what it must leave behind. */
export interface End {
  readonly event: string;
  /** What it does once it has logged; instead of that, when `whole` is set. */
  readonly code: string;
  readonly whole?: boolean;
  readonly options?: ExperimentOptions;
  readonly nodeArgs?: readonly string[];
  readonly ipc?: boolean;
  /** What is done to it once it is ready; the end begins with that unless it notes a later one itself. */
  readonly act?: (child: ChildProcess, loopMs: number) => Promise<void> | void;
  readonly exit: number | NodeJS.Signals;
  /** What run.yaml then says; several where a busy machine decides. */
  readonly status: string | readonly string[];
  /** Every row is to be there; otherwise what a flush acknowledged, and what was older than `walIntervalMs`. */
  readonly every: boolean;
  /** How long the end may take, in milliseconds. */
  readonly withinMs?: number;
  /** It may complain. */
  readonly loud?: boolean;
}

const LOUD_CRASH = { exit: 1, status: 'CRASHED', every: true, loud: true } as const;
const bySignal = (signal: NodeJS.Signals): Omit<End, 'event' | 'code'> => ({
  exit: signal,
  status: 'CRASHED',
  every: false,
  withinMs: 2000,
});
const kill = (signal: string): string => `ending(); process.kill(process.pid, '${signal}'); await forEver();`;
const goOnLogging = 'ready(); setInterval(() => log(20), 2);';

/** A writer that hangs: what waits for it shows how long it waits. */
const HUNG = `await flush(); breakWriter('loop'); await new Promise((resolve) => setTimeout(resolve, 60)); log(300);`;

const hookable: readonly End[] = [
  { event: 'end of the program, no close', code: 'ending();', exit: 0, status: 'FINISHED', every: true },
  {
    event: '`await run.close()`',
    code: 'ending(); await run.close(); note("C");',
    exit: 0,
    status: 'FINISHED',
    every: true,
  },
  {
    event: '`run.metrics.complete()`',
    code: 'ending(); run.metrics.complete();',
    exit: 0,
    status: 'FINISHED',
    every: true,
  },
  {
    event: '`run.metrics.error(e)`',
    code: "ending(); run.metrics.error(new Error('diverged'));",
    exit: 0,
    status: 'FAILED',
    every: true,
  },
  { event: '`process.exit(3)`', code: 'ending(); process.exit(3);', exit: 3, status: 'FAILED', every: true },
  {
    event: '`process.exit(0)`',
    code: 'ending(); process.exit(0);',
    exit: 0,
    status: 'INTERRUPTED',
    every: true,
  },
  {
    event: '`process.exit(5)` before the writer is up',
    code: 'open(OPTIONS); log(500); ending(); process.exit(5);',
    whole: true,
    exit: 5,
    status: 'FAILED',
    every: true,
  },
  {
    event: '`process.exit(9)` in an exit handler',
    code: "process.on('exit', () => process.exit(9)); ending(); process.exit(2);",
    exit: 9,
    status: 'FAILED',
    every: true,
  },
  { event: 'uncaught exception', code: "ending(); throw new Error('boom');", ...LOUD_CRASH },
  {
    event: 'unhandled rejection',
    code: "ending(); Promise.reject(new Error('gone')); await forEver();",
    ...LOUD_CRASH,
  },
  { event: 'stack overflow', code: 'const deeper = () => deeper() + 1; ending(); deeper();', ...LOUD_CRASH },
  {
    event: '8 x `pbkdf2` in the thread pool, then `process.exit(4)`',
    code: "const { pbkdf2 } = await import('node:crypto'); for (let i = 0; i < 8; i++) pbkdf2('a', 'b', 1e5, 64, 'sha512', () => {}); log(100); ending(); process.exit(4);",
    exit: 4,
    status: 'FAILED',
    every: true,
  },
  {
    event: "`process.exit(3)` in the user's own worker thread",
    code: `
      const { isMainThread, Worker } = await import('node:worker_threads');
      if (isMainThread) new Worker(new URL(import.meta.url)).on('exit', (code) => (process.exitCode = code));
      else { open(OPTIONS); log(500); await flush(); log(1000); ending(); process.exit(3); }`,
    whole: true,
    exit: 3,
    status: 'FAILED',
    every: true,
  },
];

const signals: readonly End[] = [
  ...(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGKILL'] as const).map((signal) => ({
    event: signal === 'SIGKILL' ? signal : `${signal}, no handler`,
    code: kill(signal),
    ...bySignal(signal),
  })),
  ...(['SIGTERM', 'SIGINT', 'SIGHUP'] as const).map((signal) => ({
    event: `${signal} with \`handleSignals\``,
    code: kill(signal),
    options: { handleSignals: true },
    exit: signal,
    status: 'INTERRUPTED',
    every: true,
  })),
  {
    event: 'SIGINT with `handleSignals`, the writer hangs',
    code: `${HUNG} ${kill('SIGINT')}`,
    options: { handleSignals: true },
    nodeArgs: ['--import', FAULTY],
    ...bySignal('SIGINT'),
    // Given up after 3 s; a busy machine may come to that before the 2 s are over.
    status: ['CRASHED', 'INTERRUPTED'],
    withinMs: 4000,
  },
  {
    event: 'SIGINT twice with `handleSignals`, the writer hangs',
    code: `${HUNG} process.kill(process.pid, 'SIGINT'); setTimeout(() => { ending(); process.kill(process.pid, 'SIGINT'); }, 100); await forEver();`,
    options: { handleSignals: true },
    nodeArgs: ['--import', FAULTY],
    ...bySignal('SIGINT'),
    // On a busy machine the writer has closed the run before it gets to hang.
    status: ['CRASHED', 'INTERRUPTED'],
    withinMs: 1000,
  },
];

const hard: readonly End[] = [
  { event: '`process.abort()`', code: 'ending(); process.abort();', ...bySignal('SIGABRT'), loud: true },
  {
    event: '`process.reallyExit(4)`',
    code: 'ending(); process.reallyExit(4);',
    exit: 4,
    status: 'CRASHED',
    every: false,
  },
  {
    event: 'heap out of memory',
    // The end begins with the last row it gets to: what comes after is V8's last collections.
    code: 'const all = []; for (;;) { log(1); ending(); all.push(new Array(1e5).fill(Math.random())); }',
    nodeArgs: ['--max-old-space-size=48'],
    ...bySignal('SIGABRT'),
    withinMs: 10_000,
    loud: true,
  },
  {
    event: 'a loop that never yields, then SIGKILL',
    code: 'ready(); for (;;) { log(16); for (let i = 0; i < 2e4; i++) Math.sin(i); }',
    act: loopAndKill,
    ...bySignal('SIGKILL'),
  },
];

const channels: readonly End[] = [
  {
    event: 'IPC disconnect, nothing else to do',
    code: "process.on('message', () => {}); ready();",
    ipc: true,
    act: (child) => {
      child.disconnect();
    },
    exit: 0,
    status: 'FINISHED',
    every: true,
  },
  {
    event: "IPC disconnect, `on('disconnect', process.exit)`",
    code: `process.on('disconnect', () => process.exit()); ${goOnLogging}`,
    ipc: true,
    act: (child) => {
      child.disconnect();
    },
    exit: 0,
    status: 'INTERRUPTED',
    every: true,
  },
  ...(['stdout', 'stderr'] as const).map((stream) => ({
    event: `${stream} closed by its reader (EPIPE), unhandled`,
    code: `${goOnLogging} setInterval(() => console.${stream === 'stdout' ? 'log' : 'error'}('told'), 1);`,
    act: (child: ChildProcess) => {
      child[stream]?.destroy();
    },
    ...LOUD_CRASH,
  })),
  {
    event: 'stdout closed by its reader, handled, then close',
    code: `process.stdout.on('error', () => {}); ready();
      for (let turn = 0; turn < 40; turn++) { console.log('told'); log(20); await new Promise((resolve) => setTimeout(resolve, 2)); }
      ending(); await run.close(); note('C');`,
    act: (child) => {
      child.stdout?.destroy();
    },
    exit: 0,
    status: 'FINISHED',
    every: true,
  },
];

/** Every way a process can end. */
export const ENDS: readonly End[] = [...hookable, ...signals, ...hard, ...channels];

/** Watches the memory of a child that never yields, and kills it. */
async function loopAndKill(child: ChildProcess, loopMs: number): Promise<void> {
  const until = Date.now() + loopMs;
  while (Date.now() < until) {
    const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
    const rssMb = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
    must(rssMb < MOST_MB, 'I7', () => `a loop that never yields holds ${rssMb.toFixed(0)} MB`);
    await delay(50);
  }
  child.kill('SIGKILL');
}
