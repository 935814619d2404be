import { nodeFs } from '../../storage/node-fs.js';

const BYTES = 16;

/** The type of an image that is safe to show, by its first bytes, whatever it calls itself; null for all else. */
export function imageTypeOf(bytes: Buffer): string | null {
  const text = bytes.toString('latin1', 0, BYTES);
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'image/gif';
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'image/webp';
  return null;
}

/** The same of a file; null where it cannot be read. */
export function imageTypeAt(path: string): string | null {
  try {
    const file = nodeFs.open(path, 'read');
    try {
      return imageTypeOfFile(file);
    } finally {
      nodeFs.close(file);
    }
  } catch {
    return null;
  }
}

/** The same of an open file. */
export function imageTypeOfFile(file: number): string | null {
  const bytes = Buffer.alloc(BYTES);
  return imageTypeOf(bytes.subarray(0, nodeFs.read(file, bytes, 0)));
}
