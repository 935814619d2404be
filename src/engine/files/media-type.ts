import { extname } from 'node:path';

/** The type of a file, and the extension of its name. */
export interface MediaType {
  readonly type: string;
  readonly extension: string;
}

const UNKNOWN = 'application/octet-stream';

/** The types by extension; a file gets the first extension of its type. */
const BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
  ['bmp', 'image/bmp'],
  ['tiff', 'image/tiff'],
  ['tif', 'image/tiff'],
  ['avif', 'image/avif'],
  ['svg', 'image/svg+xml'],
  ['wav', 'audio/wav'],
  ['mp3', 'audio/mpeg'],
  ['ogg', 'audio/ogg'],
  ['flac', 'audio/flac'],
  ['m4a', 'audio/mp4'],
  ['mp4', 'video/mp4'],
  ['mov', 'video/quicktime'],
  ['webm', 'video/webm'],
  ['pdf', 'application/pdf'],
  ['glb', 'model/gltf-binary'],
  ['json', 'application/json'],
  ['ndjson', 'application/x-ndjson'],
  ['csv', 'text/csv'],
  ['txt', 'text/plain'],
  ['md', 'text/markdown'],
  ['html', 'text/html'],
]);

const EXTENSION_OF: ReadonlyMap<string, string> = new Map(
  [...BY_EXTENSION].reverse().map(([extension, type]) => [type, extension]),
);

/** The types by the first bytes of a file, as Latin-1. */
const MAGIC: readonly (readonly [RegExp, string])[] = [
  [/^\x89PNG\r\n\x1a\n/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^GIF8[79]a/, 'image/gif'],
  [/^RIFF[^]{4}WEBP/, 'image/webp'],
  [/^RIFF[^]{4}WAVE/, 'audio/wav'],
  [/^BM[^]{4}\0{4}/, 'image/bmp'],
  [/^(?:II\*\0|MM\0\*)/, 'image/tiff'],
  [/^[^]{4}ftypavi[fs]/, 'image/avif'],
  [/^[^]{4}ftypM4A/, 'audio/mp4'],
  [/^[^]{4}ftypqt {2}/, 'video/quicktime'],
  [/^[^]{4}ftyp(?:iso|mp4|avc|M4V|dash|3gp)/, 'video/mp4'],
  [/^\x1aE\xdf\xa3/, 'video/webm'],
  [/^OggS/, 'audio/ogg'],
  [/^fLaC/, 'audio/flac'],
  // A tag, or the sync word of a frame of layer III.
  [/^(?:ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb])/, 'audio/mpeg'],
  [/^%PDF-/, 'application/pdf'],
  [/^glTF/, 'model/gltf-binary'],
  [/^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*-->\s*)?<svg[\s>]/, 'image/svg+xml'],
];
const HEAD_BYTES = 512;

/**
 * Detects the type of bytes by their beginning, else by the extension of their path, else unknown.
 */
export function mediaTypeOf(bytes: Uint8Array, path: string | null): MediaType {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD_BYTES)).toString(
    'latin1',
  );
  const type = MAGIC.find(([pattern]) => pattern.test(head))?.[1];
  if (type !== undefined) return namedType(type);
  const extension = /^\.([a-z0-9]{1,8})$/i.exec(extname(path ?? ''))?.[1]?.toLowerCase() ?? 'bin';
  return { type: BY_EXTENSION.get(extension) ?? UNKNOWN, extension };
}

/** A known type, with the extension of its files. */
export const namedType = (type: string, otherwise = 'bin'): MediaType => ({
  type,
  extension: EXTENSION_OF.get(type) ?? otherwise,
});
