import { resolve } from 'node:path';
import { describeType, ExpmanError } from './errors.js';
import { nearestWord } from './nearest-word.js';
import { quoted } from './printable.js';

/** The result of a check for a value that breaks its rule. */
export const REFUSED = Symbol('refused');

/**
 * The longest delay of a Node timer; a longer one fires at once.
 *
 * @bound refuses: INVALID_OPTION
 */
export const MAX_TIMER_MS = 2 ** 31 - 1;

// Callers in plain JavaScript can pass anything, so every check takes `unknown`.
type Accept<Out> = (value: unknown, option: string) => Out | typeof REFUSED;

/**
 * The values an option may have, as a check and in words, and the value for an absent one.
 *
 * `In` is the type a caller may give, `Out` the type after the check, `Absent` that of an absent
 * value: `undefined`, the default, or `never` if the option is required.
 */
export class Rule<In, Out = In, Absent = undefined> {
  /** For the compiler only: a rule fits an option only if it accepts exactly the option's type. */
  declare readonly takes: (value: In) => In;

  /** @param words - completes "must be" in error messages */
  constructor(
    readonly words: string,
    /** Returns the checked value, or `REFUSED`. */
    readonly accept: Accept<Out>,
    /** Returns the value of an absent option; throws if it is required. */
    readonly whenAbsent: (option: string) => Absent,
  ) {}

  /** The same rule for an option that has a default. */
  byDefault(fallback: Out): Rule<In, Out, Out> {
    return new Rule<In, Out, Out>(this.words, this.accept, () => fallback);
  }

  /** The same rule for an option that must be given. */
  required(): Rule<In, Out, never> {
    return new Rule<In, Out, never>(this.words, this.accept, (option) => {
      this.check(option, undefined);
      throw invalidOption(option, this.words, undefined);
    });
  }

  /** The same rule in other words. */
  inWords(words: string): Rule<In, Out, Absent> {
    return new Rule(words, this.accept, this.whenAbsent);
  }

  /**
   * The same rule for an option that has always accepted null as absent, although its type does not
   * say so.
   */
  orNull(): Rule<In, Out, Absent> {
    const { accept, whenAbsent } = this;
    return new NullableRule(this.words, accept, whenAbsent);
  }

  /** Reads the value of an option by this rule. @throws ExpmanError `INVALID_OPTION` */
  read(option: string, value: unknown): Out | Absent {
    return value === undefined ? this.whenAbsent(option) : this.check(option, value);
  }

  /**
   * Checks a value that must be present, such as an argument. @throws ExpmanError `INVALID_OPTION`
   */
  check(option: string, value: unknown): Out {
    const accepted = this.accept(value, option);
    if (accepted === REFUSED) throw invalidOption(option, this.words, value);
    return accepted;
  }
}

class NullableRule<In, Out, Absent> extends Rule<In, Out, Absent> {
  override read(option: string, value: unknown): Out | Absent {
    return super.read(option, value ?? undefined);
  }
}

/** An optional rule with a custom check. */
export const rule = <In, Out = In>(words: string, accept: Accept<Out>): Rule<In, Out> =>
  new Rule<In, Out>(words, accept, () => undefined);

/** A rule for values that stay as they are. */
export const ruleOf = <T>(words: string, holds: (value: unknown) => value is T): Rule<T> =>
  rule<T>(words, (value) => (holds(value) ? value : REFUSED));

/** An integer within bounds, both included. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Rule<number> {
  const upper = max === Number.MAX_SAFE_INTEGER ? 'up' : `to ${max}`;
  return ruleOf(
    `an integer from ${min} ${upper}`,
    (value): value is number => Number.isInteger(value) && isWithin(value, min, max),
  );
}

/** A number from `min` up, finite unless `max` is Infinity. */
export const amount = (min = 0, max = Number.MAX_VALUE): Rule<number> =>
  ruleOf(`a number from ${min} up`, (value): value is number => isWithin(value, min, max));

/** A number above 0. */
export const positive = (max = Number.MAX_VALUE): Rule<number> =>
  ruleOf(
    max === Number.MAX_VALUE ? 'a positive number' : `a number above 0, at most ${max}`,
    (value): value is number => value !== 0 && isWithin(value, 0, max),
  );

/** A delay that a Node timer can wait. */
export const milliseconds = (): Rule<number> =>
  ruleOf(`a number of milliseconds from 1 to ${MAX_TIMER_MS}`, (value): value is number =>
    isWithin(value, 1, MAX_TIMER_MS),
  );

