import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ReplacePort } from '../../storage/atomic-file.js';
import { rightsIn } from '../../storage/node-fs.js';

/**
 * Replaces files without blocking the thread: for large ones, which are filled and synced beside
 * the caller's work.
 */
export const asyncFs: ReplacePort<FileHandle> = {
  open: (path) => open(path, 'wx', rightsIn(dirname(path)).file),
  statOpen: (file) => file.stat(),
  sync: (file) => file.sync(),
  close: (file) => file.close(),
  rename,
  remove: unlink,
  syncFolder: async (folder) => {
    if (process.platform === 'win32') return; // Windows has no fsync of a folder.
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  },
};
