import { errnoOf } from '../model/errors.js';
import { pause } from './pause.js';
import type { FsPort } from './fs-port.js';

const PATIENCE_MS = 2_000;
const PAUSE_MS = 10;

/**
 * A file system that waits up to two seconds for a descriptor when the process has none left.
 *
 * While a thread loads its modules it may hold a hundred for a moment; under `ulimit -n 64` that is
 * all of them.
 */
export function patientFs(fs: FsPort): FsPort {
  return {
    ...fs,
    open: (path, mode) => patiently(() => fs.open(path, mode)),
    list: (folder) => patiently(() => fs.list(folder)),
    syncFolder: (folder) => patiently(() => fs.syncFolder(folder)),
  };
}

function patiently<T>(work: () => T): T {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return work();
    } catch (error) {
      const errno = errnoOf(error);
      if ((errno !== 'EMFILE' && errno !== 'ENFILE') || performance.now() >= until) throw error;
      pause(PAUSE_MS);
    }
  }
}
