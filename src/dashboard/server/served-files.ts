import { createReadStream, realpathSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { nodeFs } from '../../storage/node-fs.js';
import { imageTypeOfFile } from '../data/image-type.js';

const FOLDERS: ReadonlySet<string> = new Set(['artifacts', 'media']);

/** A file of a run that can be sent. */
export interface SentFile {
  readonly bytes: Readable;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Opens a file of a run's artifacts or media; null if it must not be sent: not a regular file, a
 * link, or a path out of the run's folder.
 *
 * Only a file that starts with an image's bytes is shown, as that image; any other is a download.
 */
export function openRunFile(runDir: string, parts: readonly string[]): SentFile | null {
  const [folder = ''] = parts;
  if (!FOLDERS.has(folder) || parts.length < 2 || !parts.every(isPlain)) return null;
  const path = join(runDir, ...parts);
  try {
    const inside = realpathSync(join(runDir, folder)) + sep;
    if (!inside.startsWith(realpathSync(runDir) + sep) || !realpathSync(path).startsWith(inside)) return null;
    return sentFile(nodeFs.open(path, 'read'), folder === 'media', basename(path));
  } catch {
    return null;
  }
}

/** Prepares an open file for sending, which closes it; if it is not sent, it is closed here. */
function sentFile(file: number, isMedia: boolean, name: string): SentFile | null {
  let isSent = false;
  try {
    const { kind, size, links } = nodeFs.statOpen(file);
    // A hard link may lead to any file.
    if (kind !== 'file' || links > 1) return null;
    const headers = {
      'Content-Length': String(size),
      ...headersOf(isMedia ? imageTypeOfFile(file) : null, name),
    };
    if (size === 0) return { bytes: Readable.from([]), headers };
    isSent = true;
    return { bytes: createReadStream('', { fd: file, start: 0, end: size - 1 }), headers };
  } finally {
    if (!isSent) nodeFs.close(file);
  }
}

/** True if a text is a plain file name. */
const isPlain = (part: string): boolean =>
  part !== '' && part !== '.' && part !== '..' && !/[/\\\0]/.test(part) && part.length <= 255;

function headersOf(image: string | null, name: string): Record<string, string> {
  if (image !== null)
    return { 'Content-Type': image, 'Content-Security-Policy': "default-src 'none'; sandbox" };
  const plain = name.replace(/[^A-Za-z0-9._-]/g, '_');
  return {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, '_')}`,
    'Content-Security-Policy': "default-src 'none'; sandbox",
  };
}
