const drains = new Set<() => void>();

/**
 * Drains what other threads have logged into their runs when the process exits, before the runs are
 * closed; until the returned function is called.
 */
export function drainAtExit(drain: () => void): () => void {
  // Before the listener that closes the runs: afterwards they accept nothing more.
  if (drains.size === 0) process.prependListener('exit', drainAll);
  drains.add(drain);
  return () => {
    drains.delete(drain);
    if (drains.size === 0) process.off('exit', drainAll);
  };
}

function drainAll(): void {
  for (const drain of drains) drain();
}
