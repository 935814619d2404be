import { close, fsync, open as openFile, read, write } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { FileMode } from '../../model/experiment-options.js';
import type { ArtifactFs } from '../../storage/artifacts/artifact-fs.js';
import type { ReplacePort } from '../../storage/atomic-file.js';
import { nodeFs, privateFs, rightsIn, tolerateRefusal } from '../../storage/node-fs.js';

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

const readAsync = promisify(read);
const writeAsync = promisify(write);
const syncAsync = promisify(fsync);
const openAsync = promisify(openFile);
const closeAsync = promisify(close);

/**
 * The file system for artifacts with versions: whatever takes as long as a content is large, or as
 * a disk needs to sync, does not block the thread. New files of a private run are private.
 */
export const asyncArtifactFs = (mode: FileMode): ArtifactFs => ({
  ...(mode === 'private' ? privateFs : nodeFs),
  read: async (fd, bytes, position) => (await readAsync(fd, bytes, 0, bytes.length, position)).bytesRead,
  write: async (fd, bytes, position) => (await writeAsync(fd, bytes, 0, bytes.length, position)).bytesWritten,
  sync: (fd) => syncAsync(fd).catch(tolerateRefusal),
  syncFolder: async (folder) => {
    if (process.platform === 'win32') return; // Windows has no fsync of a folder.
    const fd = await openAsync(folder, 'r');
    await syncAsync(fd)
      .catch(tolerateRefusal)
      .finally(() => closeAsync(fd));
  },
});
