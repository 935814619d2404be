/**
 * Reads the monotonic clock, in milliseconds since some fixed moment: it neither jumps nor goes
 * back, and stops while the machine sleeps. Every thread of the process reads the same value,
 * unlike `performance.now()`.
 */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
