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
 * What a report holds for the page, as JSON in its `<script type="application/json" id="expman-report">`: the answers a server
 * would give, put together beforehand. `<` is to be written as `\u003c` in it, so that no text ends the element.
 */
export interface ReportData {
  /** Of the program that wrote it; `title` heads the report. */
  readonly server: Pick<ServerFacts, 'version' | 'title'>;
  /** ISO 8601, of when the report was written. */
  readonly writtenAt: string;
  readonly experiments: readonly ExperimentFacts[];
  /** All runs of the report, in the order they are listed; UNREADABLE ones have facts alone. */
  readonly runs: readonly ReportRun[];
  /** By experiment, as `GET /api/experiments/:experiment/sweep` has it. */
  readonly sweeps: Readonly<Record<string, SweepAnswer['sweep']>>;
}

/** A run of a report. */
export interface ReportRun {
  /** An `href` may be a `data:` address of an image; empty for what the report does not hold. */
  readonly answer: RunAnswer;
  /** Each metric by step and, where it is wanted, by time; already downsampled. */
  readonly series: readonly ReportSeries[];
  /** The last lines of its log. */
  readonly logs: readonly LogLineAnswer[];
  /** Whether the log has earlier lines than these. */
  readonly isLogCut?: boolean;
  readonly system: SystemAnswer['columns'];
  /** By metric. */
  readonly histograms: Readonly<Record<string, HistogramsAnswer>>;
}

/** A curve of a report; `step` and `time` are as long as `y`. */
export interface ReportSeries extends Pick<
  DrawnCurve,
  'y' | 'nonFinite' | 'stretches' | 'values' | 'isExact'
> {
  readonly metric: string;
  /** A row without a step stands at its place among the rows. */
  readonly step: readonly number[];
  /** Seconds since the run began. */
  readonly time: readonly number[];
}
