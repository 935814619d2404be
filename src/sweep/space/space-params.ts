import { invalidOption } from '../../model/option-rules.js';
import { containsNumber } from './number-values.js';
import type { NumberDistribution, Scalar } from './space.js';
import type { Assignment, SpaceNode, SpaceTree } from './space-tree.js';

/** Parameters as passed to a trial: plain objects, frozen. */
export type SpaceParams = Scalar | { readonly [name: string]: SpaceParams };

/** Returns the parameters of an assignment. */
export function toParams({ root }: SpaceTree, assignment: Assignment): SpaceParams {
  const paramsOf = (node: SpaceNode): SpaceParams => {
    switch (node.kind) {
      case 'constant':
        return node.value;
      case 'number':
        return assigned(assignment, node.dimension);
      case 'choice':
        return paramsOf(node.options[assigned(assignment, node.dimension)]!);
      case 'group':
        return Object.freeze(
          Object.fromEntries(node.entries.map(([name, inner]) => [name, paramsOf(inner)])),
        );
    }
  };
  return paramsOf(root);
}

/**
 * Returns the assignment of parameters; the inverse of {@link toParams}, also for parameters read
 * back from YAML.
 *
 * @param place - what errors call the parameters
 * @throws ExpmanError `INVALID_OPTION` for parameters that no trial of the space can have, with
 * their place and the rule
 */
export function toAssignment({ root, dimensions }: SpaceTree, params: unknown, place = 'params'): Assignment {
  const assignment: (number | null)[] = dimensions.map(() => null);
  const read = (node: SpaceNode, value: unknown, path: string): void => {
    if (!accepts(node, value)) throw invalidOption(path, ruleOf(node), value);
    if (node.kind === 'number' && typeof value === 'number') assignment[node.dimension] = value;
    if (node.kind === 'choice') {
      const taken = node.options.findIndex((option) => fits(option, value));
      const option = node.options[taken];
      if (option === undefined) throw invalidOption(path, ruleOf(node), value);
      assignment[node.dimension] = taken;
      read(option, value, path);
    }
    if (node.kind === 'group')
      for (const [name, inner] of node.entries) read(inner, valueOf(value, name), `${path}.${name}`);
  };
  read(root, params, place);
  return assignment;
}

function assigned(assignment: Assignment, dimension: number): number {
  const value = assignment[dimension];
  if (value === undefined || value === null)
    throw invalidOption(`assignment[${dimension}]`, 'a number, as the dimension is active', value);
  return value;
}

/** True if a value is valid for a node, without checking the contents of a group. */
function accepts(node: SpaceNode, value: unknown): boolean {
  switch (node.kind) {
    case 'constant':
      return node.value === value;
    case 'number':
      return typeof value === 'number' && containsNumber(node.distribution, value);
    case 'choice':
      return true;
    case 'group':
      return (
        typeof value === 'object' &&
        value !== null &&
        Object.keys(value).length === node.entries.length &&
        node.entries.every(([name]) => Object.hasOwn(value, name))
      );
  }
}

/** True if a value and all its contents are valid for a node. */
function fits(node: SpaceNode, value: unknown): boolean {
  if (!accepts(node, value)) return false;
  if (node.kind === 'choice') return node.options.some((option) => fits(option, value));
  return node.kind !== 'group' || node.entries.every(([name, inner]) => fits(inner, valueOf(value, name)));
}

function valueOf(group: unknown, name: string): unknown {
  return typeof group === 'object' && group !== null ? Reflect.get(group, name) : undefined;
}

function ruleOf(node: SpaceNode): string {
  switch (node.kind) {
    case 'constant':
      return `the constant ${JSON.stringify(node.value)}`;
    case 'number':
      return `a value of ${callOf(node.distribution)}`;
    case 'choice':
      return `one of the ${node.options.length} options of the choice`;
    case 'group':
      return `an object with exactly ${node.entries.map(([name]) => JSON.stringify(name)).join(', ')}`;
  }
}

/** Writes a distribution as its call in code. */
function callOf(distribution: NumberDistribution): string {
  switch (distribution.kind) {
    case 'normal':
      return `normal(${distribution.mean}, ${distribution.deviation})`;
    case 'quniform':
      return `quniform(${distribution.low}, ${distribution.high}, ${distribution.q})`;
    default:
      return `${distribution.kind}(${distribution.low}, ${distribution.high})`;
  }
}
