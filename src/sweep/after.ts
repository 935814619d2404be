import { MAX_TIMER_MS } from '../model/option-rules.js';

/**
 * Runs a task once after a delay of any length; never after Infinity. Returns a function that
 * cancels it.
 */
export function after(ms: number, work: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (leftMs: number): void => {
    timer =
      leftMs > MAX_TIMER_MS
        ? setTimeout(() => wait(leftMs - MAX_TIMER_MS), MAX_TIMER_MS)
        : setTimeout(work, leftMs);
  };
  if (ms !== Infinity) wait(ms);
  return () => clearTimeout(timer);
}
