import type { Arena, Chunk, ChunkPool } from './chunk-pool.js';
import { ExpmanError } from '../model/errors.js';
import {
  CHUNK_HEAD_BYTES,
  ChunkWord,
  MAX_TEXT_BYTES,
  RECORD_HEAD_BYTES,
  type RecordKind,
  aligned,
} from './chunk-layout.js';
import { RunControl } from './run-control.js';

/**
 * The producer's end of one run's channel: records go into shared memory, where the writer finds
 * them, whatever this thread does next.
 *
 * A record is written at `position` and then committed by one atomic store; until then the consumer
 * does not see it. The fields are public for the row encoder beside it, whose speed depends on
 * them.
 */
export class ChannelWriter {
  readonly control: RunControl;
  arena: Arena;
  /** The byte offset of the next record in the arena. */
  position: number;
  /** The end of the chunk. */
  end: number;
  /** The number of records committed. */
  seq = 0;
  /** The number of rows committed. */
  rows = 0;
  private chunk: Chunk;
  private readonly inFlight: Chunk[] = [];
  private inFlightBytes = 0;

  constructor(private readonly pool: ChunkPool) {
    this.chunk = pool.acquire(0);
    this.arena = this.chunk.arena;
    this.position = this.chunk.start + CHUNK_HEAD_BYTES;
    this.end = this.chunk.start + this.chunk.bytes;
    this.control = RunControl.starting(this.chunk.id);
  }

  /** The bytes of earlier chunks that the writer has not released: rows it has not acknowledged. */
  get bufferedBytes(): number {
    return this.inFlightBytes;
  }

  /**
   * Takes back the chunks before the one that the writer has reached.
   *
   * Only the acknowledgement counts: a writer that dies after it leaves no chunk unfreed.
   */
  reclaim(): void {
    const { chunkId } = this.control.acknowledged();
    for (
      let oldest = this.inFlight[0];
      oldest !== undefined && oldest.id !== chunkId;
      oldest = this.inFlight[0]
    ) {
      this.inFlight.shift();
      this.inFlightBytes -= oldest.bytes;
      this.pool.give(oldest);
    }
  }

  /** True if a record of this size fits into the current chunk. */
  fits(bytes: number): boolean {
    return this.position + bytes <= this.end;
  }

  /** Continues in a new chunk with room for a record of `bytes`. */
  advance(bytes: number): void {
    this.reclaim();
    const next = this.pool.acquire(bytes);
    Atomics.store(this.arena.i32, (this.chunk.start >> 2) + ChunkWord.next, next.id);
    this.inFlight.push(this.chunk);
    this.inFlightBytes += this.chunk.bytes;
    this.chunk = next;
    this.arena = next.arena;
    this.position = next.start + CHUNK_HEAD_BYTES;
    this.end = next.start + next.bytes;
  }

  /** Commits the record of `bytes` (aligned) at `position`. */
  commit(bytes: number): void {
    this.position += bytes;
    this.seq++;
    const { start } = this.chunk;
    Atomics.store(
      this.arena.i32,
      (start >> 2) + ChunkWord.committed,
      this.position - start - CHUNK_HEAD_BYTES,
    );
  }

  /**
   * Writes a record in the form of every kind except rows: two u32 and text.
   *
   * @throws {@link ExpmanError} `INVALID_VALUE` for a text too long for a frame of the log
   */
  text(kind: RecordKind, number: number, text: Buffer): void {
    if (text.length > MAX_TEXT_BYTES)
      throw new ExpmanError(
        'INVALID_VALUE',
        `a text may have at most ${MAX_TEXT_BYTES} bytes; got ${text.length}`,
      );
    const bytes = aligned(RECORD_HEAD_BYTES + 8 + text.length);
    if (!this.fits(bytes)) this.advance(bytes);
    const { i32, bytes: memory } = this.arena;
    const word = this.position >> 2;
    i32[word] = bytes;
    i32[word + 1] = kind;
    i32[word + 2] = number;
    i32[word + 3] = text.length;
    memory.set(text, this.position + RECORD_HEAD_BYTES + 8);
    this.commit(bytes);
  }

  /** Returns every chunk to the pool once the writer has released the run. */
  dispose(): void {
    this.reclaim();
    for (const chunk of this.inFlight.splice(0)) this.pool.give(chunk);
    this.pool.give(this.chunk);
  }
}
