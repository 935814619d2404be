import { gzipSync } from 'node:zlib';

/** An entry of an archive, as hostile as one likes. */
export interface HandEntry {
  readonly path: string;
  readonly body?: string | Buffer;
  /** The sign of its type: `0` a file, `1` a hard link, `2` a symbolic link, `3` and `4` devices, `5` a folder, `6` a fifo. */
  readonly type?: string;
  readonly link?: string;
  /** What the header says, where that is not the body's size. */
  readonly size?: number;
  readonly mode?: number;
}

/** A tar, byte by byte. */
export function tarOf(entries: readonly HandEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(1024)]);
}

/** The same, compressed. */
export const tarGzOf = (entries: readonly HandEntry[]): Buffer => gzipSync(tarOf(entries));

/** The path of the entry behind it, whatever its length. */
export function paxPath(path: string): HandEntry {
  const record = (length: number): string => `${length} path=${path}\n`;
  let length = Buffer.byteLength(record(0));
  while (Buffer.byteLength(record(length)) !== length) length = Buffer.byteLength(record(length));
  return { path: 'PaxHeader/x', type: 'x', body: record(length) };
}

function blocksOf({ path, body = '', type = '0', link = '', size, mode = 0o644 }: HandEntry): Buffer[] {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number): void => {
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  };
  header.write(path, 0, 100, 'utf8');
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size ?? bytes.length, 124, 12);
  octal(0, 136, 12);
  header.write('        ', 148, 'latin1');
  header.write(type, 156, 'latin1');
  header.write(link, 157, 100, 'utf8');
  header.write('ustar\x0000', 257, 'latin1');
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}
