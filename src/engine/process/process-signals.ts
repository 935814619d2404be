// Windows gives a process no time to close anything on SIGHUP. SIGQUIT requests a core dump, and is
// not handled.
const SIGNALS: readonly NodeJS.Signals[] =
  process.platform === 'win32' ? ['SIGINT', 'SIGTERM'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** The time that runs may take to close before the signal ends the process. */
const CLOSE_MS = 2_000;

const closings = new Set<() => Promise<unknown>>();
let ending = false;

/**
 * Closes a run when the process is signalled to end; for runs with `handleSignals`.
 *
 * A signal with other listeners is left to them. After the closing, or two seconds, the signal is
 * sent again without listeners, so that the process ends as its parent expects; a second signal
 * ends it at once.
 */
export function watchSignals(close: () => Promise<unknown>): () => void {
  if (closings.size === 0) for (const signal of SIGNALS) process.on(signal, onSignal);
  closings.add(close);
  return () => {
    closings.delete(close);
    if (closings.size === 0 && !ending) stopListening();
  };
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  const end = (): void => {
    stopListening();
    process.kill(process.pid, signal);
  };
  if (ending) {
    end();
    return;
  }
  ending = true;
  setTimeout(end, CLOSE_MS).unref();
  void Promise.allSettled([...closings].map((close) => close())).then(end);
}

function stopListening(): void {
  for (const signal of SIGNALS) process.off(signal, onSignal);
}
