import { invalidOption } from '../model/option-rules.js';
import { redactNamed } from '../model/redact-text.js';
import { NAMELESS, type NameScope, REDACTED, isSecretNumber, scopeOf } from '../model/secret-names.js';
import { type SpaceDescription, canonical } from './space/describe-space.js';

/**
 * Checks that the options of every choice remain distinguishable once secrets are redacted, as they
 * are in `sweep.yaml`: a resumed sweep has nothing else to identify them by.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function mustBeDistinctInFile(
  space: SpaceDescription,
  path = 'space',
  scope: NameScope = NAMELESS,
): void {
  if (!isGroup(space)) return;
  const options = optionsOf(space);
  if (options === null) {
    for (const [name, inner] of Object.entries(space))
      mustBeDistinctInFile(inner, `${path}.${name}`, scopeOf(name, scope));
    return;
  }
  const distinct = new Set(options.map((option) => canonical(written(option, scope))));
  if (distinct.size < new Set(options.map(canonical)).size)
    throw invalidOption(
      path,
      'a choice without secrets, which are not written to sweep.yaml; rename it if its options are not secret',
      options,
    );
  for (const option of options) mustBeDistinctInFile(option, path, scope);
}

/**
 * Restores the secrets of a space in parameters read from `sweep.yaml`, where they were redacted.
 */
export function withSecretsOf(
  space: SpaceDescription,
  params: unknown,
  scope: NameScope = NAMELESS,
): unknown {
  if (!isGroup(space)) return params === written(space, scope) ? space : params;
  const options = optionsOf(space);
  if (options !== null) {
    const taken = options.find((option) => hasShapeOf(option, params, scope));
    return taken === undefined ? params : withSecretsOf(taken, params, scope);
  }
  if (typeof params !== 'object' || params === null) return params;
  return Object.fromEntries(
    Object.entries(params).map(([name, value]: [string, unknown]) => {
      const inner = space[name];
      return [name, inner === undefined ? value : withSecretsOf(inner, value, scopeOf(name, scope))];
    }),
  );
}

/** True if redacted parameters may be those of an option. */
function hasShapeOf(option: SpaceDescription, params: unknown, scope: NameScope): boolean {
  if (!isGroup(option)) return params === written(option, scope);
  if (Object.values(option).some(Array.isArray)) return true;
  if (typeof params !== 'object' || params === null) return false;
  const names = Object.keys(option);
  return (
    names.length === Object.keys(params).length &&
    names.every((name) => {
      const inner = option[name];
      return inner !== undefined && hasShapeOf(inner, Reflect.get(params, name), scopeOf(name, scope));
    })
  );
}

/** Returns a value as `sweep.yaml` has it. */
const written = (value: SpaceDescription, scope: NameScope): unknown =>
  isSecretNumber(scope.name, value) ? REDACTED : redactNamed(value, scope);

interface Group {
  readonly [name: string]: SpaceDescription;
}

const isGroup = (space: SpaceDescription): space is Group =>
  typeof space === 'object' && !Array.isArray(space);

/** Returns the options of a choice; null if the group is not a choice. */
function optionsOf({ choice }: Group): readonly SpaceDescription[] | null {
  return Array.isArray(choice) ? (choice as readonly SpaceDescription[]) : null;
}
