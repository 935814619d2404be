import { ExpmanError } from '../../model/errors.js';
import { replaceBy } from '../../storage/atomic-file.js';
import { umaskFs } from '../../storage/node-fs.js';
import { writeAll } from '../../storage/write-all.js';
import { systemError } from '../source/source-files.js';

const BUFFER_BYTES = 256 * 1024;

/** Receives the bytes of a new file in order. */
export interface Output {
  /** The number of bytes added. */
  readonly bytes: number;
  add(bytes: Uint8Array | string): void;
}

/**
 * Creates a file from what `fill` adds: it exists, complete and synced, when the promise resolves.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` if the path exists already; `IO`; and errors of
 * `fill`. On any failure nothing is left behind
 */
export function writeNewFile(path: string, fill: (output: Output) => Promise<void>): Promise<void> {
  return writeFile(path, fill, () => {
    assertFree(path);
  });
}

/**
 * Does the same, but replaces an existing file, which stays until the new one is complete.
 *
 * @throws as {@link writeNewFile}
 */
export function replaceWithFile(path: string, fill: (output: Output) => Promise<void>): Promise<void> {
  return writeFile(path, fill, () => {
    const kind = umaskFs.stat(path)?.kind ?? 'file';
    if (kind !== 'file')
      throw taken(path, `is a ${kind}, not a file that can be replaced`, 'the path of a file');
  });
}

async function writeFile(
  path: string,
  fill: (output: Output) => Promise<void>,
  check: () => void,
): Promise<void> {
  check();
  try {
    await replaceBy(
      umaskFs,
      path,
      async (file) => {
        const output = new BufferedFile(file);
        await fill(output);
        output.flush();
        return output;
      },
      check,
    );
  } catch (error) {
    // Errors of `fill` itself are not errors of this file.
    throw systemError(error, path) ?? error;
  }
}

/** @throws {@link ExpmanError} `INVALID_OPTION` if the path exists */
export function assertFree(path: string): void {
  if (umaskFs.stat(path) === null) return;
  throw taken(
    path,
    'already exists; choose another path, or remove it first',
    'a path that does not exist yet',
  );
}

const taken = (path: string, why: string, rule: string): ExpmanError =>
  new ExpmanError('INVALID_OPTION', `${path} ${why}`, { option: 'path', rule, value: path, path });

class BufferedFile implements Output {
  bytes = 0;
  private readonly waiting: Uint8Array[] = [];
  private waitingBytes = 0;

  constructor(private readonly file: number) {}

  add(given: Uint8Array | string): void {
    const bytes = typeof given === 'string' ? Buffer.from(given, 'utf8') : given;
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    this.bytes += bytes.length;
    if (this.waitingBytes >= BUFFER_BYTES) this.flush();
  }

  /** Writes the buffered bytes. */
  flush(): void {
    const at = this.bytes - this.waitingBytes;
    writeAll(umaskFs, this.file, Buffer.concat(this.waiting.splice(0)), at);
    this.waitingBytes = 0;
  }
}
