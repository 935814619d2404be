import type { ChunkPool } from '../../channel/chunk-pool.js';
import { ChannelWriter } from '../../channel/channel-writer.js';
import { CHUNK_BYTES, RecordKind, WireWord } from '../../channel/chunk-layout.js';
import { type BoundMetrics, RowEncoder } from '../../channel/row-encoder.js';
import type { Shape } from '../../channel/shape-table.js';
import { ExpmanError, describeType, messageOf, stringOf } from '../../model/errors.js';
import type { ResolvedOptions } from '../../model/experiment-config.js';
import type { MetricRow } from '../../model/metric.js';
import { encodeParams, sanitiseParams } from '../../model/params.js';
import { type Step, parseStep, stepRule } from '../../model/step.js';
import type { Mapping } from '../../run/run-record.js';
import { formatLogLine } from '../../run/log-line.js';
import { type AnyRecorder, type RecorderDoor, type RecorderParts, recorderOf } from './recorder.js';
import { RowClock } from './row-clock.js';
import { RowRefusals } from './row-refusals.js';
import type { WarningKind, WriteWarning } from '../run-warnings.js';

const MICROS = 1000;

/** Observers of the rows accepted by a run. */
export interface RowTaps {
  readonly observed: boolean;
  notify(row: MetricRow): void;
}

/** The options of a {@link RowIntake}. */
export interface RowIntakeOptions {
  readonly pool: ChunkPool;
  readonly wire: Int32Array;
  readonly options: ResolvedOptions;
  readonly taps: RowTaps;
  /** Wakes a writer whose poll has backed off. */
  readonly wake: () => void;
  /** Blocks until `done`, or until that is no longer possible. */
  readonly waitFor: (done: () => boolean) => void;
  /** The metrics in the run.yaml of a resumed run. */
  readonly metricsBefore?: Mapping;
  /** Called when something was left out or dropped. */
  readonly onLoss: () => void;
}

/**
 * The caller's end of a run: checks logged data, enforces `maxBufferedBytes`, and writes into the
 * channel.
 *
 * Every invalid part of a row is counted, and reported once for each metric in run.log; the rest of
 * the row is kept. Taps get the row as it was written, never the caller's object.
 */
export class RowIntake implements RecorderDoor {
  readonly channel: ChannelWriter;
  /**
   * False once the run accepts nothing more from its caller; checked by its public methods, while
   * the run itself may still write.
   */
  isOpen = true;
  private readonly encoder: RowEncoder;
  private readonly clock: RowClock;
  /**
   * The channel's half of `maxBufferedBytes`; the other half is for rows that the writer has taken
   * but not yet batched.
   */
  private readonly limit: number;
  private readonly refusals: RowRefusals;
  /** The greatest step of the accepted rows; -Infinity until one has a step. */
  lastStep: Step = -Infinity;
  private readonly endings: (() => void)[] = [];
  /** The writer's heartbeat when a row last looked if it sleeps. */
  private lookedAtBeat = 0;

  constructor(private readonly run: RowIntakeOptions) {
    const { pool, wire, options } = run;
    this.channel = new ChannelWriter(pool);
    this.clock = new RowClock(wire);
    this.limit = Math.max(2 * CHUNK_BYTES, options.maxBufferedBytes / 2);
    const refusals = new RowRefusals({
      options,
      control: this.channel.control,
      write: (message, meta) => this.text(RecordKind.log, warningLine(message, meta)),
      onLoss: run.onLoss,
      metricsBefore: run.metricsBefore ?? {},
    });
    this.refusals = refusals;
    this.encoder = new RowEncoder(this.channel, {
      maxMetrics: options.maxMetrics,
      onRejection: (rejection) => refusals.value(rejection),
      onExcess: (metrics) => refusals.excess(metrics),
      onMetric: (metric) => refusals.noteMetric(metric),
      onKind: (metric, kind) => refusals.noteKind(metric, kind),
    });
  }

