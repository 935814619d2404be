import { ExpmanError } from '../model/errors.js';
import { ExperimentConfig } from '../model/experiment-config.js';
import type { MetricValue } from '../model/metric.js';
import { invalidOption, ruleOf, string, strings } from '../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../model/options-table.js';
import { bareObject } from '../model/param-value.js';
import { type SummaryValues, headlineMapping, summaryFactsIn } from '../model/summary-values.js';
import { amendRunFile } from '../run/amend-run-file.js';
import type { Mapping } from '../run/run-record.js';
import { SummaryRoom } from '../run/summary-room.js';
import type { FsPort } from '../storage/fs-port.js';

/** Changes to a closed run; at least one must be given. */
export interface RunChanges {
  /** Replaces all tags. */
  readonly tags?: readonly string[] | undefined;
  /** Adds tags; those that the run has stay as they are. */
  readonly addTags?: readonly string[] | undefined;
  /** Removes tags; a tag that the run does not have is ignored. */
  readonly removeTags?: readonly string[] | undefined;
  /** Replaces the notes. */
  readonly notes?: string | undefined;
  /** Adds a line to the notes. */
  readonly appendNotes?: string | undefined;
  /** Sets summary values; null removes one. Those that are not named stay as they are. */
  readonly summary?: Readonly<Record<string, MetricValue | null>> | undefined;
}

/** The tags, notes and summary of a run. */
export interface RunLabels {
  readonly tags: readonly string[];
  readonly notes: string;
  readonly summary: SummaryValues;
}

const tagList = (): ReturnType<typeof strings> => strings('an array of tags');
const CHANGES = optionsTable<RunChanges>()({
  tags: tagList(),
  addTags: tagList(),
  removeTags: tagList(),
  notes: string(),
  appendNotes: string(),
  summary: ruleOf(
    'an object of values by name',
    (value): value is Readonly<Record<string, MetricValue | null>> =>
      typeof value === 'object' && value !== null,
  ),
});

/**
 * Changes tags, notes and summary in the `run.yaml` of a closed run, whole or not at all. The rules
 * for them are those of a new run: secrets in them are redacted, doubles dropped.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` without a change, or for tags or notes that a run
 * may not have; `RUN_NOT_FOUND`, `RUN_LOCKED` if its owner is or may be alive, `INVALID_VALUE` for
 * a summary value that a run may not have and for an interrupted run that is not recovered yet,
 * `CORRUPT`, `IO`
 */
export function amendRunBy(fs: FsPort, runDir: string, given: RunChanges): RunLabels {
  const changes = CHANGES.resolve(given);
  if (Object.values(changes).every((change) => change === undefined))
    throw invalidOption('changes', `an object with one of ${CHANGES.names.join(', ')}`, given);
  if (fs.stat(runDir)?.kind !== 'folder')
    throw new ExpmanError('RUN_NOT_FOUND', `there is no folder ${runDir}`, { path: runDir });
  let labels: RunLabels = { tags: [], notes: '', summary: {} };
  amendRunFile(fs, runDir, (file) => {
    const changed = changedLabels(file, changes);
    const amended = { ...file, ...changed, ...changedSummary(file, changes.summary) };
    labels = labelsIn(amended);
    return amended;
  });
  return labels;
}

/** The labels to write; one that is not to change stays as another program may have written it. */
function changedLabels(
  file: Mapping,
  { tags, addTags, removeTags, notes, appendNotes }: ResolvedBy<typeof CHANGES>,
): Partial<Omit<RunLabels, 'summary'>> {
  const before = labelsIn(file);
  const removed = new Set(removeTags);
  const newTags = [...(tags ?? before.tags), ...(addTags ?? [])].filter((tag) => !removed.has(tag));
  const newNotes = [notes ?? before.notes, appendNotes ?? ''].filter((part) => part !== '').join('\n');
  const isTagged = (tags ?? addTags ?? removeTags) !== undefined;
  const isNoted = (notes ?? appendNotes) !== undefined;
  const checked = new ExperimentConfig('any', '.', {
    ...(isTagged && { tags: newTags }),
    ...(isNoted && { notes: newNotes }),
  });
  return { ...(isTagged && { tags: checked.tags }), ...(isNoted && { notes: checked.notes }) };
}

/** The summary to write, and the headline without the values that are removed. */
function changedSummary(file: Mapping, given: RunChanges['summary']): Mapping {
  if (given === undefined) return {};
  const { summary, headline } = summaryFactsIn(file);
  const kept = Object.entries(summary).filter(([name]) => given[name] !== null);
  const before = bareObject(kept);
  const set = Object.entries(given).filter(([, value]) => value !== null);
  const { values, refused } = new SummaryRoom({ ...file, summary: before }).check(Object.fromEntries(set));
  if (refused[0] !== undefined) throw refused[0];
  return {
    summary: { ...before, ...values },
    ...(file['headline'] !== undefined && {
      headline: headlineMapping(headline.filter((name) => Object.hasOwn(before, name))),
    }),
  };
}

const labelsIn = (file: Mapping): RunLabels => {
  const { tags, notes } = file;
  return {
    tags: Array.isArray(tags) ? tags.map(String) : [],
    notes: typeof notes === 'string' ? notes : '',
    summary: summaryFactsIn(file).summary,
  };
};
