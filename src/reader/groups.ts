import { numberIn } from '../pure/history.js';
import { definedIn } from '../pure/metric-definition.js';
import { jsonOrText } from '../model/json-text.js';
import { jsonable } from '../model/jsonable.js';
import type { ParamValue } from '../model/param-value.js';
import type { RunFacts } from '../model/run-facts.js';
import { runValue } from './run-value.js';
import type { FieldValue } from './where/fields.js';
import { parseField } from './where/parse-field.js';

/** A figure over the members of a group; a member without it does not count. */
export interface GroupFigure {
  /** The number of members that have it. */
  readonly count: number;
  /** The arithmetic mean. */
  readonly mean: number;
  /** The sample standard deviation, with n - 1; absent for a single member. */
  readonly deviation?: number;
  readonly min: number;
  readonly max: number;
  /** The best value and its run (of a distributed run: the first rank), where a goal is defined. */
  readonly best?: { readonly value: number; readonly run: RunFacts };
}

/** Runs that have the same value of a field. */
export interface FactsGroup {
  /** The value; undefined for the runs that have none. */
  readonly value: ParamValue | undefined;
  readonly runs: readonly RunFacts[];
  /** The number of members: the ranks of one distributed run are one. */
  readonly count: number;
  /** Figures by name. */
  readonly figures: ReadonlyMap<string, GroupFigure>;
}

/** Whether runs are to be grouped by each of their tags: `tag`, or as filters call it `tags`. */
export const isTag = (by: string): boolean => by === 'tag' || by === 'tags';

/**
 * Groups runs by a field as in filters, or by `tag`: then a run is in the group of each of its tags.
 * Groups are in the order of their values, runs without a value last.
 *
 * Runs with a `rank` that have the same `group` in the same experiment are one member, whose figures
 * are the means of theirs.
 *
 * @param names - the figures; see {@link runValue}
 * @throws ExpmanError `INVALID_FILTER` if `by` is not a field
 */
export function groupsOf(runs: readonly RunFacts[], by: string, names: readonly string[]): FactsGroup[] {
  const groups = new Map<string, { value: FieldValue; runs: RunFacts[] }>();
  const valuesOf = valuesBy(by);
  for (const facts of runs)
    for (const value of valuesOf(facts)) {
      const key = keyOf(value);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { value, runs: [facts] });
      else group.runs.push(facts);
    }
  return [...groups.values()]
    .sort((one, other) => compareValues(one.value, other.value))
    .map((group) => {
      const members = membersOf(group.runs);
      const figures = names.flatMap((name) => {
        const figure = figureOver(members, name);
        return figure === null ? [] : [[name, figure] as const];
      });
      return jsonable({ ...group, count: members.length, figures: jsonable(new Map(figures)) });
    });
}

/** Returns the names of all figures of runs: headlines first, then other summary values and metrics. */
export function figureNames(runs: readonly RunFacts[]): string[] {
  return [
    ...new Set([
      ...runs.flatMap(({ headline }) => headline),
      ...runs.flatMap(({ summary }) => Object.keys(summary)),
      ...runs.flatMap(({ metrics }) => [...metrics.keys()]),
    ]),
  ];
}

function valuesBy(by: string): (facts: RunFacts) => readonly FieldValue[] {
  if (isTag(by)) return ({ tags }) => (tags.length === 0 ? [undefined] : tags);
  const fieldOf = parseField(by);
  return (facts) => [fieldOf(facts)];
}

const keyOf = (value: FieldValue): string =>
  `${typeof value} ${typeof value === 'object' ? jsonOrText(value) : String(value)}`;

/** Orders numbers, then other values by their text; the absent one last. */
function compareValues(one: FieldValue, other: FieldValue): number {
  if (one === undefined || other === undefined) return one === other ? 0 : one === undefined ? 1 : -1;
  const [a, b] = [numberIn(one), numberIn(other)];
  if (a !== undefined && b !== undefined) return a - b;
  if (a !== undefined || b !== undefined) return a === undefined ? 1 : -1;
  return keyOf(one) < keyOf(other) ? -1 : 1;
}

/** Puts the ranks of one distributed run together, in their order. */
function membersOf(runs: readonly RunFacts[]): RunFacts[][] {
  const members = new Map<string, RunFacts[]>();
  for (const facts of runs) {
    const { experiment, group, rank, runDir } = facts;
    const key = rank === undefined || group === null ? runDir : JSON.stringify([experiment, group]);
    const member = members.get(key);
    if (member === undefined) members.set(key, [facts]);
    else member.push(facts);
  }
  return [...members.values()].map((ranks) =>
    ranks.sort((one, other) => (one.rank ?? 0) - (other.rank ?? 0)),
  );
}

function figureOver(members: readonly (readonly RunFacts[])[], name: string): GroupFigure | null {
  const valueOf = runValue(name);
  const found = members.flatMap((ranks) => {
    const values = ranks.flatMap((facts) => numberIn(valueOf(facts)) ?? []);
    const [run] = ranks;
    return values.length === 0 || run === undefined ? [] : [{ run, value: meanOf(values) }];
  });
  if (found.length === 0) return null;
  const values = found.map(({ value }) => value);
  const goal = definedIn('goal', members.flat(), name);
  const best = goal && found.reduce((best, each) => (isBetter(each.value, best.value, goal) ? each : best));
  return {
    count: values.length,
    mean: meanOf(values),
    ...(values.length > 1 && { deviation: deviationOf(values) }),
    min: values.reduce((least, value) => Math.min(least, value)),
    max: values.reduce((greatest, value) => Math.max(greatest, value)),
    ...(best !== undefined && { best }),
  };
}

const isBetter = (value: number, than: number, goal: 'min' | 'max'): boolean =>
  Number.isNaN(than) ? !Number.isNaN(value) : goal === 'min' ? value < than : value > than;

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
