import { type ErrorCode, ExpmanError, messageOf } from '../model/errors.js';
import { ExitCode, type Terminal } from './terminal.js';

/** An option as commander writes it, and the text of the help. */
export type CommandOption = readonly [flags: string, description: string];

/** The options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly debug?: boolean;
}

/**
 * The values that commander returns for declared options, by their long names in camel case:
 * `--older-than <time>` is text, `--all` is true if it is given, `--no-cache` is false if it is.
 */
export type OptionsOf<D extends readonly CommandOption[]> = CommonOptions & {
  readonly [F in D[number][0] as NameOf<LongOf<F>>]: ValueOf<LongOf<F>>;
};

/** `older-than <time>` of `-o, --older-than <time>`. */
type LongOf<Flags extends string> = Flags extends `${string}--${infer Long}` ? Long : never;

type NameOf<Long extends string> = Long extends `${infer Name} <${string}>`
  ? Camel<Name>
  : Long extends `no-${infer Name}`
    ? Camel<Name>
    : Camel<Long>;

type ValueOf<Long extends string> = Long extends `${string} <${string}>`
  ? string | undefined
  : Long extends `no-${string}`
    ? boolean
    : true | undefined;

type Camel<Kebab extends string> = Kebab extends `${infer Head}-${infer Rest}`
  ? `${Head}${Capitalize<Camel<Rest>>}`
  : Kebab;

/** Does a command's work and returns the exit code. */
export type CommandRun<D extends readonly CommandOption[]> = (
  args: readonly string[],
  options: OptionsOf<D>,
  terminal: Terminal,
) => Promise<number> | number;

/** A command of the CLI, as it is declared. */
interface Declaration<D extends readonly CommandOption[]> {
  readonly name: string;
  /**
   * Arguments as commander writes them: `<run...>` for one or more, `[dir]` for an optional one; empty
   * for none.
   */
  readonly args: string;
  /** The arguments as the help shows them, if commander cannot express them. */
  readonly usage?: string;
  readonly summary: string;
  readonly options: D;
  /** Further text for the help. */
  readonly details?: string;
  /** A description of what `--json` prints; keys are only ever added. */
  readonly json: string;
  /** Loads the implementation on demand: most of this package is not needed to print the help. */
  readonly load: () => Promise<{ readonly run: CommandRun<D> }>;
}

/** A command of the CLI; it receives the values that commander parsed for its own options. */
export interface Command extends Omit<Declaration<readonly CommandOption[]>, 'load'> {
  load(): Promise<{
    run(args: readonly string[], options: CommonOptions, terminal: Terminal): Promise<number> | number;
  }>;
}

/** Declares a command; its implementation receives the options that it declares, and no others. */
export const command = <const D extends readonly CommandOption[]>(declaration: Declaration<D>): Command =>
  declaration;

/** Thrown when a command is used wrongly; the message says how. */
export class UsageError extends Error {}

/**
 * Tells if `--csv` is given.
 *
 * @throws {@link UsageError} if `--json` is given as well
 */
export function wantsCsv({ csv, json }: CommonOptions & { readonly csv: true | undefined }): boolean {
  if (csv === true && json === true)
    throw new UsageError('--csv and --json cannot be combined; choose one of them');
  return csv === true;
}

/** Splits the text of an option at its commas. */
export const listOf = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');

/** Options in which this one is text. */
type WithText<Name extends string> = Readonly<Record<Name, string | undefined>>;

/**
 * Parses an option as a number.
 *
 * @throws {@link UsageError} if it is not a number, or out of bounds
 */
export function numberOption<Name extends string>(
  options: WithText<Name>,
  name: Name,
  { min = -Infinity, max = Infinity, isInteger = true } = {},
): number | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  const number = text.trim() === '' ? NaN : Number(text);
  if (Number.isNaN(number) || number < min || number > max || (isInteger && !Number.isInteger(number)))
    throw new UsageError(
      `--${kebab(name)} must be ${isInteger ? 'a whole number' : 'a number'}${bounds(min, max)}; got ${JSON.stringify(text)}`,
    );
  return number;
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function bounds(min: number, max: number): string {
  if (max !== Infinity) return ` from ${min} to ${max}`;
  return min === -Infinity ? '' : ` from ${min} up`;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * Parses a time such as `90s`, `12h` or `30d` into milliseconds.
 *
 * @throws {@link UsageError} for anything else, or a time that is too long
 */
export function durationOption<Name extends string>(
  options: WithText<Name>,
  name: Name,
  maxMs = Infinity,
): number | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? [];
  if (number === undefined || unit === undefined)
    throw new UsageError(
      `--${kebab(name)} must be a time such as 90s, 12h or 30d; got ${JSON.stringify(text)}`,
    );
  const ms = Number(number) * (UNITS[unit] ?? 1) * 1000;
  if (ms > maxMs)
    throw new UsageError(
      `--${kebab(name)} must be a time up to ${Math.floor(maxMs / 86_400_000)}d; got ${JSON.stringify(text)}`,
    );
  return ms;
}

/** Formats an error as its code and message, without a stack. */
export function codeAndMessageOf(error: unknown): string {
  if (error instanceof ExpmanError) return `${error.code}: ${error.message}`;
  return messageOf(error);
}

/** Returns the exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return ExitCode.usage;
  const codes: Partial<Record<ErrorCode, number>> = {
    RUN_LOCKED: ExitCode.locked,
    FENCED: ExitCode.locked,
    IO: ExitCode.io,
    WRITE_FAILED: ExitCode.io,
  };
  return error instanceof ExpmanError ? (codes[error.code] ?? ExitCode.invalid) : ExitCode.io;
}
