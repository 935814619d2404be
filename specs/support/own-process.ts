import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Threads of this process; 0 where there is no /proc. */
export function threads(): number {
  if (!existsSync('/proc/self/status')) return 0;
  return Number(/^Threads:\s+(\d+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

/** How many descriptors of this process are files below a folder; 0 where there is no /proc. */
export function openFilesIn(folder: string): number {
  if (!existsSync('/proc/self/fd')) return 0;
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false; // Closed since it was listed.
    }
  }).length;
}
