import { MAX_TIMER_MS } from '../model/option-rules.js';

/** Does something once after so many milliseconds, of which there may be any number; never after Infinity. Returns what calls it off. */
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
