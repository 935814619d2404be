import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../src/model/errors.js';

/** The files that hold a limit, in version 1 and in version 2; and those that keep memory from being swapped out instead. */
const FILES = {
  pids: { v1: ['pids.max'], v2: ['pids.max'] },
  memory: {
    v1: ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'],
    v2: ['memory.max', 'memory.swap.max'],
  },
} as const;

const MOUNT = '/sys/fs/cgroup';

/** A control group for the processes of a spec. */
export interface Cgroup {
  /** The code of a module that puts its own process into the group, and `limitTo(n)`, which sets the limit. */
  readonly code: string;
  /** Removes it; no process may be left in it. */
  remove(): void;
}

/** Makes a cgroup with that controller; null where that cannot be done, which is said on stderr. */
export function cgroupOf(controller: keyof typeof FILES): Cgroup | null {
  const isUnified = !existsSync(join(MOUNT, controller));
  const folder = join(isUnified ? MOUNT : v1Home(controller), `expman-spec-${process.pid}`);
  const [limit, ...swap] = FILES[controller][isUnified ? 'v2' : 'v1'].map((name) => join(folder, name));
  try {
    if (isUnified) writeFileSync(join(MOUNT, 'cgroup.subtree_control'), `+${controller}`);
    mkdirSync(folder);
    if (limit === undefined || !existsSync(limit)) {
      rmdirSync(folder);
      throw new Error(`${controller} has no limit`);
    }
  } catch (error) {
    console.error(`SKIPPED: no cgroup that limits ${controller} can be made here: ${messageOf(error)}`);
    return null;
  }
  const noSwap = swap.filter((path) => existsSync(path)).map((path) => [path, isUnified ? '0' : null]);
  const code = `
    import { writeFileSync as writeTo } from 'node:fs';
    writeTo(${JSON.stringify(join(folder, 'cgroup.procs'))}, String(process.pid));
    const limitTo = (amount) => {
      writeTo(${JSON.stringify(limit)}, String(amount));
      for (const [path, value] of ${JSON.stringify(noSwap)}) writeTo(path, value ?? String(amount));
    };`;
  return { code, remove: () => rmdirSync(folder) };
}

/** The cgroup this process is in, so that what limits it goes on to; the top one where that is not to be seen. */
function v1Home(controller: string): string {
  const own = /^\d+:([^:]*):(.*)$/gm;
  for (const [, controllers = '', path = ''] of readFileSync('/proc/self/cgroup', 'utf8').matchAll(own))
    if (controllers.split(',').includes(controller) && existsSync(join(MOUNT, controller, path)))
      return join(MOUNT, controller, path);
  return join(MOUNT, controller);
}
