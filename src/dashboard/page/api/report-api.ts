import type { LogLineAnswer, RunFactsAnswer, RunsAnswer, RunsRequest, Series } from '../../api.js';
import type { ReportData, ReportRun } from '../../report-data.js';
import { flatParams, runId } from '../facts/run-values.js';
import { isWanted } from '../run/log-lines.js';
import { type Api, ApiFailure, type LogsQuery, type SeriesQuery } from './api.js';
import { reportHistory } from './report-history.js';
import { orderOf } from './report-order.js';
import { reportSeries } from './report-series.js';

/** The API of a report: it answers from the data of the report, and has no live events. */
export function reportApi(report: ReportData): Api {
  const runs = new Map(report.runs.map((run) => [runId(run.answer.facts), run]));
  const find = (id: string): ReportRun =>
    runs.get(id) ?? missing(`the report does not contain the run ${id}`);
  return {
    isLive: false,
    server: () => later(() => ({ ...report.server, writable: false, writeToken: null })),
    experiments: () => later(() => report.experiments),
    runs: (query) => later(() => runsOf(report, query)),
    history: (query) => later(() => reportHistory(runsOf(report, { ...query, ...EVERY }), query)),
    artifacts: () => later(noArtifacts),
    artifact: () => later(noArtifacts),
    version: () => later(noArtifacts),
    run: (id) => later(() => find(id).answer),
    change: () => later(() => missing('a report cannot be changed')),
    series: (query) => later(() => ({ series: seriesOf(runs, query), readUntil: {}, failed: [] })),
    logs: (id, query) => later(() => logsOf(find(id), query)),
    system: (id) => later(() => find(id).system),
    histograms: (id, metric) => later(() => find(id).histograms[metric] ?? { values: 0, histograms: [] }),
    sweep: (experiment) =>
      later(
        () => report.sweeps[experiment] ?? missing(`the report does not contain a sweep of ${experiment}`),
      ),
    live: () => () => undefined,
    connection: (listener) => {
      listener('none');
      return () => undefined;
    },
  };
}

const EVERY = { sort: '-startedAt', offset: 0, limit: Infinity };

const noArtifacts = (): never => missing('a report does not contain artifacts with versions');

/** Makes an answer asynchronous, as a server's: a throw becomes a rejection. */
const later = <T>(answer: () => T): Promise<T> => Promise.resolve().then(answer);

function missing(message: string): never {
  throw new ApiFailure(404, { code: 'NOT_FOUND', message });
}

/**
 * A report has no filter language: `where` is text that the name, status or tags of a run must
 * contain.
 */
function runsOf(
  report: ReportData,
  { experiment, where = '', sort, offset, limit }: RunsRequest,
): RunsAnswer {
  const words = where.toLowerCase().split(/\s+/).filter(Boolean);
  const found = report.runs
    .map(({ answer }) => answer.facts)
    .filter((facts) => experiment === undefined || facts.experiment === experiment)
    .filter((facts) => words.every((word) => searchText(facts).includes(word)));
  const sorted = sort === undefined ? found : [...found].sort(orderOf(sort));
  return {
    total: sorted.length,
    offset,
    runs: sorted.slice(offset, offset + limit),
    paramKeys: keysOf(found, ({ params = {} }) => flatParams(params).map(([name]) => name)),
    metricKeys: keysOf(found, ({ metrics = {} }) => Object.keys(metrics)),
    summaryKeys: keysOf(found, ({ summary = {} }) => Object.keys(summary)),
    headlineKeys: keysOf(found, ({ headline = [] }) => headline),
  };
}

/** Returns the matching lines, after one that says that the report lacks the start of the log. */
function logsOf({ logs, isLogCut = false }: ReportRun, { level, text }: LogsQuery): LogLineAnswer[] {
  const [first] = logs;
  const found = logs.filter((line) => isWanted(line, level, text));
  if (!isLogCut || first === undefined) return found;
  const message = `The report contains the last ${logs.length} lines of this log; expman tail shows the earlier ones.`;
  return [{ timestampMs: first.timestampMs, level: '', message, meta: {} }, ...found];
}

const searchText = ({ experiment, run, status, tags = [] }: RunFactsAnswer): string =>
  [`${experiment}/${run}`, status, ...tags].join(' ').toLowerCase();

const keysOf = (
  runs: readonly RunFactsAnswer[],
  keys: (facts: RunFactsAnswer) => readonly string[],
): string[] => [...new Set(runs.flatMap(keys))].sort();

function seriesOf(runs: ReadonlyMap<string, ReportRun>, query: SeriesQuery): Series[] {
  return query.runs.flatMap((id) =>
    query.metrics.flatMap((metric) => reportSeries(id, runs.get(id)?.series ?? [], metric, query) ?? []),
  );
}
