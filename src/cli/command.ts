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
 * What commander makes of some declared options, by their long names in camel case: `--older-than <time>` is text, `--all` is true where
 * it is given, `--no-cache` is false where it is.
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
  /** As commander writes them: `<run...>` for one or more, `[dir]` for one that may be left out. */
  readonly args: string;
  readonly summary: string;
  readonly options: D;
  /** What the help says beyond that. */
  readonly details?: string;
  /** What `--json` prints, in words; keys are only ever added. */
  readonly json: string;
  /** Loaded when it is asked for: most of what this package can do is not needed to say so. */
  readonly load: () => Promise<{ readonly run: CommandRun<D> }>;
}

/** A command of the CLI; it is given what commander has made of its own options. */
export interface Command extends Omit<Declaration<readonly CommandOption[]>, 'load'> {
  load(): Promise<{
    run(args: readonly string[], options: CommonOptions, terminal: Terminal): Promise<number> | number;
  }>;
}

/** A command whose work is given the options that it declares, and no others. */
export const command = <const D extends readonly CommandOption[]>(declaration: Declaration<D>): Command =>
  declaration;

/** A command was used wrongly; its message says how. */
export class UsageError extends Error {}

/** The texts of an option with commas in it. */
export const listOf = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');

/** Options of which this one is text. */
type WithText<Name extends string> = Readonly<Record<Name, string | undefined>>;

/** The number of an option. @throws {@link UsageError} when it is not a number, or out of bounds */
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

/** A time such as `90s`, `12h`, `30d`, in milliseconds. @throws {@link UsageError} for anything else, or a time that is too long */
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

/** What is told of an error: its code and message, without a stack. */
export function codeAndMessageOf(error: unknown): string {
  if (error instanceof ExpmanError) return `${error.code}: ${error.message}`;
  return messageOf(error);
}

/** The exit code an error stands for. */
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
