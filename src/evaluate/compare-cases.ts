import { amount, resolvePath } from '../model/option-rules.js';
import { optionsTable } from '../model/options-table.js';
import { openStoredRun } from '../reader/stored-run.js';
import { nodeFs } from '../storage/node-fs.js';
import { type CaseRecord, readCases } from './case-result.js';

/** Options of {@link compareCases}. */
export interface CompareCasesOptions {
  /** The greatest difference of a score that is no change; default 0. */
  readonly tolerance?: number | undefined;
}

const OPTIONS = optionsTable<CompareCasesOptions>()({ tolerance: amount(0).byDefault(0) });

/** A case in two evaluations. */
export interface CaseChange {
  readonly id: string;
  readonly before: CaseRecord;
  readonly after: CaseRecord;
}

/** A case whose scores differ. */
export interface ScoreChange extends CaseChange {
  /** The names of the scores that differ. */
  readonly scores: readonly string[];
}

/** The cases of two evaluations, compared one by one. */
export interface CaseComparison {
  /** Cases that passed before and do not any more. */
  readonly broke: readonly CaseChange[];
  /** Cases that pass now and did not before. */
  readonly mended: readonly CaseChange[];
  /** Cases that pass, or fail, as before, with other scores. */
  readonly changed: readonly ScoreChange[];
  /** The number of cases that are as before. */
  readonly same: number;
  /** Ids of cases that only the earlier evaluation has. */
  readonly removed: readonly string[];
  /** Ids of cases that only the later one has. */
  readonly added: readonly string[];
}

/**
 * Compares two evaluations case by case, by the ids of their cases.
 *
 * @param before - the folder of the run to compare with
 * @param after - the folder of the run
 * @throws {@link ExpmanError} `INVALID_OPTION`, `RUN_NOT_FOUND`, `CORRUPT`, `IO`
 * @example
 * const { broke, mended } = await compareCases(baseline.runDir, run.runDir);
 * console.log(broke.map(({ id }) => id), mended.length);
 */
export async function compareCases(
  before: string,
  after: string,
  options: CompareCasesOptions = {},
): Promise<CaseComparison> {
  const { tolerance } = OPTIONS.resolve(options);
  const [old, now] = await Promise.all([
    readCases(openStoredRun(nodeFs, resolvePath('before', before))),
    readCases(openStoredRun(nodeFs, resolvePath('after', after))),
  ]);
  const both = inOrder(now).flatMap((each): CaseChange[] => {
    const known = old.get(each.id);
    return known === undefined ? [] : [{ id: each.id, before: known, after: each }];
  });
  const alike = both.filter(({ before: one, after: other }) => one.passed === other.passed);
  const changed = alike.flatMap((change): ScoreChange[] => {
    const scores = scoresThatDiffer(change, tolerance);
    return scores.length === 0 ? [] : [{ ...change, scores }];
  });
  return {
    broke: both.filter((each) => each.before.passed && !each.after.passed),
    mended: both.filter((each) => !each.before.passed && each.after.passed),
    changed,
    same: alike.length - changed.length,
    removed: inOrder(old).flatMap(({ id }) => (now.has(id) ? [] : [id])),
    added: inOrder(now).flatMap(({ id }) => (old.has(id) ? [] : [id])),
  };
}

/** Returns cases by their place in the evaluation; rows are in the order in which cases ended. */
const inOrder = (cases: ReadonlyMap<string, CaseRecord>): CaseRecord[] =>
  [...cases.values()].sort((one, other) => one.index - other.index);

function scoresThatDiffer({ before, after }: CaseChange, tolerance: number): string[] {
  const names = new Set([...Object.keys(before.scores), ...Object.keys(after.scores)]);
  return [...names].filter((name) => {
    const [one, other] = [before.scores[name], after.scores[name]];
    if (one === undefined || other === undefined) return one !== other;
    if (Object.is(Number(one), Number(other))) return false;
    return !(Math.abs(Number(one) - Number(other)) <= tolerance);
  });
}
