import { join } from 'node:path';
import { describeType, ExpmanError } from '../../model/errors.js';
import { milliseconds, resolvePath, string } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { sanitiseParams } from '../../model/params.js';
import { RunStatus } from '../../model/run-status.js';
import { type Step, parseStep } from '../../model/step.js';
import { EventFileWriter } from './event-file-writer.js';
import { hparamsValue, imageValue, summaryEvent } from './event-writing.js';
import { type HistogramCounts, histogramOf } from './histogram-tensor.js';
import { experimentData, flatHparams, sessionEndData, sessionStartData } from './hparams.js';
import { pngImage } from './png.js';
import { SummaryEncoder } from './summary-encoder.js';

/** Options of {@link SummaryWriter}. */
export interface SummaryWriterOptions {
  /** The longest time in milliseconds that a value waits in memory; default 1,000. */
  readonly flushIntervalMs?: number | undefined;
  /** Appended to the name of the event file. */
  readonly filenameSuffix?: string | undefined;
}

const OPTIONS = optionsTable<SummaryWriterOptions>()({
  flushIntervalMs: milliseconds().byDefault(1000),
  filenameSuffix: string().byDefault(''),
});
const BUCKETS = 30;

/**
 * Writes TensorBoard's event files like the class of this name in PyTorch and tensorboardX, with
 * JavaScript's naming.
 *
 * A call returns once its event is in memory; events are written every `flushIntervalMs`, when 64
 * kB wait, on `flush` and `close`, and when the process exits. A disk that refuses them only causes
 * errors in `flush` and `close`; meanwhile up to 16 MiB wait, and further events are dropped. After
 * `close` a call does nothing. TensorBoard shows numbers as float32; our importer reads the exact
 * ones. Steps are integers, beyond 2^53 bigints, default 0; times are seconds since the epoch,
 * default now.
 *
 * Not supported: graphs, embeddings, meshes, PR curves, audio, video.
 *
 * @throws {@link ExpmanError} `IO`, from the constructor, if the folder or file cannot be created
 * @example
 * const writer = new SummaryWriter('runs/lr-1e-3');
 * for (let step = 0; step < 100; step++) writer.addScalar('loss', 1 / (step + 1), step);
 * writer.close();
 */
export class SummaryWriter implements Disposable {
  /** The folder for `tensorboard --logdir`, absolute. */
  readonly logDir: string;
  private readonly file: EventFileWriter;
  private readonly encoder = new SummaryEncoder();
  private readonly others = new Map<string, SummaryWriter>();
  private closed = false;

  constructor(
    logDir: string,
    private readonly options: SummaryWriterOptions = {},
  ) {
    const { flushIntervalMs, filenameSuffix } = OPTIONS.resolve(options);
    this.logDir = resolvePath('logDir', logDir);
    const suffix = filenameSuffix.replace(/[\\/\0]/g, '_');
    this.file = new EventFileWriter(this.logDir, { flushIntervalMs, suffix });
  }

  /**
   * Adds a number to a curve; a bigint becomes the nearest double, a boolean 1 or 0.
   *
   * @throws {@link ExpmanError} `INVALID_VALUE` for any other value, and for a step that is not a
   * 64-bit integer
   */
  addScalar(tag: string, value: number | bigint | boolean, step?: Step, wallTime?: number): void {
    if (!['number', 'bigint', 'boolean'].includes(typeof value))
      throw invalid('INVALID_VALUE', tag, 'a number, bigint or boolean', value);
    this.add([this.encoder.value(tag, value)], step, wallTime);
  }

  /**
   * Adds several numbers that TensorBoard shows in one chart: each gets its own writer in a folder
   * beside this file.
   *
   * @throws {@link ExpmanError} as {@link addScalar}, and `IO` for a folder that cannot be created
   */
  addScalars(
    mainTag: string,
    values: Readonly<Record<string, number | bigint | boolean>>,
    step?: Step,
    wallTime?: number,
  ): void {
    if (this.closed) return;
    checkObject(mainTag, values);
    for (const [name, value] of Object.entries(values))
      this.other(`${mainTag}_${name}`).addScalar(mainTag, value, step, wallTime);
  }