  /**
   * Accepts one row. A row that is not accepted is counted as dropped or invalid.
   *
   * @param stamped - true if the caller gave the timestamp, rather than the clock of another thread
   * @throws ExpmanError `BACKPRESSURE` or `INVALID_VALUE`, if the options request it
   */
  row(values: unknown, step?: Step | null, timestamp?: number, stamped = true): void {
    if (this.channel.bufferedBytes > this.limit && !this.makeRoom('throw')) return;
    const given = timestamp === undefined ? undefined : this.stampOf(timestamp);
    const counter = Number.isSafeInteger(step) ? (step as number) : this.stepOf(step);
    let taken: MetricRow | null = null;
    if (isObject(values)) {
      const stamp = given ?? this.clock.read();
      const isStamped = stamped && given !== undefined;
      if (this.run.taps.observed) taken = this.encoder.writeAndCopy(values, counter, stamp, isStamped);
      else this.encoder.write(values, counter, stamp, isStamped);
      if (counter > this.lastStep) this.lastStep = counter;
    } else this.refusals.part('row', `values must be an object, not ${describeType(values)}`, values);
    this.wakeWriter();
    if (taken !== null || this.refusals.waiting) this.conclude(taken);
  }

  /** Accepts a row given as one unchecked object. @throws ExpmanError as {@link row} */
  rowObject(row: unknown): void {
    if (!isObject(row)) {
      this.refusals.part('row', 'a row must be an object with values', row);
      this.conclude(null);
      return;
    }
    let parts: Readonly<Record<'values' | 'step' | 'timestamp', unknown>>;
    try {
      const { values, step, timestamp } = row;
      parts = { values, step, timestamp };
    } catch (error) {
      this.refusals.part('row', `a getter of the row threw ${stringOf(error)}`, undefined);
      this.conclude(null);
      return;
    }
    this.row(parts.values, parts.step as Step | null | undefined, parts.timestamp as number | undefined);
  }

  /** Makes a recorder of checked names; `calls` says what it does besides. */
  recorder(names: readonly string[], calls: Pick<RecorderParts, 'late' | 'after'>): AnyRecorder {
    const { channel, clock, limit, run } = this;
    return recorderOf(names, { intake: this, channel, clock, limit, taps: run.taps, ...calls });
  }

  /**
   * Accepts one row of a recorder, as unchecked values; `given` is their number, of which those
   * beyond its names are refused.
   *
   * @throws ExpmanError as {@link row}
   */
  boundRow(
    bound: BoundMetrics,
    values: ArrayLike<unknown>,
    step: Step | null | undefined,
    given: number,
  ): void {
    if (this.channel.bufferedBytes > this.limit && !this.makeRoom('throw')) return;
    const counter = Number.isSafeInteger(step) ? (step as number) : this.stepOf(step);
    this.encoder.writeBound(bound, values, counter, this.clock.read());
    if (counter > this.lastStep) this.lastStep = counter;
    if (given > bound.names.length) this.refusals.surplus(bound.names, given);
    const taken = this.run.taps.observed ? this.encoder.written() : null;
    this.wakeWriter();
    if (taken !== null || this.refusals.waiting) this.conclude(taken);
  }

  /** Passes the row of that shape, which was written last, on to the taps. */
  notify(shape: Shape): void {
    this.run.taps.notify(this.encoder.written(shape));
  }

  /**
   * Wakes a writer whose poll has backed off, after a row.
   *
   * `Atomics.load` is a call of 8 ns, so one look serves all rows of a beat: between finding the row
   * that looked and falling asleep, a writer beats some fifty times. Without a beating writer, each
   * row looks.
   */
  wakeWriter(): void {
    const { wire } = this.run;
    const beat = wire[WireWord.heartbeat] ?? 0;
    if (beat === this.lookedAtBeat && beat !== 0) return;
    this.lookedAtBeat = beat;
    if (Atomics.load(wire, WireWord.sleeping) === 1) this.run.wake();
  }

  /** Stops accepting data from the caller, because the run begins to close. */
  shut(): void {
    this.isOpen = false;
  }

  /** Writes a line of run.log. */
  line(level: string, message: string): void {
    this.text(RecordKind.log, formatLogLine(level, message, {}, Date.now()));
  }

  /** Writes a record of text: a line, parameters, a fact, the end. */
  text(kind: RecordKind, text: string): void {
    if (kind !== RecordKind.close && this.channel.bufferedBytes > this.limit && !this.makeRoom('drop'))
      return;
    this.put(kind, text);
  }

  /** Calls `last` before the end of the run is written. */
  atEnd(last: () => void): void {
    this.endings.push(last);
  }

  /** Writes the end of the run, after what waited for it. */
  end(ending: string): void {
    this.finishWarnings();
    this.text(RecordKind.close, ending);
  }

  /**
   * Writes the counts and warnings that waited for the end; they are few, and an exit must not wait for room.
   */
  finishWarnings(): void {
    for (const last of this.endings) last();
    this.refusals.finish((message, meta) => this.put(RecordKind.log, warningLine(message, meta)));
  }

