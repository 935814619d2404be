import type { MetricValue } from '../../model/metric.js';
import { storedAlertsIn } from '../../model/alerts.js';
import { callsLost, mergeLosses } from '../../model/losses.js';
import { bareObject } from '../../model/param-value.js';
import { mergeParams, type Params, type ParamValue } from '../../model/params.js';
import type { RunParent } from '../../model/run-parent.js';
import { RunStatus } from '../../model/run-status.js';
import { factsIn } from '../../run/replay/restore-state.js';
import { type Mapping, isMapping } from '../../run/run-record.js';
import { MAX_YAML_BYTES, stringifyYaml } from '../../storage/yaml-file.js';
import { withRoom } from '../../writer/files/write-run-file.js';
import { endingSource } from './merge-header.js';
import type { RowSource, RowTally } from './merge-rows.js';
import { type MergeKind, namesOf } from './merge-sources.js';

/** The least part of the room for facts that is tried. */
const LEAST_SHARE = 2 ** -6;

/** What is written into the run.yaml of a merged run beside what a run says of itself. */
export interface MergedFile {
  readonly kind: MergeKind;
  readonly sources: readonly RowSource[];
  readonly tallies: readonly RowTally[];
  /** The entries of its artifacts. */
  readonly artifacts: Params;
  /** The run that its curves begin with. */
  readonly parent: RunParent | null;
}

/** Adds to the run.yaml of a merged run what it has from its sources, and which these are. */
export function mergedFile(file: Mapping, merged: MergedFile): Mapping {
  const { kind, sources, parent, artifacts } = merged;
  const ending = endingSource(kind, sources);
  const main = kind === 'pieces' ? sources.at(-1) : sources[0];
  const losses = mergeLosses(
    [],
    sources.flatMap(({ survey }) => survey.losses),
  );
  const counts = isMapping(file['counts']) ? file['counts'] : {};
  const sum = (key: 'dropped' | 'invalid'): number =>
    sources.reduce((all, { info }) => all + info[key], Number(counts[key] ?? 0));
  const durations = sources.map(({ info }) => info.durationMs);
  const { error, exitCode } = ending?.file ?? {};
  const environment = main?.file['environment'];
  const said: Mapping = {
    // Readers look for it among the first bytes.
    ...(parent !== null && { parent }),
    ...file,
    ...(environment !== undefined && { environment }),
    durationMs: kind === 'pieces' ? durations.reduce((all, each) => all + each, 0) : Math.max(...durations),
    counts: {
      ...counts,
      accepted: Number(counts['accepted'] ?? 0) + callsLost(losses),
      dropped: sum('dropped'),
      invalid: sum('invalid'),
      lost: callsLost(losses),
    },
    ...(losses.length > 0 && { losses }),
    ...(ending?.info.status !== RunStatus.Finished && {
      ...(error !== undefined && { error }),
      ...(exitCode !== undefined && { exitCode }),
    }),
    mergedFrom: originsOf(merged),
  };
  return withFacts(said, {
    ...linksOf(sources),
    ...alertsOf(sources),
    ...(Object.keys(artifacts).length > 0 && { artifacts }),
  });
}

/** The runs that a run is made of, as its run.yaml names them. */
const originsOf = ({ kind, sources, tallies }: MergedFile): Params => ({
  as: kind,
  at: new Date().toISOString(),
  runs: sources.map((source, index): ParamValue => {
    const { rows = 0, replaced = 0 } = tallies[index] ?? {};
    return {
      uuid: source.info.identity.uuid,
      ...namesOf(source),
      label: source.label,
      ...(kind === 'ranks' && { rank: source.rank }),
      rows,
      ...(replaced > 0 && { replaced }),
    };
  }),
});

/** The versions of artifacts that the runs have logged and used. */
function linksOf(sources: readonly RowSource[]): Params {
  let links: Params = {};
  for (const { file, rows } of sources) {
    const { loggedArtifacts, usedArtifacts } = mergeParams(factsIn(file), rows.replay.state.facts);
    links = mergeParams(links, {
      ...(loggedArtifacts !== undefined && { loggedArtifacts }),
      ...(usedArtifacts !== undefined && { usedArtifacts }),
    });
  }
  return links;
}

/** The alerts of the runs by time, with new numbers and without seals, which hold only in the folder of a run. */
function alertsOf(sources: readonly RowSource[]): Params {
  const all = sources
    .flatMap(({ file, rows }) => storedAlertsIn(mergeParams(factsIn(file), rows.replay.state.facts)))
    .sort((a, b) => (Date.parse(a.at) || 0) - (Date.parse(b.at) || 0));
  const notKept = sources.reduce((sum, { info }) => sum + info.alertsLeftOut, 0);
  const entries = all.map(({ title, text, level, at, repeats, sentAt }, index): [string, ParamValue] => {
    const alert: Record<string, MetricValue> = { title, text, level };
    if (at !== '') alert['at'] = at;
    if (repeats > 0) alert['repeats'] = repeats;
    if (sentAt !== null) alert['sentAt'] = sentAt;
    return [`0-${index + 1}`, alert];
  });
  return {
    ...(entries.length > 0 && { alerts: bareObject(entries) }),
    ...(notKept > 0 && { alertsNotKept: notKept }),
  };
}

/** Adds facts as far as there is room for them, with how many are left out. */
function withFacts(file: Mapping, facts: Params): Mapping {
  for (let share = 1; ; share /= 2) {
    const all = { ...file, ...withRoom(facts, share) };
    if (share < LEAST_SHARE || Buffer.byteLength(stringifyYaml(all)) <= MAX_YAML_BYTES) return all;
  }
}
