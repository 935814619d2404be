import type { Observable } from 'rxjs';
import type { ColumnField } from '../columnar/column.js';
import type { RowTable, RowsBatch } from '../columnar/table.js';
import type { LogLine } from '../run/log-line.js';
import type { MetricPoint } from '../model/metric.js';
import { metricName } from '../model/option-rules.js';
import type { RunFacts } from '../model/run-facts.js';
import type { Ancestor } from '../run/lineage.js';
import type { Recovery } from '../writer/recovery/recover-run.js';
import type { StoredCheckpoint } from '../run/stored-checkpoint.js';
import type { FsPort } from '../storage/fs-port.js';
import { type FollowOptions, followRows } from './follow-rows.js';
import { openInherited } from './inherited-rows.js';
import { type RunInfo, inspectRun, openContents, openIntact } from './inspect-run.js';
import { factsOf } from './read-facts.js';
import { type PointSelection, pointsReader } from './points.js';
import { checkpointsOf } from './read-checkpoints.js';
import { type StoredArtifact, storedArtifacts } from './read-artifacts.js';
import { type LogFilter, readLog } from './read-log.js';
import { type LoggedMedia, mediaOf } from './read-media.js';
import type { OpenRows } from './read-rows.js';
import type { RecoverOptions } from './recover.js';
import { knowsLineage, tellLineage } from './tell-lineage.js';
import {
  type RowSelection,
  SELECTION,
  type StoredRow,
  columnarRows,
  metricNames,
  rowsOf,
  selectRows,
} from './select-rows.js';

/** The columns before the metrics: `step` and `timestamp`. */
const KEY_COLUMNS = 2;

/**
 * A run on disk, open or closed. Every method reads the files again, takes no lock and, except
 * {@link recover}, changes nothing; rows that are not in `metrics.parquet` yet are included.
 *
 * @example
 * const run = openRun('./experiments/my_exp/20260101_120000');
 * const table = await run.metrics({ columns: ['loss'], fromStep: 100, downsample: 500 });
 * for await (const { step, values } of run.rows()) console.log(step, values['loss']);
 */
export class StoredRun {
  /** @hidden */
  constructor(
    private readonly fs: FsPort,
    /** The run's folder, absolute. */
    readonly runDir: string,
    /** The facts of the run when it was opened or listed. */
    readonly facts: RunFacts,
  ) {}

  /**
   * Returns the run as it is now.
   *
   * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `CORRUPT`, `UNSAFE_YAML` or `IO`
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- errors are rejections, and reading may move to a thread
  async refresh(): Promise<StoredRun> {
    return openStoredRun(this.fs, this.runDir);
  }

  /**
   * Reads everything about the run except its rows: owner, files, torn and corrupt parts.
   *
   * @throws as {@link refresh}
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async inspect(): Promise<RunInfo> {
    return inspectRun(this.fs, this.runDir);
  }

  /**
   * Reads rows as an Apache Arrow table: step, timestamp, then one column per metric.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`, and as {@link refresh}
   */
  async metrics(selection: RowSelection = {}): Promise<RowTable> {
    const wanted = SELECTION.resolve(selection);
    const rows = this.#open(wanted.inherited);
    try {
      const { tableOf } = await arrowTables();
      return tableOf([...selectRows(rows, wanted)]);
    } finally {
      rows.close();
    }
  }

  /**
   * Reads the same, batch by batch: only one row group of a large run is in memory at a time.
   * @throws as {@link metrics}
   */
  async *batches(selection: RowSelection = {}): AsyncGenerator<RowsBatch, void> {
    const wanted = SELECTION.resolve(selection);
    const rows = this.#open(wanted.inherited);
    try {
      const { batchOf } = await arrowTables();
      for (const columns of selectRows(rows, wanted)) yield await Promise.resolve(batchOf(columns));
    } finally {
      rows.close();
    }
  }

  /** Reads the same, row by row, in the order they were logged. @throws as {@link metrics} */
  async *rows(selection: RowSelection = {}): AsyncGenerator<StoredRow, void> {
    const wanted = SELECTION.resolve(selection);
    const rows = this.#open(wanted.inherited);
    try {
      const metricOf = metricNames(rows);
      for (const columns of selectRows(rows, wanted))
        yield* await Promise.resolve(rowsOf(columnarRows(columns, metricOf, wanted.session)));
    } finally {
      rows.close();
    }
  }

