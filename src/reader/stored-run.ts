import type { Observable } from 'rxjs';
import type { ColumnField } from '../columnar/column.js';
import type { RowTable, RowsBatch } from '../columnar/table.js';
import type { LogLine } from '../run/log-line.js';
import type { RunFacts } from '../model/run-facts.js';
import type { FsPort } from '../storage/fs-port.js';
import { type FollowOptions, followRows } from './follow-rows.js';
import { type RunInfo, inspectRun, openContents, openIntact } from './inspect-run.js';
import { factsOf } from './read-facts.js';
import { type StoredArtifact, storedArtifacts } from './read-artifacts.js';
import { type LogFilter, readLog } from './read-log.js';
import type { OpenRows } from './read-rows.js';
import {
  type RowSelection,
  SELECTION,
  type StoredRow,
  columnarRows,
  metricNames,
  rowsOf,
  selectRows,
} from './select-rows.js';

/** `step` and `timestamp` stand before the metrics. */
const KEY_COLUMNS = 2;

/**
 * A run on disk, open or closed. Whatever is read is read anew, takes no lock and changes nothing; rows that are not in
 * `metrics.parquet` yet are there, too.
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
    /** What the run was when it was opened or listed. */
    readonly facts: RunFacts,
  ) {}

  /** The run as it is now. @throws {@link ExpmanError} `RUN_NOT_FOUND`, `CORRUPT`, `UNSAFE_YAML` or `IO` */
  // eslint-disable-next-line @typescript-eslint/require-await -- errors are rejections, and reading may move to a thread
  async refresh(): Promise<StoredRun> {
    return openStoredRun(this.fs, this.runDir);
  }

  /** All there is to know of it beside its rows: owner, files, what is torn or corrupt. @throws as {@link refresh} */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async inspect(): Promise<RunInfo> {
    return inspectRun(this.fs, this.runDir);
  }

  /**
   * Rows as an Apache Arrow table: step, timestamp, then a column for each metric.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`, and as {@link refresh}
   */
  async metrics(selection: RowSelection = {}): Promise<RowTable> {
    const wanted = SELECTION.resolve(selection);
    const { rows } = openIntact(this.fs, this.runDir);
    try {
      const { tableOf } = await arrowTables();
      return tableOf([...selectRows(rows, wanted)]);
    } finally {
      rows.close();
    }
  }

  /** The same, batch by batch: of a large run only one row group is in memory at a time. @throws as {@link metrics} */
  async *batches(selection: RowSelection = {}): AsyncGenerator<RowsBatch, void> {
    const wanted = SELECTION.resolve(selection);
    const { rows } = openIntact(this.fs, this.runDir);
    try {
      const { batchOf } = await arrowTables();
      for (const columns of selectRows(rows, wanted)) yield await Promise.resolve(batchOf(columns));
    } finally {
      rows.close();
    }
  }

  /** The same, row by row, in the order they were logged. @throws as {@link metrics} */
  async *rows(selection: RowSelection = {}): AsyncGenerator<StoredRow, void> {
    const wanted = SELECTION.resolve(selection);
    const { rows } = openIntact(this.fs, this.runDir);
    try {
      const metricOf = metricNames(rows);
      for (const columns of selectRows(rows, wanted))
        yield* await Promise.resolve(rowsOf(columnarRows(columns, metricOf, wanted.session)));
    } finally {
      rows.close();
    }
  }

  /** The metrics' names and the types of their columns, in the order they came. @throws as {@link refresh} */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async fields(): Promise<ColumnField[]> {
    return reading(openIntact(this.fs, this.runDir).rows, (rows) => {
      const metricOf = metricNames(rows);
      return rows.fields.slice(KEY_COLUMNS).map(({ name, type }) => ({ name: metricOf(name), type }));
    });
  }

  /** Lines of the run's log. @throws {@link ExpmanError} as {@link refresh} */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async logs(filter: LogFilter = {}): Promise<LogLine[]> {
    return reading(openContents(this.fs, this.runDir).rows, ({ replay }) =>
      readLog(this.fs, this.runDir, replay.segments.length > 0 ? replay.state : null, filter),
    );
  }

  /** What was saved with it; nothing of the files is read. */
  artifacts(): StoredArtifact[] {
    return storedArtifacts(this.facts);
  }

  /**
   * The rows as they are logged, from the run's write-ahead log; late steps and rows without a step included. Completes when the run is
   * closed or its owner is dead; errs with `RUN_NOT_FOUND`, `CORRUPT` or `IO`.
   *
   * Each call that joins an earlier row comes as a row of its own, with the step of that row: every value comes once,
   * whenever the subscription begins. Each subscription reads on its own, and each byte once.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`
   */
  follow(options: FollowOptions = {}): Observable<StoredRow> {
    return followRows(this.fs, this.runDir, options);
  }
}

/** The caller's Arrow has a hundred modules: it is loaded for whom wants a table of it. */
const arrowTables = (): Promise<typeof import('../columnar/table.js')> => import('../columnar/table.js');

function reading<T>(rows: OpenRows, read: (rows: OpenRows) => T): T {
  try {
    return read(rows);
  } finally {
    rows.close();
  }
}

/** Opens a run's folder. @throws {@link ExpmanError} `RUN_NOT_FOUND`, `CORRUPT`, `UNSAFE_YAML` or `IO` */
export function openStoredRun(fs: FsPort, runDir: string): StoredRun {
  return new StoredRun(fs, runDir, factsOf(inspectRun(fs, runDir)));
}
