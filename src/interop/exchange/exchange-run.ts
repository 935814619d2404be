import type { ColumnField } from '../../columnar/column.js';
import type { ArtifactLinks } from '../../model/artifact-links.js';
import type { LogLine } from '../../run/log-line.js';
import type { ExpmanError } from '../../model/errors.js';
import type { MetricRow } from '../../model/metric.js';
import type { Params } from '../../model/params.js';
import type { RunStatus } from '../../model/run-status.js';
import type { Step } from '../../model/step.js';
import type { SummaryValues } from '../../model/summary-values.js';
import type { MetricDefinitions } from '../../pure/metric-definition.js';
import type { Finding } from './findings.js';

/** A metric of an exchanged run, and the type of its column. */
export interface ExchangeField extends ColumnField {
  /** For a column of texts: true if some of its values are numbers or booleans. */
  readonly mixed?: boolean;
}

/** A session of a run. */
export interface ExchangeSession {
  /** Its number, starting at 0; a session without rows is not listed. */
  readonly session: number;
  /** The index of its first row among the rows of the run. */
  readonly firstRow: number;
}

/** A file that belongs to a run. */
export interface ExchangeFile {
  /** Its path among the run's artifacts, with `/` between the parts. */
  readonly name: string;
  /** The file in the source, or its content. */
  readonly from: string | Uint8Array;
}

/** A picture, a sound, a table or any other file that was logged at a step. */
export interface ExchangeMedia {
  readonly kind: 'image' | 'media' | 'table';
  /** The metric it was logged as. */
  readonly name: string;
  readonly step: Step | null;
  /** The path of a file, its content or, for a table, its rows. */
  readonly content: string | Uint8Array | readonly Readonly<Record<string, unknown>>[];
  readonly caption?: string;
}

/** The facts about the source of a run, for `imported` in `run.yaml`. */
export interface ExchangeSource {
  /** The tool's name of the run, where it is not that of the run itself. */
  readonly name?: string;
  /** The tool's own identifier of the run. */
  readonly id?: string;
  /** The tool's identifier of the run it belongs to. */
  readonly parent?: string;
  readonly user?: string;
  readonly commit?: string;
  /**
   * The files that the run is read from: a run whose files are the same as when it was imported is
   * the same run.
   */
  readonly files?: readonly string[];
  /** What distinguishes states of a run that is not in files of its own. */
  readonly state?: string;
}

/**
 * A run on its way between our files and those of another tool. Facts that a format does not know
 * are left empty.
 */
export interface ExchangeRun {
  readonly experiment: string;
  readonly run: string;
  /**
   * The final status; `RUNNING` for a run that is still going on, or whose tool was cut off before
   * it could record the end.
   */
  readonly status: RunStatus;
  /** ISO 8601, UTC; null if the source does not state it. */
  readonly startedAt: string | null;
  /** ISO 8601, UTC. */
  readonly endedAt: string | null;
  readonly tags: readonly string[];
  readonly notes: string;
  readonly group: string | null;
  readonly params: Params;
  /**
   * Names and types of the metrics, without `step` and `timestamp`; empty if they are only known
   * once the rows are read.
   */
  readonly fields: readonly ExchangeField[];
  /**
   * The sessions that its rows come from, for a run that was opened more than once and a format
   * that knows.
   */
  readonly sessions?: readonly ExchangeSession[];
  /**
   * Values of the run as a whole, if the format has such values. A run counts and reports those
   * that it cannot keep when they are written to it.
   */
  readonly summary?: SummaryValues;
  /** The names of the summary values that are shown first. */
  readonly headline?: readonly string[];
  /** Goals, x axes and statistics of metrics, by name or pattern. */
  readonly definitions?: MetricDefinitions;
  /**
   * The versions of artifacts that it has logged and used, by name and version: `model:v3`. Only
   * these records are exchanged, not the versions themselves.
   */
  readonly loggedArtifacts?: ArtifactLinks['loggedArtifacts'];
  readonly usedArtifacts?: ArtifactLinks['usedArtifacts'];
  /** Files that were saved with the run. */
  readonly files?: readonly ExchangeFile[];
  readonly source?: ExchangeSource;
  /** For a run that is known only by its rows: the time of its file, and that it must have some. */
  readonly table?: { readonly modifiedMs: number };
  /** Yields the media of the run; those that it cannot keep are counted and reported. */
  media?(): AsyncIterable<ExchangeMedia>;
  /**
   * Returns what was noticed while the run was read: what is damaged, left out or guessed. It is
   * asked after the rows.
   */
  findings?(): readonly Finding[];
  /** Yields all rows in order; may be called again for another pass. */
  rows(): AsyncIterable<MetricRow>;
  /** Yields the lines of the run's log. */
  log(): AsyncIterable<LogLine>;
}

/** What a user says about a table, where guessing is not enough; undefined is to be guessed. */
export interface TableHints {
  /** The column of steps. */
  readonly stepColumn: string | undefined;
  /** The column of times. */
  readonly timeColumn: string | undefined;
  /** The column that tells to which of several runs a row belongs. */
  readonly runColumn: string | undefined;
  /** The character between the cells of a text file, or `tab`. */
  readonly delimiter: string | undefined;
}

/** Everything is to be guessed. */
export const NO_HINTS: TableHints = {
  stepColumn: undefined,
  timeColumn: undefined,
  runColumn: undefined,
  delimiter: undefined,
};

/** Reads the runs of another tool. */
export interface Importer<Format extends string = string> {
  /** The value of `--format`. */
  readonly format: Format;
  /**
   * Returns true if a file or folder is of that tool, by names and first bytes; never throws
   * because of its contents.
   */
  recognises(path: string): Promise<boolean>;
  /** The hints that `runs` obeys; an import with others fails. */
  readonly takes?: readonly (keyof TableHints)[];
  /** Yields the runs in it, one after another; for a run that cannot be read, the error. */
  runs(path: string, hints?: TableHints): AsyncIterable<ExchangeRun | ExpmanError>;
}

/** Writes runs for another tool. */
export interface Exporter<Format extends string = string> {
  /** The value of `--format`. */
  readonly format: Format;
  /** The kind of output: a file, or a folder of files. */
  readonly makes: 'file' | 'folder';
  /**
   * The parts of a run that the format cannot hold, in words; empty if it holds everything that is
   * exchanged: that excludes rank, parent, error, counts of left-out values, artifacts, media and system
   * metrics, which an archive keeps.
   */
  readonly loses: string;
  /** Writes a run to a file or folder that does not exist yet; on failure nothing is left there. */
  write(run: ExchangeRun, path: string): Promise<void>;
}
