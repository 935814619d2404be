import type { MetricSummary } from '../../model/metric.js';
import { shortText } from '../../model/short-text.js';
import { isMapping, type Mapping } from '../run-record.js';

/**
 * @bound loses nothing: the text ends in an ellipsis, and the footer of metrics.parquet has all of
 * it
 */
const MAX_TEXT = 256;
// Readers refuse YAML of over a megabyte.
// @bound tells: summariesLeftOut in run.yaml says how many; specs/writer/run-file.spec.ts "of a run with more metrics and artifacts than it has room for can still be read, and says how many it left out"
const MAX_BYTES = 512 * 1024;
const BYTES_PER_SUMMARY = 180;

/** The summaries for which run.yaml has room. */
export interface SummaryCopy {
  readonly kept: ReadonlyMap<string, MetricSummary>;
  /** The number of summaries that are only in the footer of `metrics.parquet`. */
  readonly leftOut: number;
}

/**
 * Picks the summaries to copy to run.yaml: all of them, except for runs with thousands of metrics.
 *
 * For those, the names with the fewest slashes come first, then the shorter ones: among 10,000
 * `layer/17/grad_norm` and one `val_loss`, a reader looks for the latter. The copy is in the order
 * of the metrics. `share` is the part of the room that it may take.
 */
export function copyOf(metrics: ReadonlyMap<string, MetricSummary>, share = 1): SummaryCopy {
  const room = share * MAX_BYTES;
  const cut = [...metrics].map(([metric, summary]) => [metric, toStored(summary)] as const);
  let bytes = cut.reduce((sum, [metric, summary]) => sum + bytesOf(metric, summary), 0);
  if (bytes <= room) return { kept: new Map(cut), leftOut: 0 };
  const kept = new Set<string>();
  bytes = 0;
  for (const [metric, summary] of [...cut].sort(([one], [other]) => compareNames(one, other))) {
    bytes += bytesOf(metric, summary);
    if (bytes > room) break;
    kept.add(metric);
  }
  return { kept: new Map(cut.filter(([metric]) => kept.has(metric))), leftOut: cut.length - kept.size };
}

/**
 * The number of summaries that a run.yaml leaves out, if it says so. 0.1.0 did not: null for a file
 * of 0.1.0 that may have been full.
 */
export function leftOutIn({ metrics, summariesLeftOut }: Mapping): number | null {
  if (typeof summariesLeftOut === 'number') return summariesLeftOut;
  if (!isMapping(metrics)) return 0;
  const bytes = Object.keys(metrics).reduce((sum, metric) => sum + BYTES_PER_SUMMARY + metric.length, 0);
  return bytes > MAX_BYTES / 2 ? null : 0;
}

/** A summary as run.yaml has it: each step once, under its older name. */
function toStored({ stepOfMin: _min, stepOfMax: _max, ...summary }: MetricSummary): MetricSummary {
  const { last } = summary;
  return typeof last === 'string' && last.length > MAX_TEXT
    ? { ...summary, last: shortText(last, MAX_TEXT) }
    : summary;
}

const bytesOf = (metric: string, { last }: MetricSummary): number =>
  BYTES_PER_SUMMARY + quotedBytes(metric) + (typeof last === 'string' ? quotedBytes(last) : 0);
const quotedBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text));

function compareNames(one: string, other: string): number {
  return depthOf(one) - depthOf(other) || one.length - other.length;
}

const depthOf = (metric: string): number => metric.split('/').length;