  /**
   * Accepts parameters; values that YAML cannot hold are left out, counted and reported in run.log.
   */
  params(params: object): void {
    const { params: plain, rejected, droppedCount } = sanitiseParams(params);
    this.text(RecordKind.params, encodeParams(plain));
    for (const { path, reason } of rejected)
      this.warn('parameter', path, `parameter ${JSON.stringify(path)} was left out: ${reason}`, {
        parameter: path,
      });
    const more = droppedCount - rejected.length;
    if (more > 0)
      this.warn('parameter', `+${more}`, `${more} more parameters were left out`, { count: more });
    if (droppedCount > 0) this.countInvalid(droppedCount);
  }

  /** Writes a warning into run.log, once for each subject. */
  warn(
    kind: WarningKind,
    subject: string,
    message: string,
    meta: Readonly<Record<string, unknown>> = {},
  ): void {
    this.refusals.warn(kind, subject, message, meta);
  }

  /** Writes a warning about a tap that threw into run.log. */
  warnOfTap(error: unknown): void {
    const message = messageOf(error);
    this.warn('tap', message, `a tap threw: ${message}`, { error });
  }

  /** Counts values whose omission is already reported. */
  countInvalid(values: number): void {
    this.refusals.count(values);
  }

  /**
   * Counts and reports a value that is not part of a row and already has its error.
   *
   * @throws {@link ExpmanError} the error, with `onInvalid: 'throw'`
   */
  refuse(metric: string, error: ExpmanError): void {
    this.refusals.refuse(metric, error);
  }

  private put(kind: RecordKind, text: string): void {
    this.channel.text(kind, 0, Buffer.from(text, 'utf8'));
    if (Atomics.load(this.run.wire, WireWord.sleeping) === 1) this.run.wake();
  }

  /**
   * Passes a row on to the taps; then throws the error of a refused part, if the options request
   * it.
   */
  private conclude(taken: MetricRow | null): void {
    const error = this.refusals.takeError();
    if (taken !== null) this.run.taps.notify(taken);
    if (error !== null) throw error;
  }

  /**
   * Makes room; true if there is any. With `'block'` this thread waits for it, unless the disk
   * refuses the rows: a training loop must not hang on a full disk.
   */
  private makeRoom(otherwise: 'throw' | 'drop'): boolean {
    const { channel, limit } = this;
    const { backpressure, maxBufferedBytes } = this.run.options;
    const roomy = (): boolean => {
      channel.reclaim();
      return channel.bufferedBytes <= limit;
    };
    if (roomy()) return true;
    this.run.wake();
    const { control } = channel;
    const stuck = (): boolean => control.stuck;
    if (backpressure === 'block' && !stuck()) {
      this.run.waitFor(() => roomy() || stuck());
      // A writer on this same thread cannot continue before the event loop turns: the limit is
      // exceeded rather than the row dropped.
      if (!stuck()) return true;
    }
    if (roomy()) return true;
    control.dropped++;
    this.run.onLoss();
    if (backpressure === 'throw' && otherwise === 'throw') {
      const facts = { option: 'maxBufferedBytes', value: maxBufferedBytes, count: control.dropped };
      throw new ExpmanError(
        'BACKPRESSURE',
        `maxBufferedBytes (${maxBufferedBytes}) is reached: the row was dropped; log more slowly, or raise maxBufferedBytes`,
        facts,
      );
    }
    return false;
  }

  private stepOf(given: unknown): Step {
    if (given === undefined || given === null) return NaN;
    const step = parseStep(given);
    if (step === undefined) this.refusals.part('step', stepRule(given), given);
    return step ?? NaN;
  }

  /**
   * The caller's timestamp in microseconds; undefined for a refused one, which the clock's
   * replaces.
   */
  private stampOf(timestamp: unknown): number | undefined {
    const micros = typeof timestamp === 'number' ? Math.round(timestamp * MICROS) : NaN;
    if (Number.isSafeInteger(micros)) return micros;
    this.refusals.part('timestamp', 'a timestamp must be milliseconds since the epoch', timestamp);
    return undefined;
  }
}

const warningLine: (...warning: Parameters<WriteWarning>) => string = (message, meta) =>
  formatLogLine('warn', message, meta, Date.now());

const isObject = (values: unknown): values is Readonly<Record<string, unknown>> =>
  typeof values === 'object' && values !== null;
