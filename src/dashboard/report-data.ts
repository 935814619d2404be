import type {
  ExperimentFacts,
  HistogramsAnswer,
  LogLineAnswer,
  RunAnswer,
  ServerFacts,
  SweepAnswer,
  SystemAnswer,
} from './api.js';
import type { DrawnCurve } from './data/curve-builder.js';

/**
 * The data of a report for its page, as JSON in `<script type="application/json"
 * id="expman-report">`: the answers that a server would give. `<` must be written as `\u003c` in
 * it, so that no text ends the element.
 */
export interface ReportData {
  /** The program that wrote it; `title` is the heading of the report. */
  readonly server: Pick<ServerFacts, 'version' | 'title'>;
  /** ISO 8601, the time the report was written. */
  readonly writtenAt: string;
  readonly experiments: readonly ExperimentFacts[];
  /** All runs of the report, in listing order; UNREADABLE ones have only facts. */
  readonly runs: readonly ReportRun[];
  /** Sweeps by experiment, as in `GET /api/experiments/:experiment/sweep`. */
  readonly sweeps: Readonly<Record<string, SweepAnswer['sweep']>>;
}

/** A run of a report. */
export interface ReportRun {
  /**
   * An `href` may be a `data:` address of an image; it is empty for files that the report does not
   * contain.
   */
  readonly answer: RunAnswer;
  /** Each metric by step and, if wanted, by time; already downsampled. */
  readonly series: readonly ReportSeries[];
  /** The last lines of its log. */
  readonly logs: readonly LogLineAnswer[];
  /** True if the log has earlier lines than these. */
  readonly isLogCut?: boolean;
  readonly system: SystemAnswer['columns'];
  /** Histograms by metric. */
  readonly histograms: Readonly<Record<string, HistogramsAnswer>>;
}

/** A curve of a report; `step` and `time` are as long as `y`. */
export interface ReportSeries extends Pick<
  DrawnCurve,
  'y' | 'nonFinite' | 'stretches' | 'values' | 'isExact'
> {
  readonly metric: string;
  /** A row without a step gets its index among the rows. */
  readonly step: readonly number[];
  /** Seconds since the run began. */
  readonly time: readonly number[];
  /** The x axis that its definition names, if that is a metric; null where it has no value yet. */
  readonly over?: { readonly metric: string; readonly x: readonly (number | null)[] };
}
