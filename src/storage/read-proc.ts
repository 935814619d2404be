import type { FsPort } from './fs-port.js';

/** Reads the first 4 kB of a file in /proc; returns null if there is no such file. */
export function readProc(fs: FsPort, path: string): string | null {
  try {
    const fd = fs.open(path, 'read');
    try {
      const bytes = Buffer.alloc(4096);
      return bytes.toString('utf8', 0, fs.read(fd, bytes, 0));
    } finally {
      fs.close(fd);
    }
  } catch {
    return null;
  }
}
