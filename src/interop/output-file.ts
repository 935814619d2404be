import { basename, dirname, join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { ExpmanError } from '../model/errors.js';
import { tempName } from '../storage/atomic-file.js';
import { nodeFs } from '../storage/node-fs.js';
import { writeAll } from '../storage/write-all.js';
import { asExpmanError } from './source-files.js';

const BUFFER_BYTES = 256 * 1024;

/** Takes the bytes of a new file one after another. */
export interface Output {
  /** How many bytes were taken. */
  readonly bytes: number;
  add(bytes: Uint8Array | string): void;
}

/**
 * Makes a file of what `fill` adds: it is there, whole and synced, when the promise resolves.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` when something is there already; `IO`; on any failure nothing is left behind
 */
export async function writeNewFile(path: string, fill: (output: Output) => Promise<void>): Promise<void> {
  assertFree(path);
  // @bound loses nothing: the name of a temporary file
  const temp = join(dirname(path), tempName(basename(path).slice(-100)));
  try {
    const output = new BufferedFile(nodeFs.open(temp, 'create'));
    try {
      await fill(output);
      output.finish();
    } finally {
      output.close();
    }
    assertFree(path);
    nodeFs.rename(temp, path);
    nodeFs.syncFolder(dirname(path));
  } catch (error) {
    attempt(() => nodeFs.remove(temp));
    throw asExpmanError(error, path);
  }
}

/** @throws {@link ExpmanError} `INVALID_OPTION` when something is at the path */
export function assertFree(path: string): void {
  if (nodeFs.stat(path) === null) return;
  throw new ExpmanError('INVALID_OPTION', `${path} is there already; an export overwrites nothing`, {
    option: 'path',
    rule: 'a path where nothing is yet',
    value: path,
    path,
  });
}

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
    if (this.waitingBytes >= BUFFER_BYTES) this.write();
  }

  finish(): void {
    this.write();
    nodeFs.sync(this.file);
  }

  close(): void {
    nodeFs.close(this.file);
  }

  private write(): void {
    const at = this.bytes - this.waitingBytes;
    writeAll(nodeFs, this.file, Buffer.concat(this.waiting.splice(0)), at);
    this.waitingBytes = 0;
  }
}
