/**
 * Reads the monotonic clock, in milliseconds since some fixed moment: it neither leaps nor goes back, and stands still while the
 * machine sleeps. Every thread of the process reads the same, which is not so of `performance.now()`.
 */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
