import { WireWord } from '../../channel/chunk-layout.js';

/** @bound loses nothing: rows that share one reading of the clock */
const MAX_SHARED_ROWS = 64;
const MICROS = 1000;
/**
 * The time within which rows that share a reading must follow one another: about a quarter of a
 * millisecond.
 */
const SHARED_MS = 0.25;

/**
 * The clock for the timestamps of rows, in microseconds since the epoch.
 *
 * `Date.now()` costs as much as all the rest of logging a row (57 ns of 110 here), and has a
 * resolution of milliseconds. So rows that follow each other within microseconds share a reading,
 * up to 64 of them; the writer's heartbeat, which beats every `walIntervalMs` after a row, ends the
 * sharing when there is a pause. Without a beating writer every row reads the clock.
 */
export class RowClock {
  private micros = 0;
  private left = 0;
  private shared = 1;
  private beat = 0;

  constructor(
    private readonly wire: Int32Array,
    private readonly now: () => number = Date.now,
  ) {}

  read(): number {
    const beat = this.wire[WireWord.heartbeat] ?? 0;
    if (this.left > 0 && beat === this.beat) {
      this.left--;
      return this.micros;
    }
    return this.sample(beat);
  }

  private sample(beat: number): number {
    const micros = this.now() * MICROS;
    const elapsedMs = Math.abs(micros - this.micros) / MICROS;
    const affordable = elapsedMs === 0 ? this.shared * 2 : Math.floor((this.shared / elapsedMs) * SHARED_MS);
    this.shared = beat === 0 || beat !== this.beat ? 1 : Math.max(1, Math.min(MAX_SHARED_ROWS, affordable));
    this.beat = beat;
    this.left = this.shared - 1;
    this.micros = micros;
    return micros;
  }
}
