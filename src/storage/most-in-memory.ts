import { constants } from 'node:buffer';
import { totalmem } from 'node:os';

/**
 * The most bytes of a file that can be in memory at once: what a buffer holds, 4 GiB on Node 20 and
 * practically anything later, within what the machine or the container has.
 */
export function mostInMemory(): number {
  // Bun and Deno may lack it. 0, or more than the machine has, where there is no limit.
  const limit = (process as Partial<NodeJS.Process>).constrainedMemory?.() ?? 0;
  const memory = totalmem();
  return Math.min(constants.MAX_LENGTH, limit > 0 ? Math.min(limit, memory) : memory);
}
