import type { ChunkPool } from '../channel/chunk-pool.js';
import { ChannelWriter } from '../channel/channel-writer.js';
import { CHUNK_BYTES, RecordKind, type ValueKind, WireWord } from '../channel/layout.js';
import { type Rejection, RowEncoder } from '../channel/row-encoder.js';
import { ExpmanError, describeType } from '../model/errors.js';
import type { ResolvedOptions } from '../model/experiment-config.js';
import { encodeParams, sanitiseParams } from '../model/params.js';
import type { Mapping } from '../storage/run-record.js';
import { formatLogLine } from './log-line.js';
import { KindWatch } from './kind-watch.js';
import { RowClock } from './row-clock.js';

const MICROS = 1000;
const MAX_WARNINGS = 1000;
const RESERVED_COLUMNS: ReadonlySet<string> = new Set(['step', 'timestamp']);

/** What a {@link RowIntake} needs of its surroundings. */
export interface RowIntakeOptions {
  readonly pool: ChunkPool;
  readonly wire: Int32Array;
  readonly options: ResolvedOptions;
  /** Makes a writer whose poll has backed off look again. */
  readonly wake: () => void;
  /** Stands still until `done`, or until it cannot come true. */
  readonly waitFor: (done: () => boolean) => void;
  /** What run.yaml says of the metrics of a run that is taken up again. */
  readonly metricsBefore?: Mapping;
  /** Something was left out or dropped. */
  readonly onLoss: () => void;
}

/**
 * The caller's end of a run: checks what is logged, keeps to `maxBufferedBytes`, and writes it into the channel.
 *
 * Whatever is wrong with a row is counted and told once for each metric in run.log; the rest of the row is kept.
 */
export class RowIntake {
  readonly channel: ChannelWriter;
  private readonly encoder: RowEncoder;
  private readonly clock: RowClock;
  /** The channel's half of `maxBufferedBytes`; the other half is for rows the writer has taken and not yet batched. */
  private readonly limit: number;
  private readonly warned = new Set<string>();
  private rejected: Rejection | null = null;
  private readonly kinds: KindWatch;

  constructor(private readonly run: RowIntakeOptions) {
    const { pool, wire, options } = run;
    this.channel = new ChannelWriter(pool);
    this.clock = new RowClock(wire);
    this.kinds = new KindWatch(run.metricsBefore ?? {});
    this.limit = Math.max(2 * CHUNK_BYTES, options.maxBufferedBytes / 2);
    this.encoder = new RowEncoder(this.channel, {
      maxMetrics: options.maxMetrics,
      onRejection: (rejection) => this.reject(rejection),
      onMetric: (metric) => this.noteMetric(metric),
      onKind: (metric, kind) => this.noteKind(metric, kind),
    });
  }

  /**
   * Takes one row; false when it was not taken, and then it is counted as dropped or invalid.
   *
   * @throws ExpmanError `BACKPRESSURE` or `INVALID_VALUE`, where the options ask for it
   */
  row(values: unknown, step?: number | null, timestamp?: number): boolean {
    if (this.channel.bufferedBytes > this.limit && !this.makeRoom('throw')) return false;
    const stamp = timestamp === undefined ? this.clock.read() : this.stampOf(timestamp);
    const number = Number.isSafeInteger(step) ? (step as number) : this.stepOf(step);
    const taken = isObject(values);
    if (taken) this.encoder.write(values, number, stamp);
    else
      this.reject({
        metric: 'row',
        reason: `values must be an object, not ${describeType(values)}`,
        value: values,
      });
    if (Atomics.load(this.run.wire, WireWord.sleeping) === 1) this.run.wake();
    if (this.rejected !== null) this.throwRejected();
    return taken;
  }

  /** Takes a record of text: a line, parameters, a fact, the end. */
  text(kind: RecordKind, text: string): void {
    if (kind !== RecordKind.close && this.channel.bufferedBytes > this.limit && !this.makeRoom('drop'))
      return;
    this.channel.text(kind, 0, Buffer.from(text, 'utf8'));
    if (Atomics.load(this.run.wire, WireWord.sleeping) === 1) this.run.wake();
  }

