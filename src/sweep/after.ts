/** The longest time that `setTimeout` takes; of a longer one it makes a millisecond. */
const LONGEST_MS = 2 ** 31 - 1;

/** Does something once after so many milliseconds, of which there may be any number; never after Infinity. Returns what calls it off. */
export function after(ms: number, work: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (leftMs: number): void => {
    timer =
      leftMs > LONGEST_MS
        ? setTimeout(() => wait(leftMs - LONGEST_MS), LONGEST_MS)
        : setTimeout(work, leftMs);
  };
  if (ms !== Infinity) wait(ms);
  return () => clearTimeout(timer);
}
