import type { FsPort } from './fs-port.js';

/**
 * Writes all bytes, however the file system splits them.
 *
 * A full disk writes a part and reports that only by the count it returns, and a call may be
 * interrupted: both are retried; a call that repeatedly writes nothing without an error is an error
 * here.
 */
export function writeAll(fs: FsPort, fd: number, bytes: Uint8Array, position: number | null): void {
  let done = 0;
  let stalls = 0;
  while (done < bytes.length) {
    const taken = writeOnce(
      fs,
      fd,
      done === 0 ? bytes : bytes.subarray(done),
      position === null ? null : position + done,
    );
    if (taken === 0 && ++stalls > 8)
      throw Object.assign(new Error('ENOSPC: write took no bytes'), { code: 'ENOSPC' });
    if (taken > 0) stalls = 0;
    done += taken;
  }
}

function writeOnce(fs: FsPort, fd: number, bytes: Uint8Array, position: number | null): number {
  try {
    return fs.write(fd, bytes, position);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === 'EINTR' || code === 'EAGAIN') return 0;
    throw error;
  }
}
