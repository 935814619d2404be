import { join } from 'node:path';
import { Observable, catchError, concatMap, defer, map, of } from 'rxjs';
import { bitmapBytes, setBit } from '../../columnar/bitmap.js';
import type { ColumnField } from '../../columnar/column.js';
import { type NamedColumn, recordBatchOf } from '../../columnar/record-batch.js';
import { RowGroupBatches, TIMESTAMP_FIELD } from '../../columnar/row-group.js';
import { ExpmanError } from '../../model/errors.js';
import type { Compression } from '../../model/experiment-options.js';
import { freeName } from '../../storage/atomic-file.js';
import { MetricsFile, SYSTEM_NAME } from '../../storage/metrics-file.js';
import { readFooter } from '../../storage/metrics-footer.js';
import type { RunPlace } from '../../storage/run-place.js';
import { inSlices } from '../paths/in-slices.js';
import type { Gate } from '../paths/publish-gate.js';
import type { SystemSample, SystemSampler } from './system-sampler.js';

/** The shortest time between two publishes, which a SIGKILL may cost. */
const PUBLISH_MS = 20_000;
/**
 * The rest after a publish as a multiple of its duration, so that a file of months takes little of
 * the writer's time.
 */
const REST_FACTOR = 100;
const SEAL_ROWS = 4_096;
/**
 * The most rows that wait for a disk that refuses them.
 *
 * @bound tells: run.log says that system.parquet cannot be written; specs/engine/system-metrics.spec.ts "that cannot be written are told once in run.log, and the run is as it would be without"
 */
const MOST_WAITING = 65_536;
const MICROS = 1_000n;

/** Options of a {@link SystemFile}. */
export interface SystemFileOptions {
  readonly place: RunPlace;
  readonly intervalMs: number;
  readonly compression: Compression;
  readonly sampler: SystemSampler;
  /** Runs publishes of all files one at a time. */
  readonly gate: Gate;
  /** Called before a rename; false when another owner has taken over. */
  readonly mayReplace: () => boolean;
  /** Called once if the file cannot be written. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * The `system.parquet` of one run: a row for each sample, a column for each figure, absent or
 * complete at every moment.
 *
 * Samples once at its construction, and then on a timer that does not keep the process alive. Failed
 * work is retried with a later sample and does not affect the run.
 */
export class SystemFile {
  private readonly file: MetricsFile;
  private readonly timer: NodeJS.Timeout;
  private fields: readonly ColumnField[] = [TIMESTAMP_FIELD];
  private samples: SystemSample[] = [];
  private group = new RowGroupBatches();
  private lastAt = NaN;
  private isLoaded = false;
  private isBusy = false;
  private isTold = false;
  private isPublished = true;
  private restsUntil = -Infinity;

  constructor(private readonly options: SystemFileOptions) {
    const { place, sampler, intervalMs } = options;
    const { fs, folder, files } = place;
    this.file = new MetricsFile(fs, folder, files, SYSTEM_NAME);
    this.add(sampler.begin(intervalMs));
    this.timer = setInterval(() => this.tick(), intervalMs).unref();
  }

  /**
   * Emits the values of `done$` once all samples until then are in the file, or cannot be written.
   */
  endAfter<T>(done$: Observable<T>): Observable<T> {
    return done$.pipe(
      concatMap((outcome) => {
        clearInterval(this.timer);
        this.sample();
        return this.publish(true).pipe(map(() => outcome));
      }),
    );
  }

  /** Stops sampling and closes the open files. */
  leave(): void {
    clearInterval(this.timer);
    this.file.leave();
  }

  private tick(): void {
    this.sample();
    if (this.isBusy || performance.now() < this.restsUntil) return;
    this.publish(false).subscribe();
  }

  private sample(): void {
    if (this.samples.length + this.group.rows >= MOST_WAITING) return;
    this.add(this.options.sampler.sample(this.options.intervalMs));
  }

  private add(sample: SystemSample): void {
    // At the end, the last sample may have been taken a moment ago.
    if (sample.at === this.lastAt) return;
    this.lastAt = sample.at;
    this.samples.push(sample);
    this.isPublished = false;
  }

