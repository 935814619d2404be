import type { ArenaSource, Chunk } from './chunk-pool.js';
import { arenaIdOf, chunkAt } from './chunk-pool.js';
import { CHUNK_BYTES, CHUNK_HEAD_BYTES, ChunkWord } from './chunk-layout.js';
import type { RunControl } from './run-control.js';

/**
 * The consumer's end of one run's channel.
 *
 * `read` copies the committed bytes and changes nothing; `acknowledge` drops them and returns the
 * chunks to the producer. Between the two, the bytes become durable; if that fails, the next `read`
 * returns them again.
 */
export class ChannelReader {
  private chunk: Chunk | undefined;
  private chunkId: number;
  private offset: number;
  private readonly passed: Chunk[] = [];
  private readTo: { chunk: Chunk; offset: number } | undefined;

  constructor(
    private readonly control: RunControl,
    private readonly arenas: ArenaSource,
  ) {
    const { chunkId, offset } = control.acknowledged();
    this.chunkId = chunkId;
    this.offset = offset;
  }

  /**
   * Copies committed records, only complete ones and about `limit` bytes at most (at least one
   * record), after `headroom` bytes (a multiple of 8) for the caller's own use.
   *
   * Returns null if there is nothing new; an empty copy if only a chunk was finished.
   */
  read(limit: number, headroom: number): Buffer | null {
    let chunk = this.current();
    if (chunk === undefined) return null;
    let offset = this.offset;
    const pieces: Uint8Array[] = [];
    let total = 0;
    this.passed.length = 0;
    for (;;) {
      const head = chunk.start >> 2;
      const { i32 } = chunk.arena;
      // The order matters: a `next` seen here means the `committed` loaded after it is final.
      const next = Atomics.load(i32, head + ChunkWord.next);
      const committed = Atomics.load(i32, head + ChunkWord.committed);
      if (committed > offset) {
        if (total > 0 && total + committed - offset > limit) break;
        const from = chunk.start + CHUNK_HEAD_BYTES;
        pieces.push(chunk.arena.bytes.subarray(from + offset, from + committed));
        total += committed - offset;
        offset = committed;
      }
      if (next === 0) break;
      const arena = this.arenas.arena(arenaIdOf(next));
      if (arena === undefined) break;
      this.passed.push(chunk);
      chunk = chunkAt(arena, next);
      offset = 0;
    }
    this.readTo = { chunk, offset };
    return total === 0 && this.passed.length === 0 ? null : gather(pieces, headroom, total);
  }

  /**
   * Acknowledges the last `read` as durable: `seq` records since the run was opened, `rows` of them
   * rows.
   */
  acknowledge(seq: number, rows: number): void {
    if (this.readTo === undefined) return;
    this.chunk = this.readTo.chunk;
    this.chunkId = this.chunk.id;
    this.offset = this.readTo.offset;
    this.readTo = undefined;
    this.control.acknowledge(this.chunkId, this.offset, seq, rows);
    for (const chunk of this.passed) if (chunk.bytes !== CHUNK_BYTES) this.arenas.drop(chunk.arena.id);
    this.passed.length = 0;
  }

  /** True when everything committed has been acknowledged. */
  get idle(): boolean {
    const chunk = this.current();
    if (chunk === undefined) return false;
    const head = chunk.start >> 2;
    return (
      Atomics.load(chunk.arena.i32, head + ChunkWord.committed) === this.offset &&
      Atomics.load(chunk.arena.i32, head + ChunkWord.next) === 0
    );
  }

  private current(): Chunk | undefined {
    if (this.chunk === undefined) {
      const arena = this.arenas.arena(arenaIdOf(this.chunkId));
      if (arena !== undefined) this.chunk = chunkAt(arena, this.chunkId);
    }
    return this.chunk;
  }
}

/** A private, 8-byte aligned copy: the producer must not change bytes that a checksum covers. */
function gather(pieces: readonly Uint8Array[], headroom: number, total: number): Buffer {
  const bytes = Buffer.from(new ArrayBuffer(headroom + total));
  let at = headroom;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
