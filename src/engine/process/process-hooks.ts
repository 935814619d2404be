/** The callbacks of a process-wide hook for one run. */
export interface ProcessEnd {
  /** Called when the event loop is empty while the run is still open. */
  readonly ranDry: () => void;
  /** Called when the process is exiting, at once and irrevocably. */
  readonly exiting: (exitCode: number, fatal: { readonly error: unknown } | null) => void;
}

const open = new Set<ProcessEnd>();
let afterExiting: () => void = () => undefined;
let fatal: { readonly error: unknown } | null = null;
let installed = false;

/**
 * Notifies a run of the end of its process. Neither keeps the process alive nor changes its exit
 * code, and installs no signal or exception handler: an uncaught exception is only observed.
 *
 * @param drain - called once, after every run was notified that the process is exiting
 */
export function watchProcessEnd(run: ProcessEnd, drain: () => void): () => void {
  open.add(run);
  afterExiting = drain;
  if (!installed) install();
  return () => open.delete(run);
}

function install(): void {
  installed = true;
  process.on('uncaughtExceptionMonitor', (error: unknown) => {
    fatal = { error };
  });
  process.on('beforeExit', () => {
    for (const run of open) run.ranDry();
  });
  process.on('exit', (code) => {
    const runs = [...open];
    // An exit inside an exit handler finds nothing left to do.
    open.clear();
    if (runs.length === 0) return;
    for (const run of runs) run.exiting(code, fatal);
    afterExiting();
  });
}
