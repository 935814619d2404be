const drains = new Set<() => void>();

/** Has what other threads have logged taken into their runs when the process exits, before the runs are told; until the function returned is called. */
export function drainAtExit(drain: () => void): () => void {
  // In front of the listener that tells the runs: afterwards they take nothing more.
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