  /**
   * Reads the numbers of one metric, in the order they were logged, those of the runs from which this
   * one was forked first, as plain numbers: without the rows in which it has no value, and without texts. Booleans are 0 and 1, a bigint is the nearest
   * double. Empty for a metric that the run does not have.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`, and as {@link refresh}
   * @example
   * const points = await run.points('val_loss', { fromStep: 100, last: 10 });
   * console.log(points.map(({ step, value }) => `${step}: ${value}`));
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async points(metric: string, selection: PointSelection = {}): Promise<MetricPoint[]> {
    const { inherited, read } = pointsReader(metricName().check('metric', metric), selection);
    return reading(this.#open(inherited), read);
  }

  /**
   * Returns the names of the metrics and the types of their columns, in order of appearance.
   * @throws as {@link refresh}
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async fields(): Promise<ColumnField[]> {
    return reading(openIntact(this.fs, this.runDir).rows, (rows) => {
      const metricOf = metricNames(rows);
      return rows.fields.slice(KEY_COLUMNS).map(({ name, type }) => ({ name: metricOf(name), type }));
    });
  }

  /** Returns lines of the run's log. @throws {@link ExpmanError} as {@link refresh} */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async logs(filter: LogFilter = {}): Promise<LogLine[]> {
    return reading(openContents(this.fs, this.runDir).rows, ({ replay }) =>
      readLog(this.fs, this.runDir, replay.segments.length > 0 ? replay.state : null, filter),
    );
  }

  /** Lists the artifacts of the run without reading their files. */
  artifacts(): StoredArtifact[] {
    return storedArtifacts(this.facts);
  }

  /**
   * Lists the checkpoints of the run that are there in full size, in the order in which they were
   * saved, without those whose steps were removed by resuming.
   *
   * @throws {@link ExpmanError} as {@link refresh}
   * @example
   * const newest = (await openRun('./experiments/my_exp/r1').checkpoints()).at(-1);
   * if (newest !== undefined) model.load(await newest.bytes());
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async checkpoints(): Promise<StoredCheckpoint[]> {
    return checkpointsOf(this.fs, this.runDir);
  }

  /** The logged images, files and tables, in their order. @throws as `readMedia` */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async media(): Promise<LoggedMedia[]> {
    return mediaOf(this.fs, this.runDir);
  }

  /**
   * The samples of process and machine as an Arrow table; null if nothing was sampled.
   *
   * @throws as `readSystemMetrics`
   */
  async system(): Promise<RowTable | null> {
    const { systemMetricsOf } = await import('./read-system.js');
    return systemMetricsOf(this.fs, this.runDir);
  }

  /**
   * Finds the runs from which this one was forked, its parent first; none for a run that is no fork.
   * One whose rows are missing from curves has the reason as its `problem`. The process is then
   * warned no more when this run is read.
   *
   * @throws as {@link refresh}
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async lineage(): Promise<Ancestor[]> {
    const { rows, lineage } = openInherited(this.fs, this.runDir);
    rows.close();
    knowsLineage(this.runDir);
    return [...lineage];
  }

  /**
   * Recovers the run if it was cut off; call {@link refresh} for its new facts. Idempotent.
   *
   * @throws as `recoverRun`
   */
  async recover(options: RecoverOptions = {}): Promise<Recovery> {
    const { recoverBy } = await import('./recover.js');
    return recoverBy(this.fs, this.runDir, options);
  }

  /**
   * Emits the rows as they are logged, from the run's write-ahead log, including late steps and
   * rows without a step. Completes when the run is closed or its owner is dead; errors with
   * `RUN_NOT_FOUND`, `CORRUPT` or `IO`.
   *
   * A call that joins an earlier row is emitted as a row of its own, with the step of that row:
   * every value is emitted once, whenever the subscription begins. Each subscription reads on its
   * own, and each byte once.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`
   */
  follow(options: FollowOptions = {}): Observable<StoredRow> {
    return followRows(this.fs, this.runDir, options);
  }

  #open(isInherited: boolean): OpenRows {
    if (!isInherited) return openIntact(this.fs, this.runDir).rows;
    const { rows, lineage } = openInherited(this.fs, this.runDir);
    tellLineage(this.runDir, lineage);
    return rows;
  }
}

/** The caller's Arrow has a hundred modules: it is loaded only when a table of it is wanted. */
const arrowTables = (): Promise<typeof import('../columnar/table.js')> => import('../columnar/table.js');

function reading<T>(rows: OpenRows, read: (rows: OpenRows) => T): T {
  try {
    return read(rows);
  } finally {
    rows.close();
  }
}

/**
 * Opens a run's folder.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `CORRUPT`, `UNSAFE_YAML` or `IO`
 */
export function openStoredRun(fs: FsPort, runDir: string): StoredRun {
  return new StoredRun(fs, runDir, factsOf(inspectRun(fs, runDir)));
}
