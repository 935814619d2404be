import { nodeFs } from '../../storage/node-fs.js';

const BYTES = 16;

/**
 * Detects by its first bytes the type of an image that is safe to show; null for anything else,
 * whatever its name.
 */
export function imageTypeOf(bytes: Buffer): string | null {
  const text = bytes.toString('latin1', 0, BYTES);
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'image/gif';
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'image/webp';
  return null;
}

/** Detects the type of a file; null if it cannot be read. */
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

/** Detects the type of an open file. */
export function imageTypeOfFile(file: number): string | null {
  const bytes = Buffer.alloc(BYTES);
  return imageTypeOf(bytes.subarray(0, nodeFs.read(file, bytes, 0)));
}