  /** Takes parameters; what no YAML can hold is left out and told in run.log. */
  params(params: Readonly<Record<string, unknown>>): void {
    const { params: plain, rejected, droppedCount } = sanitiseParams(params);
    this.text(RecordKind.params, encodeParams(plain));
    for (const { path, reason } of rejected)
      this.warn(`param ${path}`, `parameter ${JSON.stringify(path)} was left out: ${reason}`, {
        parameter: path,
      });
    if (droppedCount > rejected.length)
      this.warn('params', 'more parameters were left out', { count: droppedCount });
  }

  /** Writes a warning into run.log, once for each subject. */
  warn(subject: string, message: string, meta: Readonly<Record<string, unknown>>): void {
    if (this.warned.size >= MAX_WARNINGS || this.warned.has(subject)) return;
    this.warned.add(subject);
    this.text(RecordKind.log, formatLogLine('warn', message, meta, Date.now()));
  }

  /** Counts a value, step or row that is of no loggable type. */
  reject(rejection: Rejection): void {
    const { metric, reason } = rejection;
    this.warn(`invalid ${metric}`, `${quoted(metric)} was left out: ${reason}`, {
      metric,
      type: describeType(rejection.value),
    });
    if (this.run.options.onInvalid === 'throw') this.rejected ??= rejection;
    this.countInvalid(1);
  }

  /** Counts values that were left out, and told, already. */
  countInvalid(values: number): void {
    this.channel.control.invalid += values;
    this.run.onLoss();
  }

  /**
   * The same of what is no row and has its error already.
   *
   * @throws ExpmanError the error, with `onInvalid: 'throw'`
   */
  refuse(metric: string, error: ExpmanError): void {
    const waiting = this.rejected;
    this.reject({ metric, reason: error.message, value: error.value });
    this.rejected = waiting;
    if (this.run.options.onInvalid === 'throw') throw error;
  }

  /**
   * True when there is room now. In the way `'block'` this thread waits for it, unless the disk refuses the rows:
   * a training loop must not hang on a full disk.
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
      // A writer on this very thread gets no further before the event loop turns: the limit gives way, not the row.
      if (!stuck()) return true;
    }
    if (roomy()) return true;
    control.dropped++;
    this.run.onLoss();
    if (backpressure === 'throw' && otherwise === 'throw') {
      const facts = { option: 'maxBufferedBytes', value: maxBufferedBytes, count: control.dropped };
      throw new ExpmanError(
        'BACKPRESSURE',
        `maxBufferedBytes (${maxBufferedBytes}) is reached: the row was not taken`,
        facts,
      );
    }
    return false;
  }

  private stepOf(step: unknown): number {
    if (step !== undefined && step !== null)
      this.reject({ metric: 'step', reason: 'a step must be a safe integer', value: step });
    return NaN;
  }

  private stampOf(timestamp: unknown): number {
    const micros = typeof timestamp === 'number' ? Math.round(timestamp * MICROS) : NaN;
    if (Number.isSafeInteger(micros)) return micros;
    this.reject({
      metric: 'timestamp',
      reason: 'a timestamp must be milliseconds since the epoch',
      value: timestamp,
    });
    return this.clock.read();
  }

  private noteMetric(metric: string): void {
    if (RESERVED_COLUMNS.has(metric))
      this.warn(
        `reserved ${metric}`,
        `the column of metric ${quoted(metric)} bears a suffix: the name is taken`,
        { metric },
      );
  }

  private noteKind(metric: string, kind: ValueKind): void {
    const change = this.kinds.changeTo(metric, kind);
    if (change !== null)
      this.warn(
        `kind ${metric}`,
        `metric ${quoted(metric)} was logged as a ${change.from}, and now as a ${change.to}: its column holds both; figures and curves are of its numbers and booleans`,
        { metric, ...change },
      );
  }

  private throwRejected(): void {
    const { metric = '', reason = '', value } = this.rejected ?? {};
    this.rejected = null;
    throw new ExpmanError('INVALID_VALUE', `${quoted(metric)}: ${reason}`, {
      option: metric,
      rule: reason,
      value,
      type: describeType(value),
    });
  }
}

const isObject = (values: unknown): values is Readonly<Record<string, unknown>> =>
  typeof values === 'object' && values !== null;

const quoted = (name: string): string => JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
