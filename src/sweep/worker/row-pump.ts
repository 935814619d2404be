import { ChannelReader } from '../../channel/channel-reader.js';
import { Arena, ArenaTable } from '../../channel/chunk-pool.js';
import { RecordKind, WireWord } from '../../channel/chunk-layout.js';
import { RecordDictionary, type SplitRecords, splitRecords } from '../../channel/records.js';
import { RunControl } from '../../channel/run-control.js';
import { parseLogLine } from '../../run/log-line.js';
import type { LoggingEngine } from '../../engine/logging-engine.js';
import { warnOfLateCall } from '../../engine/process/process-warnings.js';
import { intakeOf } from '../../engine/rows/forwarded-rows.js';
import type { RowIntake } from '../../engine/rows/row-intake.js';
import { infoOfLine } from '../../engine/run-logger.js';
import { alertFactsIn } from '../../model/alerts.js';
import { attempt } from '../../model/attempt.js';
import type { MetricRow } from '../../model/metric.js';
import { decodeParams } from '../../model/params.js';
import { eachRow } from './each-row.js';

/** The bytes that a trial's channel holds before the trial has to wait. */
export const CHANNEL_BYTES = 4 * 1024 * 1024;
/** Bytes for some 2 ms of rows; between slices the event loop turns. */
const SLICE_BYTES = 128 * 1024;

/**
 * Logs the rows that another thread has put into its channel into the run, in order.
 *
 * The contents of the channel survive that thread. They are acknowledged once the run has them, and
 * the thread waits while {@link CHANNEL_BYTES} are not.
 */
export class RowPump {
  private readonly arenas = new ArenaTable();
  private readonly dictionary = new RecordDictionary();
  private channel: { readonly control: RunControl; readonly reader: ChannelReader } | null = null;
  private readonly intake: RowIntake;
  private again: NodeJS.Immediate | undefined;
  private seq = 0;
  private rows = 0;
  private invalid = 0;

  constructor(
    private readonly run: LoggingEngine,
    private readonly wire: Int32Array,
  ) {
    this.intake = intakeOf(run);
  }

  addArena(id: number, memory: SharedArrayBuffer): void {
    this.arenas.add(new Arena(id, memory));
    this.pump();
  }

  open(memory: SharedArrayBuffer): void {
    const control = new RunControl(memory);
    this.channel = { control, reader: new ChannelReader(control, this.arenas) };
    this.pump();
  }

  /**
   * Reads the channel, a slice in each turn of the event loop, until it is empty; after that the
   * other thread has to wake it.
   */
  pump(): void {
    if (this.again !== undefined) return;
    if (!this.pumpSlice()) {
      Atomics.store(this.wire, WireWord.sleeping, 1);
      // Rows that arrived in between did not wake it, as it was not asleep yet.
      if (!this.pumpSlice()) return;
      Atomics.store(this.wire, WireWord.sleeping, 0);
    }
    this.again = setImmediate(() => {
      this.again = undefined;
      this.pump();
    });
  }

  /**
   * Reads everything that was logged before the call; from a thread that keeps logging, no more
   * than its channel holds.
   */
  pumpLogged(): void {
    for (let slices = CHANNEL_BYTES / SLICE_BYTES; slices >= 0 && this.pumpSlice(); slices--);
  }

  /** Reads everything left by a thread that has ended. */
  pumpRest(): void {
    while (this.pumpSlice());
    clearImmediate(this.again);
  }

  private pumpSlice(): boolean {
    if (this.channel === null) return false;
    const { control, reader } = this.channel;
    const payload = reader.read(SLICE_BYTES, 0);
    if (payload === null) return false;
    const split = splitRecords(payload, { epoch: 0, seq: this.seq }, this.dictionary, Infinity);
    this.log(split);
    this.seq += split.records;
    this.rows += split.rows;
    reader.acknowledge(this.seq, this.rows);
    const { invalid } = control;
    if (this.intake.isOpen) this.intake.countInvalid(invalid - this.invalid);
    this.invalid = invalid;
    Atomics.add(this.wire, WireWord.acknowledged, 1);
    Atomics.notify(this.wire, WireWord.acknowledged);
    return true;
  }

  private log({ spans, lines, params, facts }: SplitRecords): void {
    const { run } = this;
    for (const text of params) run.logParams(decodeParams(text));
    for (const text of facts)
      if (this.intake.isOpen) this.forwardFact(text);
      else warnOfLateCall(run.runDir);
    for (const text of lines) {
      const line = parseLogLine(text);
      if (line !== undefined) run.logger.write(infoOfLine(line));
    }
    // Rows that the run refuses with an exception are counted by it.
    for (const span of spans) eachRow(span, (row) => attempt(() => this.forward(row, span.stamped)));
  }

  /** Logs a fact; an alert is raised here, because only the owner of the run can number and seal it. */
  private forwardFact(text: string): void {
    const fact = decodeParams(text);
    for (const { title, text: said, level } of alertFactsIn(fact).alerts)
      attempt(() => this.run.alert(title, { text: said, level }));
    if (fact['alerts'] === undefined) this.intake.text(RecordKind.fact, text);
  }

  /** Logs a row with its time from the other thread; `stamped` if the caller gave that time. */
  private forward({ values, step, timestamp }: Required<MetricRow>, stamped: boolean): void {
    if (this.intake.isOpen) this.intake.row(values, step, timestamp, stamped);
    else warnOfLateCall(this.run.runDir);
  }
}
