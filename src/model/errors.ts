import { isError } from './realms.js';

/**
 * Every code an {@link ExpmanError} can carry. Codes are the contract: messages may be reworded,
 * codes may not.
 *
 * | code | when |
 * |---|---|
 * | `INVALID_OPTION` | an option of a config or a call breaks its rule |
 * | `INVALID_NAME` | an experiment, run or artifact name could leave its folder or confuse a tool |
 * | `INVALID_VALUE` | a metric value, step or timestamp cannot be logged (only with `onInvalid: 'throw'`) |
 * | `RUN_EXISTS` | the run folder exists and `resume` is `'never'` |
 * | `RUN_NOT_FOUND` | `resume: 'must'`, or a command, names a run that does not exist |
 * | `RUN_LOCKED` | another living process owns the run |
 * | `RUN_CLOSED` | a call that needs an open run came after the run was closed |
 * | `BACKPRESSURE` | `maxBufferedBytes` is reached and `backpressure` is `'throw'` |
 * | `WRITE_FAILED` | rows could not be made durable; `count` is the number that still wait in memory |
 * | `FENCED` | another owner has taken over the run; this one writes nothing more |
 * | `ARTIFACT_NOT_FOUND` | the file to keep as an artifact does not exist, or is not a regular file; or there is no such artifact, version or alias |
 * | `CORRUPT` | a file fails its checks |
 * | `UNSUPPORTED_VERSION` | a later version of expman-rx wrote a file of the run; the message names the version to install |
 * | `UNSAFE_YAML` | YAML that is too large or too deep to be parsed safely |
 * | `INVALID_FILTER` | a filter or sort order cannot be parsed; the message shows the place |
 * | `INVALID_QUERY` | the SQL is wrong, or is not a single statement that only reads the views |
 * | `QUERY_UNAVAILABLE` | the optional package that runs SQL is not installed, or cannot be loaded |
 * | `QUEUE_UNAVAILABLE` | an optional package for a sweep on many machines is not installed, or Redis refuses the user |
 * | `QUERY_LIMIT` | a query exceeded its limit of time or memory |
 * | `UNSAFE_ARCHIVE` | an archive holds an entry that could leave its folder, or exceeds a limit |
 * | `SWEEP_FAILED` | no trial of a sweep returned a value, or more than `maxFailures` failed |
 * | `WRONG_THREAD` | a call on a run in a worker thread is only allowed on the thread that opened it |
 * | `IO` | the file system refused an operation |
 */
export type ErrorCode =
  | 'INVALID_OPTION'
  | 'INVALID_NAME'
  | 'INVALID_VALUE'
  | 'RUN_EXISTS'
  | 'RUN_NOT_FOUND'
  | 'RUN_LOCKED'
  | 'RUN_CLOSED'
  | 'BACKPRESSURE'
  | 'WRITE_FAILED'
  | 'FENCED'
  | 'ARTIFACT_NOT_FOUND'
  | 'CORRUPT'
  | 'UNSUPPORTED_VERSION'
  | 'UNSAFE_YAML'
  | 'INVALID_FILTER'
  | 'INVALID_QUERY'
  | 'QUERY_UNAVAILABLE'
  | 'QUEUE_UNAVAILABLE'
  | 'QUERY_LIMIT'
  | 'UNSAFE_ARCHIVE'
  | 'SWEEP_FAILED'
  | 'WRONG_THREAD'
  | 'IO';

/**
 * The data of an {@link ExpmanError} beside its message; which keys are set depends on the code.
 */
export interface ErrorFacts {
  /** The option with the wrong value. */
  readonly option?: string | undefined;
  /** The rule it breaks, in words. */
  readonly rule?: string | undefined;
  /** The value that was given. */
  readonly value?: unknown;
  /** The type of that value: `typeof`, with `null`, `array` and `NaN` told apart. */
  readonly type?: string | undefined;
  /** The file or folder concerned. */
  readonly path?: string | undefined;
  /** The operating system's error code, for example `ENOSPC`. */
  readonly errno?: string | undefined;
  /** The number of rows concerned. */
  readonly count?: number | undefined;
  /** The underlying error. */
  readonly cause?: unknown;
}

/**
 * The one error class of this package; branch on its stable {@link ErrorCode}, not on its message.
 */
export class ExpmanError extends Error {
  readonly code: ErrorCode;
  // Declared only: a fact that is absent is no property, so that a printed error is short.
  declare readonly option?: string;
  declare readonly rule?: string;
  declare readonly value?: unknown;
  declare readonly type?: string;
  declare readonly path?: string;
  declare readonly errno?: string;
  declare readonly count?: number;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    const { cause, ...rest } = facts;
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ExpmanError';
    this.code = code;
    for (const [fact, value] of Object.entries(rest)) if (value !== undefined) Reflect.set(this, fact, value);
  }
}

/** The type of a value as error messages name it. */
export function describeType(value: unknown): string {
  if (value === null) return 'null';
  if (isArray(value)) return 'array';
  if (typeof value === 'number' && Number.isNaN(value)) return 'NaN';
  return typeof value;
}

/** The message of an error; for a thrown value that is not an error, its text. */
export function messageOf(error: unknown): string {
  return isError(error) ? error.message : stringOf(error);
}

/** An error as it is; any other thrown value as an error with its text. */
export const errorOf = (thrown: unknown): Error => (isError(thrown) ? thrown : new Error(stringOf(thrown)));

/**
 * The text of a value by `String`, for thrown values too: anything may be thrown, even a value
 * without a text.
 */
export function stringOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return 'a value that has no text';
  }
}

/** True for an array; for a revoked proxy, on which `Array.isArray` throws, false. */
function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/**
 * True for a programming mistake in the code that threw, for which no file, disk or user is to
 * blame.
 */
export const isMistake = (error: unknown): error is TypeError | ReferenceError =>
  (error instanceof TypeError || error instanceof ReferenceError) &&
  errnoOf(error)?.startsWith('ERR_') !== false;

/**
 * The code of an error: its own, the operating system's, or `TypeError` for a mistake; `otherwise`
 * for any other.
 */
export function codeOf(error: unknown, otherwise: ErrorCode): string {
  if (error instanceof ExpmanError) return error.code;
  return isMistake(error) ? error.name : (errnoOf(error) ?? otherwise);
}

/** The operating system's code of an error (`ENOSPC`), or undefined if it has none. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