/** One of some words. */
export const oneOf = <const W extends string>(...words: readonly W[]): Rule<W> =>
  rule<W>(
    `one of ${words.map((word) => `'${word}'`).join(', ')}`,
    (value) => words.find((word) => word === value) ?? REFUSED,
  );

/** True or false. */
export const flag = (): Rule<boolean> =>
  ruleOf('a boolean', (value): value is boolean => typeof value === 'boolean');

/** Any text. */
export const string = (): Rule<string> =>
  ruleOf('a string', (value): value is string => typeof value === 'string');

/** The name of a metric. */
export const metricName = (): Rule<string> =>
  ruleOf("a metric's name", (value): value is string => typeof value === 'string' && value !== '');

/** An array of texts. */
export const strings = (words: string): Rule<readonly string[]> =>
  ruleOf(
    words,
    (value): value is readonly string[] =>
      Array.isArray(value) && value.every((each) => typeof each === 'string'),
  );

/** A path, made absolute. */
export const path = (): Rule<string> =>
  rule('a non-empty path without NUL', (value) =>
    typeof value !== 'string' || value === '' || value.includes('\0') ? REFUSED : resolve(value),
  );

/** A function of the type of its option; no check can look at its parameters. */
export const callback = <F extends (...args: never[]) => unknown>(words = 'a function'): Rule<F> =>
  ruleOf(words, (value): value is F => typeof value === 'function');

/** An object with these methods, of the type of its option. */
export const withMethods = <T extends object>(
  words: string,
  ...methods: readonly Extract<keyof T, PropertyKey>[]
): Rule<T> => ruleOf(words, (value): value is T => methods.every((method) => hasMethod(value, method)));

/** True if a value is an object with a method of that name. */
export function hasMethod(value: unknown, method: PropertyKey): boolean {
  const isObject = (typeof value === 'object' || typeof value === 'function') && value !== null;
  return isObject && typeof Reflect.get(value, method) === 'function';
}

/** An array of objects that each have a string property and some methods. */
export const listOf = <T extends object>(
  words: string,
  text: Extract<keyof T, PropertyKey>,
  ...methods: readonly Extract<keyof T, PropertyKey>[]
): Rule<readonly T[]> =>
  ruleOf(
    words,
    (value): value is readonly T[] =>
      Array.isArray(value) &&
      value.every(
        (each: unknown) =>
          methods.every((method) => hasMethod(each, method)) &&
          typeof Reflect.get(Object(each), text) === 'string',
      ),
  );

/**
 * The folder of experiments, which may be given as `dir` or as `baseDir`.
 *
 * @throws ExpmanError `INVALID_OPTION` if both are given and differ
 */
export function eitherFolder(dir: string | undefined, baseDir: string | undefined): string | undefined {
  if (dir !== undefined && baseDir !== undefined && dir !== baseDir)
    throw invalidOption('baseDir', `left out, or ${quoted(dir)} as dir is`, baseDir);
  return dir ?? baseDir;
}

/** Checks a path and makes it absolute. @throws ExpmanError `INVALID_OPTION` */
export const resolvePath = (option: string, value: unknown): string => PATH.check(option, value);

/** The error for an option that breaks its rule. */
export function invalidOption(option: string, words: string, value: unknown, hint = ''): ExpmanError {
  const type = describeType(value);
  const given = type === 'object' || type === 'function' || type === 'array' ? '' : ` ${shown(value)}`;
  return new ExpmanError('INVALID_OPTION', `${option} must be ${words}; got${given} (${type})${hint}`, {
    option,
    rule: words,
    value,
    type,
  });
}

/** The error for an option that is not in the table. */
export function unknownOption(key: string, value: unknown, known: readonly string[]): ExpmanError {
  const all = known.length > 0 ? known.join(', ') : 'none';
  const facts = { option: key, rule: `one of ${all}`, value, type: describeType(value) };
  const nearest = unknownWords(key, known);
  return new ExpmanError(
    'INVALID_OPTION',
    `${nearest}${nearest.endsWith('?') ? '' : '.'} Known options: ${all}`,
    facts,
  );
}

/** Says that an option is unknown, and which one was probably meant. */
export function unknownWords(key: string, known: readonly string[]): string {
  const near = nearestWord(key, known);
  return `unknown option ${quoted(key)}${near === undefined ? '' : `; did you mean "${near}"?`}`;
}

const PATH = path();

const isWithin = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && value >= min && value <= max;

const shown = (value: unknown): string => (typeof value === 'string' ? quoted(value) : String(value));
