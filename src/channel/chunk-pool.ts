import { ARENA_BYTES, CHUNK_BYTES, CHUNK_HEAD_BYTES, ChunkWord, aligned } from './chunk-layout.js';

/** One piece of shared memory and its typed views. */
export class Arena {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly i64: BigInt64Array;
  readonly bytes: Buffer;

  constructor(
    readonly id: number,
    readonly memory: SharedArrayBuffer,
  ) {
    this.i32 = new Int32Array(memory);
    this.f64 = new Float64Array(memory);
    this.i64 = new BigInt64Array(memory);
    this.bytes = Buffer.from(memory);
  }
}

/** A chunk: `bytes` of an arena from `start` on, head included. */
export interface Chunk {
  /** The chunk's number for the `next` word; never 0. */
  readonly id: number;
  readonly arena: Arena;
  readonly start: number;
  readonly bytes: number;
}

const PER_ARENA = ARENA_BYTES / CHUNK_BYTES;

/**
 * The number of a chunk: arena number and place in it.
 *
 * Only numbers cross the channel; both threads compute the same places from them.
 */
export function chunkAt(arena: Arena, id: number): Chunk {
  const start = arena.memory.byteLength === ARENA_BYTES ? ((id - 1) % PER_ARENA) * CHUNK_BYTES : 0;
  return {
    id,
    arena,
    start,
    bytes: arena.memory.byteLength === ARENA_BYTES ? CHUNK_BYTES : arena.memory.byteLength,
  };
}

/** The arena of a chunk's number. */
export const arenaIdOf = (chunkId: number): number => Math.floor((chunkId - 1) / PER_ARENA);

/**
 * Looks up memory by its number, for the consumer; undefined while the message with it is on its
 * way.
 */
export interface ArenaSource {
  arena(id: number): Arena | undefined;
  /** Drops an oversized arena whose only chunk is finished. */
  drop(id: number): void;
}

/** The memory announced to a writer thread. */
export class ArenaTable implements ArenaSource {
  private readonly arenas = new Map<number, Arena>();

  add(arena: Arena): void {
    this.arenas.set(arena.id, arena);
  }

  arena(id: number): Arena | undefined {
    return this.arenas.get(id);
  }

  drop(id: number): void {
    this.arenas.delete(id);
  }
}

/**
 * The chunks of one producer thread, shared by all its runs.
 *
 * Freed chunks are reused last in, first out, since their pages are warm. `onArena` announces new
 * memory to the writer before any chunk in it is linked.
 */
export class ChunkPool implements ArenaSource {
  private readonly free: Chunk[] = [];
  private readonly arenas = new Map<number, Arena>();
  private arenasMade = 0;
  private onArena: (arena: Arena) => void = () => undefined;

  /** All memory so far, for a writer that starts or restarts. */
  connect(onArena: (arena: Arena) => void): readonly Arena[] {
    this.onArena = onArena;
    return [...this.arenas.values()];
  }

  arena(id: number): Arena | undefined {
    return this.arenas.get(id);
  }

  drop(): void {
    // The pool releases oversized memory when the chunk is returned; see `give`.
  }

  /** Returns a chunk with room for a record of `recordBytes`, its head cleared. */
  acquire(recordBytes: number): Chunk {
    const bytes = CHUNK_HEAD_BYTES + aligned(recordBytes);
    const chunk = bytes > CHUNK_BYTES ? this.oversized(bytes) : (this.free.pop() ?? this.fromNewArena());
    const head = chunk.start >> 2;
    const { i32 } = chunk.arena;
    Atomics.store(i32, head + ChunkWord.committed, 0);
    Atomics.store(i32, head + ChunkWord.next, 0);
    return chunk;
  }

  give(chunk: Chunk): void {
    // Oversized memory is not kept: the next record of its size may never come.
    if (chunk.bytes === CHUNK_BYTES) this.free.push(chunk);
    else this.arenas.delete(chunk.arena.id);
  }

  private fromNewArena(): Chunk {
    const arena = this.add(ARENA_BYTES);
    for (let place = PER_ARENA - 1; place > 0; place--)
      this.free.push(chunkAt(arena, arena.id * PER_ARENA + place + 1));
    return chunkAt(arena, arena.id * PER_ARENA + 1);
  }

  private oversized(bytes: number): Chunk {
    // An oversized arena must not be mistaken for an ordinary one, which is recognised by its size.
    const arena = this.add(bytes === ARENA_BYTES ? bytes + 8 : bytes);
    return chunkAt(arena, arena.id * PER_ARENA + 1);
  }

  private add(bytes: number): Arena {
    const arena = new Arena(this.arenasMade++, new SharedArrayBuffer(bytes));
    this.arenas.set(arena.id, arena);
    this.onArena(arena);
    return arena;
  }
}
