import { parseSpace } from './parse-space.js';
import type { NumberDistribution, Scalar, Space } from './space.js';
import type { SpaceNode } from './space-tree.js';

/**
 * A space as plain data, fit for YAML and JSON: a distribution is `{ uniform: [low, high] }`,
 * everything else stands for itself.
 */
export type SpaceDescription =
  Scalar | readonly SpaceDescription[] | { readonly [name: string]: SpaceDescription };

/**
 * Describes a space as plain data, to be stored with the results of a search.
 *
 * Different spaces have different descriptions; arrays only occur in distributions, so that a
 * parameter may have the name of one.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` if the space is not valid
 * @example
 * describeSpace({ lr: logUniform(1e-5, 1e-1), optimizer: choice('sgd', 'adam'), epochs: 10 });
 * // { epochs: 10, lr: { logUniform: [1e-5, 0.1] }, optimizer: { choice: ['sgd', 'adam'] } }
 */
export function describeSpace(space: Space): SpaceDescription {
  return described(parseSpace(space).root);
}

/**
 * True if a description, as read from a file, is that of a space. The order of names does not
 * matter.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` if the space is not valid
 */
export function isDescriptionOf(description: unknown, space: Space): boolean {
  return canonical(description) === canonical(describeSpace(space));
}

function described(node: SpaceNode): SpaceDescription {
  switch (node.kind) {
    case 'constant':
      return node.value;
    case 'number':
      return { [node.distribution.kind]: argumentsOf(node.distribution) };
    case 'choice':
      return { choice: node.options.map(described) };
    case 'group':
      return Object.fromEntries(node.entries.map(([name, inner]) => [name, described(inner)]));
  }
}

function argumentsOf(distribution: NumberDistribution): readonly number[] {
  switch (distribution.kind) {
    case 'normal':
      return [distribution.mean, distribution.deviation];
    case 'quniform':
      return [distribution.low, distribution.high, distribution.q];
    default:
      return [distribution.low, distribution.high];
  }
}

/** Writes a description as text that does not depend on the order of names. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'bigint') return `${inner}n`;
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
