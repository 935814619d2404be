import type { ChannelWriter } from '../../channel/channel-writer.js';
import type { BoundMetrics } from '../../channel/row-encoder.js';
import type { Shape } from '../../channel/shape-table.js';
import type { Step } from '../../model/step.js';
import type { RowClock } from './row-clock.js';

/** The most metrics whose values a recorder takes as parameters; more come as a list. */
const FEW = 4;
/** The least number of values in an array that are copied faster as a whole than one by one. */
const COPIED = 16;
const TYPED_ARRAY = Object.getPrototypeOf(Float64Array.prototype) as object;
const LENGTH = Object.getOwnPropertyDescriptor(TYPED_ARRAY, 'length');
const BUFFER = Object.getOwnPropertyDescriptor(TYPED_ARRAY, 'buffer');

/** The door behind a recorder. */
export interface RecorderDoor {
  readonly isOpen: boolean;
  lastStep: Step;
  /** Accepts one row as unchecked values, of which `given` were given. */
  boundRow(
    bound: BoundMetrics,
    values: ArrayLike<unknown>,
    step: Step | null | undefined,
    given: number,
  ): void;
  /** Passes the row written last on to the taps. */
  notify(shape: Shape): void;
  /** Wakes a writer that has fallen asleep, after a row. */
  wakeWriter(): void;
}

/** The door behind a recorder, and the parts of it that one row needs. */
export interface RecorderParts {
  readonly intake: RecorderDoor;
  readonly channel: ChannelWriter;
  readonly clock: RowClock;
  /** The most bytes that may be buffered before a row has to wait. */
  readonly limit: number;
  readonly taps: { readonly observed: boolean };
  /** Called for a row after the end of the run. */
  readonly late: () => void;
  /** Called after each row. */
  readonly after: (() => void) | undefined;
}

/** A recorder without the types of its values. */
export type AnyRecorder = (step?: unknown, ...values: unknown[]) => void;

/**
 * Makes a function that logs rows of `names`.
 *
 * Numbers for all names go straight into the channel, with no object and no list on the way. Every
 * other call (another type, too few or too many values, an invalid step, a full buffer) goes through
 * {@link RecorderDoor.boundRow}, which checks it like any row.
 */
export function recorderOf(names: readonly string[], parts: RecorderParts): AnyRecorder {
  const { intake, channel, clock, limit, taps, late, after } = parts;
  const bound: BoundMetrics = { names, shape: null };
  const count = names.length;

  /** True if a row of numbers may be written at the channel's position; makes room in its chunk. */
  const isReady = (step: unknown): boolean => {
    const { shape } = bound;
    if (shape === null || !shape.isCurrent || channel.bufferedBytes > limit || !intake.isOpen) return false;
    if (!Number.isSafeInteger(step) && step !== null && step !== undefined) return false;
    if (!channel.fits(shape.bytes)) channel.advance(shape.bytes);
    return true;
  };

  /** Commits the row whose numbers have been written. */
  const commit = (given: unknown): void => {
    const { shape } = bound;
    if (shape === null) return;
    const step = typeof given === 'number' ? given : NaN;
    const { bytes } = shape;
    const { f64, i32 } = channel.arena;
    const at = channel.position >> 3;
    f64[at + 1] = step;
    f64[at + 2] = clock.read();
    i32[at * 2] = bytes;
    i32[at * 2 + 1] = shape.tag;
    channel.rows++;
    channel.commit(bytes);
    if (step > intake.lastStep) intake.lastStep = step;
    intake.wakeWriter();
    if (taps.observed) intake.notify(shape);
    after?.();
  };

  const carefully = (step: unknown, values: ArrayLike<unknown>, given = values.length): void => {
    if (intake.isOpen) intake.boundRow(bound, values, step as Step | null | undefined, given);
    else late();
    after?.();
  };

  const array = (step: unknown, values: Float64Array): void => {
    if (values.length !== count || !isReady(step)) {
      carefully(step, values);
      return;
    }
    const { f64 } = channel.arena;
    const slot = (channel.position >> 3) + 3;
    if (count > COPIED && isAsLong(values, count)) f64.set(values, slot);
    else for (let at = 0; at < count; at++) f64[slot + at] = values[at] ?? NaN;
    commit(step);
  };

  if (count > FEW)
    return (step, ...values) => {
      const first = values[0];
      if (values.length === 1 && isDoubles(first)) array(step, first);
      else if (values.length !== count || !isReady(step)) carefully(step, values);
      else {
        const { f64 } = channel.arena;
        const slot = (channel.position >> 3) + 3;
        for (let at = 0; at < count; at++) {
          const value = values[at];
          if (typeof value !== 'number') {
            carefully(step, values);
            return;
          }
          f64[slot + at] = value;
        }
        commit(step);
      }
    };

  // `arguments.length` alone costs nothing; a list of the values would be made at each call.
  return function few(step?: unknown, a?: unknown, b?: unknown, c?: unknown, d?: unknown) {
    if (
      arguments.length === count + 1 &&
      typeof a === 'number' &&
      (count < 2 || typeof b === 'number') &&
      (count < 3 || typeof c === 'number') &&
      (count < 4 || typeof d === 'number') &&
      isReady(step)
    ) {
      const { f64 } = channel.arena;
      const slot = (channel.position >> 3) + 3;
      f64[slot] = a;
      if (count > 1) f64[slot + 1] = b as number;
      if (count > 2) f64[slot + 2] = c as number;
      if (count > 3) f64[slot + 3] = d as number;
      commit(step);
    } else if (arguments.length === 2 && isDoubles(a)) array(step, a);
    else carefully(step, [a, b, c, d].slice(0, count), arguments.length - 1);
  };
}

/**
 * True if an array is that long whatever its properties say, and no other thread can make it longer: a
 * copy must not end beyond its row.
 */
const isAsLong = (values: Float64Array, count: number): boolean =>
  LENGTH?.get?.call(values) === count && !(BUFFER?.get?.call(values) instanceof SharedArrayBuffer);

/** False for a Proxy, whose elements may be anything. */
const isDoubles = (value: unknown): value is Float64Array =>
  ArrayBuffer.isView(value) && value instanceof Float64Array;
