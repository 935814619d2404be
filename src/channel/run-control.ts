/** The writer's progress with one run: consistent, whenever the writer dies. */
export interface Acknowledged {
  /** The chunk in which to continue. */
  readonly chunkId: number;
  /** The bytes of records acknowledged in it. */
  readonly offset: number;
  /** The total number of records acknowledged. */
  readonly seq: number;
  /** The total number of rows acknowledged. */
  readonly rows: number;
}

/**
 * The reason why rows are not reaching the disk; a word in shared memory that the caller's thread
 * reads.
 */
export const RunTrouble = { none: 0, disk: 1, fenced: 2 } as const;

const SLOT_DOUBLES = 4;
const WORD = { acknowledgements: 0, trouble: 1, closed: 2, cutNoted: 3, stopRequested: 24 } as const;
/** Doubles after the two slots; the caller's thread stores, the writer loads. */
const COUNT = { dropped: 2 * SLOT_DOUBLES, invalid: 2 * SLOT_DOUBLES + 1 } as const;

/**
 * The shared words of one run. The writer stores, the caller's thread loads.
 *
 * An acknowledgement goes into the slot that is not current and then becomes current by one atomic
 * store, so a writer that dies half-way leaves the previous one. The word stored counts
 * acknowledgements, so that a reader notices two new ones during its read: the second overwrites
 * the slot it was reading.
 */
export class RunControl {
  static readonly bytes = 16 + (2 * SLOT_DOUBLES + 2) * 8 + 8;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;

  constructor(readonly memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.doubles = new Float64Array(memory, 16);
  }

  static starting(chunkId: number): RunControl {
    const control = new RunControl(new SharedArrayBuffer(RunControl.bytes));
    control.acknowledge(chunkId, 0, 0, 0);
    return control;
  }

  acknowledge(chunkId: number, offset: number, seq: number, rows: number): void {
    const count = Atomics.load(this.words, WORD.acknowledgements) + 1;
    const at = (count & 1) * SLOT_DOUBLES;
    this.doubles[at] = chunkId;
    this.doubles[at + 1] = offset;
    this.doubles[at + 2] = seq;
    this.doubles[at + 3] = rows;
    Atomics.store(this.words, WORD.acknowledgements, count);
  }

  acknowledged(): Acknowledged {
    for (;;) {
      const count = Atomics.load(this.words, WORD.acknowledgements);
      const at = (count & 1) * SLOT_DOUBLES;
      const [chunkId = 0, offset = 0, seq = 0, rows = 0] = this.doubles.subarray(at, at + SLOT_DOUBLES);
      if (Atomics.load(this.words, WORD.acknowledgements) === count) return { chunkId, offset, seq, rows };
    }
  }

  /** The number of records acknowledged, without creating an object. */
  seq(): number {
    return this.doubles[(Atomics.load(this.words, WORD.acknowledgements) & 1) * SLOT_DOUBLES + 2] ?? 0;
  }

  get trouble(): number {
    return Atomics.load(this.words, WORD.trouble);
  }

  set trouble(word: number) {
    Atomics.store(this.words, WORD.trouble, word);
  }

  /** True once the writer has finished the run and no longer reads its channel. */
  get closed(): boolean {
    return Atomics.load(this.words, WORD.closed) === 1;
  }

  close(): void {
    Atomics.store(this.words, WORD.closed, 1);
  }

  /**
   * True while rows do not get through: the disk refuses them, another owner has the run, or the
   * writer has finished it.
   */
  get stuck(): boolean {
    return this.trouble !== RunTrouble.none || this.closed;
  }

  /**
   * True once the run's status at the end of the process is in run.yaml, or cannot be written
   * there.
   */
  get isCutNoted(): boolean {
    return Atomics.load(this.words, WORD.cutNoted) === 1;
  }

  markCutNoted(): void {
    Atomics.store(this.words, WORD.cutNoted, 1);
  }

  /** True once the run was asked to end. */
  get isStopRequested(): boolean {
    return Atomics.load(this.words, WORD.stopRequested) === 1;
  }

  markStopRequested(): void {
    Atomics.store(this.words, WORD.stopRequested, 1);
  }

  /** The number of rows not accepted because the buffer was full. */
  get dropped(): number {
    return this.doubles[COUNT.dropped] ?? 0;
  }

  set dropped(rows: number) {
    this.doubles[COUNT.dropped] = rows;
  }

  /** The number of values, steps and rows left out because they cannot be logged. */
  get invalid(): number {
    return this.doubles[COUNT.invalid] ?? 0;
  }

  set invalid(values: number) {
    this.doubles[COUNT.invalid] = values;
  }
}