  /**
   * Adds the distribution of some numbers, counted in 30 buckets between the smallest and the
   * largest, or an existing histogram. Numbers that are not finite are left out; if there are no
   * others, nothing is added.
   *
   * @throws {@link ExpmanError} `INVALID_VALUE` if there is not exactly one more edge than counts,
   * and for a step as above
   */
  addHistogram(
    tag: string,
    values: ArrayLike<number> | HistogramCounts,
    step?: Step,
    wallTime?: number,
  ): void {
    checkObject(tag, values);
    const histogram = 'edges' in values ? values : histogramOf(values, BUCKETS);
    if (histogram === null) return;
    if (histogram.edges.length !== histogram.counts.length + 1)
      throw invalid('INVALID_VALUE', tag, 'a histogram with one more edge than counts', values);
    this.add([this.encoder.histogram(tag, histogram)], step, wallTime);
  }

  /**
   * Adds a text; TensorBoard shows it as Markdown.
   *
   * @throws {@link ExpmanError} `INVALID_VALUE` for a step as above
   */
  addText(tag: string, text: string, step?: Step, wallTime?: number): void {
    if (typeof text !== 'string') throw invalid('INVALID_VALUE', tag, 'a string', text);
    this.add([this.encoder.text(tag, text)], step, wallTime);
  }

  /**
   * Adds an image.
   *
   * @param png - the bytes of a PNG file
   * @throws {@link ExpmanError} `INVALID_VALUE` if it is not a PNG, and for a step as above
   */
  addImage(tag: string, png: Uint8Array, step?: Step, wallTime?: number): void {
    this.add([imageValue(tag, pngImage(png))], step, wallTime);
  }

  /**
   * Adds a line to TensorBoard's table of parameters and results, as a separate run in a folder
   * beside this file.
   *
   * Nested parameters get flat names (`optimizer.lr`); values of secret-looking names are redacted.
   *
   * @param runName - the folder's name; by default the time in seconds
   * @throws {@link ExpmanError} as {@link addScalars}
   */
  addHparams(
    hparams: Readonly<Record<string, unknown>>,
    metrics: Readonly<Record<string, number | bigint | boolean>>,
    runName = String(Date.now() / 1000),
  ): void {
    if (this.closed) return;
    checkObject('hparams', hparams);
    checkObject('metrics', metrics);
    const writer = this.other(runName);
    const flat = flatHparams(sanitiseParams(hparams).params);
    const now = Date.now() / 1000;
    writer.add([
      hparamsValue('experiment', experimentData('', now, flat, Object.keys(metrics))),
      hparamsValue('start', sessionStartData(flat, null, now)),
      hparamsValue('end', sessionEndData(RunStatus.Finished, now)),
    ]);
    for (const [tag, value] of Object.entries(metrics)) writer.addScalar(tag, value);
  }

  /**
   * Writes waiting events.
   *
   * @throws {@link ExpmanError} `IO` if the file system refuses, and `WRITE_FAILED` if events were
   * dropped because of that; `count` is their number
   */
  flush(): void {
    for (const writer of this.others.values()) writer.flush();
    this.file.flush();
  }

  /**
   * Writes waiting events and closes the files; may be called again.
   *
   * @throws {@link ExpmanError} as {@link flush}
   */
  close(): void {
    this.closed = true;
    const failures: unknown[] = [];
    for (const file of [...this.others.values(), this.file]) {
      try {
        file.close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Closes the writer at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  private add(values: readonly Uint8Array[], given: Step = 0, wallTime = Date.now() / 1000): void {
    const step = parseStep(given);
    if (step === undefined)
      throw invalid('INVALID_VALUE', 'step', 'an integer, beyond 2^53 a bigint of 64 bits', given);
    if (!Number.isFinite(wallTime))
      throw invalid('INVALID_VALUE', 'wallTime', 'seconds since the epoch', wallTime);
    this.file.append(summaryEvent(wallTime, step, values));
  }

  /** Returns the writer of a run in a folder beside this file; its name cannot lead elsewhere. */
  private other(name: string): SummaryWriter {
    const folder = name.replace(/[\\/\0]/g, '_').replace(/^\.+$/, '_');
    let writer = this.others.get(folder);
    if (writer === undefined) {
      writer = new SummaryWriter(join(this.logDir, folder), this.options);
      this.others.set(folder, writer);
    }
    return writer;
  }
}

function checkObject(name: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null)
    throw invalid('INVALID_VALUE', name, 'an object or an array', value);
}

function invalid(
  code: 'INVALID_OPTION' | 'INVALID_VALUE',
  option: string,
  rule: string,
  value: unknown,
): ExpmanError {
  const type = describeType(value);
  return new ExpmanError(code, `${option} must be ${rule}; got ${type}`, { option, rule, value, type });
}
