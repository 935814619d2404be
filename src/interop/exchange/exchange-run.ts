import type { ColumnField } from '../../columnar/column.js';
import type { LogLine } from '../../run/log-line.js';
import type { ExpmanError } from '../../model/errors.js';
import type { MetricRow } from '../../model/metric.js';
import type { Params } from '../../model/params.js';
import type { RunStatus } from '../../model/run-status.js';

/** A metric of a run that is exchanged, and the type of its column. */
export interface ExchangeField extends ColumnField {
  /** Of a column of texts: whether some of its values are numbers or booleans. */
  readonly mixed?: boolean;
}

/** An open of a run. */
export interface ExchangeSession {
  /** Its number, the first is 0; one that has left no row is not listed. */
  readonly session: number;
  /** The index of its first row among the rows of the run. */
  readonly firstRow: number;
}

/** A run on its way between our files and those of another tool. What a format does not know is left at its empty value. */
export interface ExchangeRun {
  readonly experiment: string;
  readonly run: string;
  /** How it ended; `RUNNING` for one that goes on, or whose tool was cut off before it could say. */
  readonly status: RunStatus;
  /** ISO 8601, UTC; null where the source does not say. */
  readonly startedAt: string | null;
  /** ISO 8601, UTC. */
  readonly endedAt: string | null;
  readonly tags: readonly string[];
  readonly notes: string;
  readonly group: string | null;
  readonly params: Params;
  /** Names and types of the metrics, without `step` and `timestamp`; empty where they are only known once the rows are read. */
  readonly fields: readonly ExchangeField[];
  /** The opens that its rows come from, of a run that was opened more than once and a format that knows. */
  readonly sessions?: readonly ExchangeSession[];
  /** The rows from the first to the last; may be called again for another reading. */
  rows(): AsyncIterable<MetricRow>;
  /** The lines of the run's log. */
  log(): AsyncIterable<LogLine>;
}

/** Reads the runs of another tool. */
export interface Importer {
  /** The word of `--format`. */
  readonly format: string;
  /** Tells whether a file or folder is of that tool, from names and first bytes; throws nothing that its bytes cause. */
  recognises(path: string): Promise<boolean>;
  /** The runs in it, one after another; in the place of one that cannot be read, why. */
  runs(path: string): AsyncIterable<ExchangeRun | ExpmanError>;
}

/** Writes runs for another tool. */
export interface Exporter {
  /** The word of `--format`. */
  readonly format: string;
  /** Whether it makes a file or a folder of files. */
  readonly makes: 'file' | 'folder';
  /**
   * What of a run the format cannot hold, in words; empty when it holds all that an exchange holds: not its rank, error, counts of
   * left-out values, artifacts, media and system metrics, which an archive keeps.
   */
  readonly loses: string;
  /** Writes a run to a file or folder that is not there yet; on failure nothing is left there. */
  write(run: ExchangeRun, path: string): Promise<void>;
}
