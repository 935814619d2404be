import { invalidOption, REFUSED, rule, type Rule, unknownOption, unknownWords } from './option-rules.js';

/** The table of the options of a call. */
export interface OptionsTable<O, R> {
  /** The names, in the order of the table. */
  readonly names: readonly string[];
  /** The rules by name: what is allowed, and the words for it in errors. */
  readonly rules: R;
  /**
   * Checks options and fills in the defaults; `undefined` is an absent value.
   *
   * @throws ExpmanError `INVALID_OPTION` for an unknown name, with the nearest known one, and for a
   * value that breaks its rule
   */
  resolve(options: O | undefined): Resolved<R>;
  /** The table as the rule of a single option whose value is an object of these options. */
  asRule(): Rule<O, Resolved<R>>;
  /**
   * The same for an option that may also be a boolean: `true` becomes `whenTrue`, `false` stays.
   * Errors name the option, with these words.
   */
  orFlag<T>(words: string, whenTrue: T): Rule<O | boolean, Resolved<R> | T | false>;
}

/**
 * A rule for each option of `O`; an option is optional by its rule exactly if it is by its type.
 */
export type RulesOf<O> = {
  readonly [K in keyof O]-?: IsOptional<O, K> extends true
    ? Rule<Exclude<O[K], undefined>, unknown, unknown>
    : Rule<O[K], unknown, never>;
};

/** Checked options: values as the rules return them, defaults filled in. */
export type Resolved<R> = {
  readonly [K in keyof R]: R[K] extends { read(option: string, value: unknown): infer Value } ? Value : never;
};

/** The type to which a table resolves its options. */
export type ResolvedBy<T> = T extends { resolve(options: never): infer R } ? R : never;

/**
 * Makes the table of the options `O`, the only place that describes them.
 *
 * A name that only the table or only `O` has, or a rule that accepts other values than `O`, is a
 * compile error.
 *
 * @example
 * const OPTIONS = optionsTable<PlateauOptions>()({ patience: integer(1).required(), mode: oneOf('min', 'max').byDefault('min') });
 * const { patience, mode } = OPTIONS.resolve(options);
 */
export function optionsTable<O extends object>() {
  return <R extends RulesOf<O>>(
    rules: R & NoOthers<O, R> & Readonly<Record<string, Reads>>,
  ): OptionsTable<O, R> => {
    const names = Object.freeze(Object.keys(rules));
    const read = (options: unknown, what: string): Resolved<R> => {
      mustBeKnown(options, names, what);
      const values = names.map((name) => [name, rules[name]?.read(name, Reflect.get(options, name))]);
      // Each value is the result of the rule of its name.
      return Object.fromEntries(values) as Resolved<R>;
    };
    return {
      names,
      rules,
      resolve: (options) => read(options, 'options'),
      asRule: () => rule<O, Resolved<R>>('an object', read),
      orFlag: <T>(words: string, whenTrue: T) =>
        rule<O | boolean, Resolved<R> | T | false>(words, (value, option) => {
          if (typeof value === 'boolean') return value && whenTrue;
          if (!isObject(value)) return REFUSED;
          const stranger = Object.keys(value).find((name) => !names.includes(name));
          if (stranger !== undefined)
            throw invalidOption(option, words, value, `; ${unknownWords(stranger, names)}`);
          const values = Object.entries<Reads>(rules).map(([name, { accept, whenAbsent }]) => {
            const given: unknown = Reflect.get(value, name) ?? undefined;
            return [name, given === undefined ? whenAbsent(name) : accept(given, option)] as const;
          });
          if (values.some(([, each]) => each === REFUSED)) return REFUSED;
          return Object.freeze(Object.fromEntries(values)) as Resolved<R>;
        }),
    };
  };
}

/** The part of a rule that a table needs. */
type Reads = Pick<Rule<never, unknown, unknown>, 'read' | 'accept' | 'whenAbsent'>;

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type IsOptional<O, K extends keyof O> = Partial<Pick<O, K>> extends Pick<O, K> ? true : false;

/** Forbids rules for options that `O` does not have, and required rules for optional ones. */
type NoOthers<O, R> = {
  readonly [K in keyof R]: K extends keyof O
    ? IsOptional<O, K> extends true
      ? [AbsentOf<R[K]>] extends [never]
        ? never
        : unknown
      : unknown
    : never;
};

type AbsentOf<R> = R extends { whenAbsent(option: string): infer Absent } ? Absent : unknown;

function mustBeKnown(options: unknown, names: readonly string[], what: string): asserts options is object {
  if (!isObject(options)) throw invalidOption(what, 'an object', options);
  for (const key of Object.keys(options))
    if (!names.includes(key)) throw unknownOption(key, Reflect.get(options, key), names);
}