  private publish(final: boolean): Observable<void> {
    this.isBusy = true;
    return this.options.gate(
      defer(() => {
        const startedAt = performance.now();
        const publishing$ = this.isPublished ? of(undefined) : inSlices(() => this.publishing(final));
        return publishing$.pipe(
          catchError((error: unknown) => {
            this.failed(error);
            return of(undefined);
          }),
          map(() => {
            const now = performance.now();
            this.restsUntil = now + Math.max(PUBLISH_MS, REST_FACTOR * (now - startedAt));
            this.isBusy = false;
          }),
        );
      }),
    );
  }

  private *publishing(final: boolean): Generator<void, void> {
    const { compression, mayReplace, place } = this.options;
    if (!this.isLoaded) this.load();
    this.isPublished = true;
    try {
      this.toBatch();
      if (this.group.rows >= SEAL_ROWS) {
        this.file.seal(this.group.columns(this.fields), compression);
        this.group = new RowGroupBatches();
      }
      const metadata = new Map([['run_uuid', place.runUuid]]);
      const { fields } = this;
      yield* this.file.publish({
        fields,
        tail: this.group.snapshot(),
        metadata,
        compression,
        final,
        mayReplace,
      });
    } catch (error) {
      this.isPublished = false;
      throw error;
    }
  }

  /**
   * Continues after the rows of earlier owners; a file of another run is kept under another name.
   */
  private load(): void {
    const { fs, folder, runUuid } = this.options.place;
    const path = join(folder, SYSTEM_NAME);
    if (fs.stat(path) !== null)
      try {
        const { fields, groups, regions, metadata } = readFooter(fs, path);
        const isOurs = metadata.get('run_uuid') === runUuid && fields[0]?.name === TIMESTAMP_FIELD.name;
        if (!isOurs || !fields.every(({ type }, at) => type === (at === 0 ? 'TIMESTAMP' : 'DOUBLE')))
          throw new ExpmanError('CORRUPT', `${path} does not belong to this run`, { path });
        this.fields = fields;
        this.file.continueFrom(groups, regions);
      } catch (error) {
        if (!(error instanceof ExpmanError) || error.code !== 'CORRUPT') throw error;
        fs.rename(path, freeName(fs, `${path}.corrupt`));
      }
    this.isLoaded = true;
  }

  private toBatch(): void {
    const { samples } = this;
    if (samples.length === 0) return;
    const columns = new Map<string, Figure>();
    for (const [row, { figures }] of samples.entries())
      for (const [name, value] of figures) {
        const column = columns.get(name) ?? new Figure(samples.length);
        columns.set(name, column);
        column.set(row, value);
      }
    const stamps = BigInt64Array.from(samples, ({ at }) => BigInt(at) * MICROS);
    this.group.add(
      recordBatchOf([
        {
          ...TIMESTAMP_FIELD,
          type: 'TIMESTAMP',
          length: stamps.length,
          nullCount: 0,
          validity: null,
          values: stamps,
        },
        ...[...columns].map(([name, column]) => column.named(name)),
      ]),
    );
    this.samples = [];
    const known = new Set(this.fields.map(({ name }) => name));
    const added = [...columns.keys()].filter((name) => !known.has(name));
    this.fields = [...this.fields, ...added.map((name): ColumnField => ({ name, type: 'DOUBLE' }))];
  }

  private failed(error: unknown): void {
    if (!this.isTold) this.options.onFailed(error);
    this.isTold = true;
  }
}

/** The column of one figure; null for a sample without it. */
class Figure {
  private readonly values: Float64Array<ArrayBuffer>;
  private readonly validity: Uint8Array;
  private valid = 0;

  constructor(private readonly rows: number) {
    this.values = new Float64Array(rows);
    this.validity = new Uint8Array(bitmapBytes(rows));
  }

  set(row: number, value: number): void {
    this.values[row] = value;
    setBit(this.validity, row);
    this.valid++;
  }

  named(name: string): NamedColumn {
    const { rows: length, valid, values } = this;
    const validity = valid === length ? null : this.validity;
    return { name, type: 'DOUBLE', length, nullCount: length - valid, validity, values };
  }
}
