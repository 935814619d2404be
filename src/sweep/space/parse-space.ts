import { invalidOption } from '../../model/option-rules.js';
import { isPolluting } from '../../model/param-value.js';
import { checkNumbers } from './distribution-rules.js';
import { isDistribution, type Choice, type NumberDistribution, type Scalar } from './space.js';
import type {
  ChoiceNode,
  Condition,
  ConstantNode,
  Dimension,
  GroupNode,
  NumberNode,
  SpaceNode,
  SpaceTree,
} from './space-tree.js';
import { mayLookAlike } from './told-apart.js';

/**
 * The deepest nesting of groups and choices; a run's parameters and sweep.yaml, which are both
 * bounded, allow as much.
 *
 * @bound refuses: INVALID_OPTION
 */
export const MAX_SPACE_DEPTH = 16;

/**
 * The most constants, distributions and options of a space.
 *
 * @bound refuses: INVALID_OPTION
 */
export const MAX_SPACE_ENTRIES = 4096;

/**
 * Checks a whole space and lists the dimensions to search.
 *
 * Names are sorted by code unit, so that spaces that differ only in order are the same space.
 *
 * @throws ExpmanError `INVALID_OPTION` with the place, the rule and the value
 */
export function parseSpace(space: unknown): SpaceTree {
  const parser = new Parser();
  const root = parser.group(space, { path: 'space', condition: null, ancestors: [] });
  if (parser.dimensions.length === 0)
    throw invalidOption('space', 'a space with at least one parameter that varies', space);
  return { root, dimensions: parser.dimensions };
}

/** The position of the parser. */
interface Place {
  readonly path: string;
  readonly condition: Condition | null;
  readonly ancestors: readonly object[];
}

class Parser {
  readonly dimensions: Dimension[] = [];
  #entryCount = 0;

  group(value: unknown, place: Place): GroupNode {
    const group = plainObject(value, place);
    const names = Object.keys(group).sort();
    if (names.length === 0) throw invalidOption(place.path, 'an object with at least one parameter', value);
    const ancestors = [...place.ancestors, group];
    return {
      kind: 'group',
      entries: names.map((name) => {
        if (isPolluting(name)) throw invalidOption(place.path, 'free of names that reach a prototype', name);
        const inner = { ...place, path: `${place.path}.${name}`, ancestors };
        return [name, this.#entry(group[name], inner)];
      }),
    };
  }

  #entry(value: unknown, place: Place): SpaceNode {
    this.#count(place);
    if (typeof value !== 'object' || value === null) return constant(value, place);
    if (!isDistribution(value)) return this.group(value, place);
    return value.kind === 'choice' ? this.#choice(value, place) : this.#number(value, place);
  }

  #number(distribution: NumberDistribution, { path, condition }: Place): NumberNode {
    checkNumbers(distribution, path);
    const dimension = this.dimensions.push({ kind: 'number', path, condition, distribution }) - 1;
    return { kind: 'number', dimension, distribution };
  }

  #choice(value: Choice, place: Place): ChoiceNode {
    const { path, condition } = place;
    const optionCount = value.options.length;
    if (optionCount === 0) throw invalidOption(path, 'given at least one option', value);
    const dimension = this.dimensions.push({ kind: 'choice', path, condition, optionCount }) - 1;
    const ancestors = [...place.ancestors, value];
    const options = value.options.map((option, at) =>
      this.#option(option, { path: `${path}[${at}]`, condition: { dimension, option: at }, ancestors }),
    );
    checkToldApart(options, value, path);
    return { kind: 'choice', dimension, options };
  }

  #option(value: unknown, place: Place): ConstantNode | GroupNode {
    this.#count(place);
    return typeof value === 'object' && value !== null ? this.group(value, place) : constant(value, place);
  }

  #count({ path }: Place): void {
    this.#entryCount += 1;
    if (this.#entryCount > MAX_SPACE_ENTRIES)
      throw invalidOption(path, `within the ${MAX_SPACE_ENTRIES} entries of a space`, this.#entryCount);
  }
}

function plainObject(value: unknown, { path, ancestors }: Place): Readonly<Record<string, unknown>> {
  if (!isPlain(value)) throw invalidOption(path, 'a plain object of parameters', value);
  if (ancestors.includes(value)) throw invalidOption(path, 'free of circular references', value);
  if (ancestors.length >= MAX_SPACE_DEPTH)
    throw invalidOption(path, `nested at most ${MAX_SPACE_DEPTH} deep`, value);
  return value;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || isDistribution(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function constant(value: unknown, { path }: Place): ConstantNode {
  if (isScalar(value)) return { kind: 'constant', value: value === 0 ? 0 : value };
  throw invalidOption(
    path,
    'a distribution, a string, a finite number, a boolean or an object of them',
    value,
  );
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function checkToldApart(options: ChoiceNode['options'], value: Choice, path: string): void {
  const groups: GroupNode[] = [];
  const seen = new Set<Scalar>();
  options.forEach((option, at) => {
    const isDouble =
      option.kind === 'constant'
        ? seen.has(option.value)
        : groups.some((other) => mayLookAlike(other, option));
    if (isDouble)
      throw invalidOption(
        `${path}[${at}]`,
        'distinguishable from the earlier options by a constant',
        value.options[at],
      );
    if (option.kind === 'constant') seen.add(option.value);
    else groups.push(option);
  });
}
