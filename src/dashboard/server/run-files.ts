import { createReadStream, realpathSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { nodeFs } from '../../storage/node-fs.js';
import { imageTypeOfFile } from '../data/image-type.js';

const FOLDERS: ReadonlySet<string> = new Set(['artifacts', 'media']);

/** A file of a run as it is sent. */
export interface SentFile {
  readonly bytes: Readable;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Opens a file of a run's artifacts or media; null where there is none to be sent: no regular file, a link, or one that leads out of
 * the run's folder.
 *
 * Only what begins as an image does is shown, as that image; all else is bytes to be saved.
 */
export function openRunFile(runDir: string, parts: readonly string[]): SentFile | null {
  const [folder = ''] = parts;
  if (!FOLDERS.has(folder) || parts.length < 2 || !parts.every(isPlain)) return null;
  const path = join(runDir, ...parts);
  try {
    const inside = realpathSync(join(runDir, folder)) + sep;
    if (!inside.startsWith(realpathSync(runDir) + sep) || !realpathSync(path).startsWith(inside)) return null;
    const file = nodeFs.open(path, 'read');
    const { kind, size } = nodeFs.statOpen(file);
    if (kind !== 'file') {
      nodeFs.close(file);
      return null;
    }
    const image = folder === 'media' ? imageTypeOfFile(file) : null;
    const bytes = createReadStream('', { fd: file, start: 0, end: Math.max(0, size - 1) });
    return { bytes, headers: { 'Content-Length': String(size), ...headersOf(image, basename(path)) } };
  } catch {
    return null;
  }
}

/** A name of one part, as it stands. */
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
