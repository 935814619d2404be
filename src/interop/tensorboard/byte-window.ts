import type { FileHandle } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const CHUNK_BYTES = 256 * 1024;
/** A piece of a compressed file becomes up to a thousand times as large, which waits in memory. */
const PACKED_BYTES = 16 * 1024;
/** The checksum and the size at the end of a compressed file. */
const TRAILER_BYTES = 8;

/** Yields the bytes of a file; at the end it returns whether some of them are missing. */
type Pieces = AsyncGenerator<Buffer, 'whole' | 'cut off'>;

/** Reads a file front to back, unpacked; returned bytes are not overwritten by later reads. */
export class ByteWindow {
  /** The position of the next byte. */
  offset = 0;
  private chunk: Buffer = Buffer.alloc(0);
  private end: 'unknown' | 'whole' | 'cut off' = 'unknown';

  private constructor(
    private readonly pieces: Pieces,
    /** The number of bytes in the file; null where it is only known at the end. */
    private readonly size: number | null,
  ) {}

  /** Opens a window on a file, up to its size now; one compressed by gzip is unpacked. */
  static async of(file: FileHandle): Promise<ByteWindow> {
    const { size } = await file.stat();
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    const isPacked = bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    return isPacked
      ? new ByteWindow(gunzipped(packedPiecesOf(file, size)), null)
      : new ByteWindow(piecesOf(file, size, CHUNK_BYTES), size);
  }

  /** The number of bytes that are left; null where it is only known at the end. */
  get left(): number | null {
    return this.size === null ? null : this.size - this.offset;
  }

  /** Returns the next bytes; null if the file does not have as many. */
  async read(count: number): Promise<Uint8Array | null> {
    if (this.chunk.length < count) await this.fill(count);
    if (this.chunk.length < count) return null;
    const taken = this.chunk.subarray(0, count);
    this.chunk = this.chunk.subarray(count);
    this.offset += count;
    return taken;
  }

  /** Tells if there are no more bytes; `cut off` if the file should have had more. */
  async atEnd(): Promise<'no' | 'whole' | 'cut off'> {
    if (this.chunk.length === 0) await this.fill(1);
    return this.chunk.length > 0 || this.end === 'unknown' ? 'no' : this.end;
  }

  /** Ends the reading. */
  async close(): Promise<void> {
    await this.pieces.return('whole');
  }

  private async fill(count: number): Promise<void> {
    const parts: Buffer[] = [this.chunk];
    let length = this.chunk.length;
    while (length < count && this.end === 'unknown') {
      const next = await this.pieces.next();
      if (next.done === true) this.end = next.value;
      else {
        parts.push(next.value);
        length += next.value.length;
      }
    }
    this.chunk = parts.length === 1 ? this.chunk : Buffer.concat(parts, length);
  }
}

/** Keeps the trailer apart: what does not match it is known to be damaged only then. */
async function* packedPiecesOf(file: FileHandle, size: number): Pieces {
  const body = Math.max(0, size - TRAILER_BYTES);
  yield* piecesOf(file, body, PACKED_BYTES);
  return yield* piecesOf(file, size, PACKED_BYTES, body);
}

async function* piecesOf(file: FileHandle, size: number, most: number, from = 0): Pieces {
  for (let at = from; at < size;) {
    const into = Buffer.allocUnsafe(Math.min(most, size - at));
    const { bytesRead } = await file.read(into, 0, into.length, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    yield into.subarray(0, bytesRead);
  }
  return 'whole';
}

/** Unpacks pieces; one by one, so that what precedes a fault is not lost with it. */
async function* gunzipped(packed: Pieces): Pieces {
  const gunzip = createGunzip();
  const ready: Buffer[] = [];
  const failures: NodeJS.ErrnoException[] = [];
  gunzip.on('data', (piece: Buffer) => ready.push(piece));
  gunzip.on('error', (error) => failures.push(error));
  try {
    for await (const piece of packed) {
      await new Promise<void>((resolve) => {
        // A write that fails is not called back.
        gunzip.once('close', resolve);
        gunzip.write(piece, () => {
          gunzip.off('close', resolve);
          resolve();
        });
      });
      yield* ready.splice(0);
      if (failures.length > 0) break;
    }
    if (failures.length === 0) gunzip.end();
    await finished(gunzip).catch(() => undefined);
    yield* ready.splice(0);
    const [failure] = failures;
    if (failure === undefined) return 'whole';
    if (failure.code === 'Z_BUF_ERROR') return 'cut off';
    throw new RangeError(`cannot be unpacked: ${failure.message}`);
  } finally {
    gunzip.destroy();
  }
}
