import { type ErrorCode, ExpmanError, messageOf } from '../model/errors.js';
import { ExitCode, type Terminal } from './terminal.js';

/** What a command was asked beside its arguments, by the long names of its options in camel case. */
export type Options = Readonly<Record<string, unknown>>;

/** Does a command's work and returns the exit code. */
export type CommandRun = (
  args: readonly string[],
  options: Options,
  terminal: Terminal,
) => Promise<number> | number;

/** An option as commander writes it, and the text of the help. */
export type CommandOption = readonly [flags: string, description: string];

/** A command of the CLI. */
export interface Command {
  readonly name: string;
  /** As commander writes them: `<run...>` for one or more, `[dir]` for one that may be left out. */
  readonly args: string;
  readonly summary: string;
  readonly options: readonly CommandOption[];
  /** What the help says beyond that. */
  readonly details?: string;
  /** What `--json` prints, in words; keys are only ever added. */
  readonly json: string;
  /** Loaded when it is asked for: most of what this package can do is not needed to say so. */
  readonly load: () => Promise<{ readonly run: CommandRun }>;
}

/** A command was used wrongly; its message says how. */
export class UsageError extends Error {}

/** The text of an option, or undefined when it was not given. */
export function textOption(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** The texts of an option with commas in it. */
export function listOption(options: Options, name: string): string[] | undefined {
  return textOption(options, name)
    ?.split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

/** Whether an option without a value was given. */
export const hasOption = (options: Options, name: string): boolean => options[name] === true;

/** The number of an option. @throws {@link UsageError} when it is none, or out of bounds */
export function numberOption(
  options: Options,
  name: string,
  { min = -Infinity, max = Infinity, isInteger = true } = {},
): number | undefined {
  const text = textOption(options, name);
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

/** A time such as `90s`, `12h`, `30d`, in milliseconds. @throws {@link UsageError} for what is none, or is too long */
export function durationOption(options: Options, name: string, maxMs = Infinity): number | undefined {
  const text = textOption(options, name);
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
