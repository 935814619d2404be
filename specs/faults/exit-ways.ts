/** A way for a process to end that has a run open. */
export interface ExitWay {
  readonly event: string;
  /** What the child does at its end; `run` is open and has rows, `ending()` notes the moment; `done()` the one in which all hooks are through. */
  readonly code: string;
  readonly exit: number | NodeJS.Signals;
  readonly status: 'FINISHED' | 'FAILED' | 'CRASHED' | 'INTERRUPTED';
  /** No hook can run: only what is in the log already is there, so the rows are flushed before. */
  readonly unhookable?: true;
  /** The process ends in the moment in which the run was opened, before its writer thread is up. */
  readonly atOnce?: true;
  readonly options?: string;
  readonly args?: readonly string[];
}

const kill = (signal: string): string => `ending(); process.kill(process.pid, '${signal}'); await forEver();`;
// Node itself awaits the jobs of its pool, some seconds of them, once all exit handlers are done.
const BUSY_POOL = `
  const { pbkdf2 } = await import('node:crypto');
  for (let job = 0; job < 8; job++) pbkdf2('p', 's', 400_000, 64, 'sha512', () => undefined);`;

/** Row 19 of the matrix, and row 20. */
export const EXIT_WAYS: readonly ExitWay[] = [
  { event: 'close()', code: 'ending(); await run.close();', exit: 0, status: 'FINISHED' },
  { event: 'metrics.complete()', code: 'ending(); run.metrics.complete();', exit: 0, status: 'FINISHED' },
  { event: 'close forgotten', code: 'ending();', exit: 0, status: 'FINISHED' },
  {
    event: 'metrics.error(e)',
    code: 'ending(); run.metrics.error(new Error("e"));',
    exit: 0,
    status: 'FAILED',
  },
  { event: 'process.exit(3)', code: 'ending(); process.exit(3);', exit: 3, status: 'FAILED' },
  { event: 'process.exit(0)', code: 'ending(); process.exit(0);', exit: 0, status: 'INTERRUPTED' },
  {
    event: 'process.exit(3) right after the opening',
    code: 'ending(); process.exit(3);',
    exit: 3,
    status: 'FAILED',
    atOnce: true,
  },
  {
    event: 'process.exit(3) in an exit handler',
    code: 'process.on("exit", () => process.exit(3)); ending(); process.exit(0);',
    exit: 3,
    status: 'INTERRUPTED',
  },
  {
    event: 'process.exit(3) while the thread pool is busy',
    code: `${BUSY_POOL} process.on('exit', done); ending(); process.exit(3);`,
    exit: 3,
    status: 'FAILED',
  },
  { event: 'uncaught exception', code: 'ending(); throw new Error("e");', exit: 1, status: 'CRASHED' },
  {
    event: 'unhandled rejection',
    code: 'ending(); void Promise.reject(new Error("e")); await forEver();',
    exit: 1,
    status: 'CRASHED',
  },
  {
    event: 'stack overflow',
    code: 'const deeper = () => 1 + deeper(); ending(); deeper();',
    exit: 1,
    status: 'CRASHED',
  },
  {
    event: 'stdout closed by its reader (EPIPE)',
    code: 'ending(); setInterval(() => process.stdout.write("x".repeat(100_000)), 1); await forEver();',
    exit: 1,
    status: 'CRASHED',
  },
  {
    event: 'SIGTERM, handleSignals',
    code: kill('SIGTERM'),
    options: 'handleSignals: true',
    exit: 'SIGTERM',
    status: 'INTERRUPTED',
  },
  {
    event: 'SIGINT, handleSignals',
    code: kill('SIGINT'),
    options: 'handleSignals: true',
    exit: 'SIGINT',
    status: 'INTERRUPTED',
  },
  ...(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const).map((signal): ExitWay => ({
    event: signal,
    code: kill(signal),
    exit: signal,
    status: 'CRASHED',
    unhookable: true,
  })),
  // What Node itself ends by, where a core file may be written.
  {
    event: 'abort()',
    code: 'ending(); process.abort();',
    exit: 'SIGABRT',
    status: 'CRASHED',
    unhookable: true,
  },
  {
    event: 'reallyExit(4)',
    code: 'ending(); process.reallyExit(4);',
    exit: 4,
    status: 'CRASHED',
    unhookable: true,
  },
  {
    event: 'out of memory',
    code: 'const all = []; ending(); for (;;) all.push(new Array(10_000).fill(Math.random()));',
    exit: 'SIGABRT',
    status: 'CRASHED',
    unhookable: true,
    args: ['--max-old-space-size=64'],
  },
];
