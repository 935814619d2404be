import type { LogLine } from '../../run/log-line.js';
import type { MetricValue } from '../../model/metric.js';
import { bareObject } from '../../model/param-value.js';
import { RunStatus } from '../../model/run-status.js';
import { freeName } from '../../pure/free-name.js';
import type { MetricDefinition } from '../../pure/metric-definition.js';
import { logLines } from '../../reader/read-log.js';
import { nodeFs } from '../../storage/node-fs.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { inOrder } from './heads.js';
import { type MergeNotes, namesText } from './merge-notes.js';
import { joinParams, type ParamConflict } from './merge-params.js';
import type { MergeKind, MergeSource } from './merge-sources.js';

/** The facts of a merged run before its rows. */
export type MergedHeader = Omit<ExchangeRun, 'experiment' | 'run' | 'fields' | 'rows' | 'log'>;

/** Statuses, the worst first: that of ranks is the worst that one of them has. */
const WORST: readonly RunStatus[] = [
  RunStatus.Failed,
  RunStatus.Crashed,
  RunStatus.Interrupted,
  RunStatus.Finished,
];

/**
 * Returns the run that says how the merged one ended: the last piece, or the rank with the worst
 * end.
 */
export function endingSource(kind: MergeKind, sources: readonly MergeSource[]): MergeSource | undefined {
  if (kind === 'pieces') return sources.at(-1);
  const severity = ({ info }: MergeSource): number => WORST.indexOf(info.status);
  return [...sources].sort((a, b) => severity(a) - severity(b))[0];
}

/** Returns the time at which a run ended; for one that was cut off, that of its last sign of life. */
export const endOfRun = ({ info }: MergeSource): number =>
  Date.parse(info.endedAt ?? '') || (Date.parse(info.identity.startedAt) || 0) + info.durationMs;

/** Joins the facts of runs, and notes in what they differ. */
export function joinHeaders(
  kind: MergeKind,
  sources: readonly MergeSource[],
  notes: MergeNotes,
): { readonly header: MergedHeader; readonly conflicts: readonly ParamConflict[] } {
  const { params, conflicts } = joinParams(
    sources.map(({ label, info }) => ({ label, params: info.params })),
    kind === 'pieces',
  );
  if (conflicts.length > 0)
    notes.add(
      `different values of ${namesText(conflicts.map(({ param }) => param))} are kept for each run${kind === 'pieces' ? ', and that of the last one at its own place' : ''}`,
    );
  const starts = sources.map(({ info }) => Date.parse(info.identity.startedAt) || 0);
  const header: MergedHeader = {
    status: endingSource(kind, sources)?.info.status ?? RunStatus.Finished,
    startedAt: new Date(Math.min(...starts)).toISOString(),
    endedAt: new Date(Math.max(...sources.map(endOfRun))).toISOString(),
    tags: [...new Set(sources.flatMap(({ info }) => info.identity.tags))],
    notes: joinNotes(sources),
    group: joinGroups(sources, notes),
    params,
    ...(kind === 'ranks' ? summariesOfRanks(sources) : summariesOfPieces(sources, notes)),
  };
  return { header, conflicts };
}

function joinNotes(sources: readonly MergeSource[]): string {
  const said = sources.filter(({ info }) => info.identity.notes !== '');
  const different = new Set(said.map(({ info }) => info.identity.notes));
  if (different.size <= 1) return [...different].join('');
  return said.map(({ label, info }) => `${label}: ${info.identity.notes}`).join('\n\n');
}

function joinGroups(sources: readonly MergeSource[], notes: MergeNotes): string | null {
  const groups = new Set(sources.flatMap(({ info }) => info.identity.group ?? []));
  if (groups.size > 1)
    notes.add(`the runs are of different groups (${namesText([...groups])}), so the new one has none`);
  return groups.size === 1 ? ([...groups][0] ?? null) : null;
}

type Summaries = Required<Pick<MergedHeader, 'summary' | 'headline' | 'definitions'>>;

/** Each rank's values and definitions, under names with its label. */
function summariesOfRanks(sources: readonly MergeSource[]): Summaries {
  const summary: [string, MetricValue][] = [];
  const headline: string[] = [];
  const definitions: [string, MetricDefinition][] = [];
  for (const { label, info } of sources) {
    const own = (name: string): string => `${label}/${name}`;
    for (const [name, value] of Object.entries(info.summary)) summary.push([own(name), value]);
    headline.push(...info.headline.map(own));
    for (const [pattern, definition] of Object.entries(info.definitions)) {
      const { x } = definition;
      const isMetric = x !== undefined && x !== 'step' && x !== 'time';
      definitions.push([own(pattern), isMetric ? { ...definition, x: own(x) } : definition]);
    }
  }
  return { summary: bareObject(summary), headline, definitions: bareObject(definitions) };
}

/** The values and definitions of pieces: a later one replaces those of an earlier one, as a later call would. */
function summariesOfPieces(sources: readonly MergeSource[], notes: MergeNotes): Summaries {
  const summary = new Map<string, MetricValue>();
  const headline = new Set<string>();
  const definitions = new Map<string, MetricDefinition>();
  const replaced = new Set<string>();
  for (const { info } of sources) {
    for (const [name, value] of Object.entries(info.summary)) {
      if (summary.has(name) && !Object.is(summary.get(name), value)) replaced.add(name);
      summary.set(name, value);
    }
    for (const name of info.headline) headline.add(name);
    for (const [pattern, definition] of Object.entries(info.definitions))
      definitions.set(pattern, { ...definitions.get(pattern), ...definition });
  }
  if (replaced.size > 0)
    notes.add(
      `of the summary, the last run's values of ${namesText([...replaced])} replace those of earlier ones`,
    );
  return { summary: bareObject(summary), headline: [...headline], definitions: bareObject(definitions) };
}

/** Yields the messages of runs by time; the entry `from` of each names its run. */
export function* joinedLog(sources: readonly MergeSource[]): Generator<LogLine, void> {
  const sequences = sources.map(({ runDir, rows }) =>
    logLines(nodeFs, runDir, rows.replay.segments.length > 0 ? rows.replay.state : null),
  );
  for (const [line, index] of inOrder(sequences, ({ timestampMs }) => timestampMs)) {
    const key = freeName('from', (name) => Object.hasOwn(line.meta, name));
    // A line that no run writes belongs to the one before it, or somebody added it.
    const level = line.level === '' ? 'info' : line.level;
    yield { ...line, level, meta: { ...line.meta, [key]: sources[index]?.label ?? '' } };
  }
}
