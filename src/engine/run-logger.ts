import { format as fillIn } from 'node:util';
import type { Logger } from 'winston';
import { commonJs } from '../model/common-js.js';
import { isError } from '../model/realms.js';
import { uncaptured } from './process/console-capture.js';
import { load } from './winston.cjs';
import { formatLogLine, type LogLine, valueText } from '../run/log-line.js';

export type { Logger };

const winstonPackage = commonJs(load);

// The symbols that winston's formats and transports use; they are from a package of winston.
const LEVEL = Symbol.for('level');
const MESSAGE = Symbol.for('message');
const SPLAT = Symbol.for('splat');
/**
 * The meta data beside the message, possibly with a `level`, which in an info belongs to winston.
 */
const META = Symbol('expman.meta');

/** The info that winston passes from a call to its formats and transports. */
type Info = Record<string | symbol, unknown>;
type Bag = Readonly<Record<string | symbol, unknown>>;

const TOKENS = /%[scdjifoO%]/g;

/**
 * Makes a winston logger that passes every message to `write` as one line of a run log, inside the
 * call that logs it.
 *
 * All npm levels are kept unless `logger.level` says less. winston itself uses a stream, which
 * holds messages back and lost all of 5,000 on `logger.close()`; here only transports that the user
 * adds are fed through it, and their failures become a line. After `close()` or `end()` messages
 * still reach `write`. No call throws because of its arguments, or changes them; errors of `write`
 * pass through.
 */
export function createRunLogger(
  write: (level: string, line: string) => void,
  now: () => number = Date.now,
): Logger {
  const { createLogger, format } = winstonPackage();
  const logger = createLogger({ level: 'silly', format: format((info) => info)() });
  const feed = logger.write.bind(logger);
  const failed = (error: unknown): void =>
    write('warn', formatLogLine('warn', 'a log transport failed', { error }, now()));

  logger.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    const info = { ...bagOf(logger.defaultMeta), ...infoOf(chunk) };
    const level = levelOf(info[LEVEL]);
    if (!logger.silent) {
      const line = formatLogLine(level, info.message, metaOf(info), now());
      if (isEnabled(logger, level)) write(level, line);
      // Without a transport winston would complain, and after its end it would throw.
      if (logger.transports.length > 0 && logger.writable)
        guarded(() => uncaptured(() => feed({ ...info, [MESSAGE]: line.slice(0, -1) })), failed);
    }
    const done = rest.at(-1);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
  replaceMethods(logger);
  logger.on('error', failed);
  return logger;
}

/**
 * Converts a line of another run logger for `logger.write`: its message and meta are not
 * interpreted again.
 */
export function infoOfLine({ level, message, meta }: LogLine): object {
  return { ...meta, [META]: meta, [LEVEL]: level, level, message };
}

/**
 * Puts the logging methods on the logger itself. winston's methods write into their arguments,
 * throw on frozen ones, and lose the stack of an error after a `%s`; a child logger inherits these.
 */
function replaceMethods(logger: Logger): void {
  const define = (name: string, infoFor: (args: readonly unknown[]) => Info): void => {
    const value = function (this: Logger | undefined, ...args: unknown[]): Logger {
      const self = this ?? logger;
      self.write(infoFor(args));
      return self;
    };
    Object.defineProperty(logger, name, { value, writable: true, configurable: true });
  };
  for (const level of Object.keys(logger.levels))
    define(level, (args) => infoFrom(level, args.length === 0 ? '' : args[0], args.slice(1)));
  define('log', ([first, ...rest]) =>
    typeof first === 'string' && rest.length > 0
      ? infoFrom(first, rest[0], rest.slice(1))
      : infoFrom(entryLevel(first), first, rest),
  );
}

/** The info of a call, or of a value written to the logger as a stream. */
function infoOf(chunk: unknown): Bag {
  try {
    const bag = bagOf(chunk);
    if (META in bag) return bag;
    // A winston timer has a level and a duration, and no message unless it is given one.
    const wordless = 'level' in bag && bag.message === undefined;
    if (wordless) return infoFrom(levelOf(bag.level), '', [textKeyed(bag, 'level', 'message')]);
  } catch {
    // An unreadable value is logged as well as possible.
  }
  return infoFrom(entryLevel(chunk), chunk, []);
}

function metaOf(info: Bag): object {
  return { ...textKeyed(info, 'level', 'message'), ...bagOf(info[META]) };
}

/** The info of one call; for unreadable arguments only a message. */
function infoFrom(level: string, said: unknown, rest: readonly unknown[]): Info {
  try {
    const { message, meta } = draftOf(said, rest);
    return { ...meta, [META]: meta, [LEVEL]: level, level, message };
  } catch {
    return { [META]: {}, [LEVEL]: level, level, message: [said, ...rest].map(valueText).join(' ') };
  }
}

interface Draft {
  readonly message: unknown;
  readonly meta: Bag;
}

function draftOf(said: unknown, rest: readonly unknown[]): Draft {
  const { message, meta, values } = entryOf(said);
  const given = [...values, ...rest];
  const tokens = typeof message === 'string' ? (message.match(TOKENS) ?? []) : [];
  const wanted = tokens.filter((token) => token !== '%%').length;
  const filled = wanted > 0 && given.length > 0 ? fillIn(message, ...given.slice(0, wanted)) : message;
  return given.slice(wanted).reduce(withExtra, { message: filled, meta });
}

/**
 * Parses an entry logged as a whole: an error, winston's `{ level, message, ...meta }`, or just a
 * message.
 */
function entryOf(said: unknown): Draft & { readonly values: readonly unknown[] } {
  if (isError(said)) return { ...errorParts(said), values: [] };
  if (typeof said !== 'object') return { message: said, meta: {}, values: [] };
  const { message, [SPLAT]: splat, ...bag } = bagOf(said);
  if (message === undefined || message === '') return { message: said, meta: {}, values: [] };
  const parts = isError(message) ? errorParts(message) : { message, meta: {} };
  return {
    message: parts.message,
    meta: { ...textKeyed(bag, 'level'), ...parts.meta },
    values: Array.isArray(splat) ? splat : [],
  };
}

/**
 * Adds an argument for which the message has no place: errors and objects to the meta, anything
 * else to the text.
 */
function withExtra(draft: Draft, extra: unknown): Draft {
  // After the message, a function is winston 2's callback, which winston 3 does not call either.
  if (extra === undefined || extra === null || typeof extra === 'function') return draft;
  const error = isError(extra);
  if (!error && !isPlain(extra))
    return { message: `${valueText(draft.message)} ${valueText(extra)}`, meta: draft.meta };
  const { message, meta } = error ? errorParts(extra) : plainParts(extra);
  const said = message === undefined ? draft.message : `${valueText(draft.message)} ${valueText(message)}`;
  return { message: said, meta: { ...draft.meta, ...meta } };
}

// As in winston, a message in the meta is appended to the message.
function plainParts(extra: object): Draft {
  return { message: Reflect.get(extra, 'message'), meta: textKeyed(extra, 'message') };
}

function errorParts(error: Error): Draft {
  const own = textKeyed(error, 'message', 'level');
  const { message, stack, cause } = error;
  return {
    message,
    meta: { ...own, ...(stack !== undefined && { stack }), ...(cause !== undefined && { cause }) },
  };
}

function textKeyed(value: object, ...without: readonly string[]): Record<string, unknown> {
  // Without a prototype, `__proto__` is a name like any other.
  const kept: Record<string, unknown> = { __proto__: null };
  for (const [key, member] of Object.entries(value)) if (!without.includes(key)) kept[key] = member;
  return kept;
}

function bagOf(value: unknown): Bag {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Tells if a value is a bag of named values, rather than one that is better shown as a whole. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const kind: unknown = Object.getPrototypeOf(value);
  return (
    kind === Object.prototype ||
    kind === null ||
    (!ArrayBuffer.isView(value) && Object.keys(value).length > 0)
  );
}

function entryLevel(entry: unknown): string {
  try {
    return levelOf(Reflect.get(Object(entry), 'level'));
  } catch {
    return levelOf(undefined);
  }
}

function levelOf(level: unknown): string {
  return typeof level === 'string' && level !== '' ? level : 'info';
}

/** Tells if a message is enabled; an unknown level, of the message or the logger, keeps it. */
function isEnabled({ levels, level: limit }: Logger, level: string): boolean {
  const [rank, least] = [levels[level], levels[limit]];
  return rank === undefined || least === undefined || rank <= least;
}

function guarded(work: () => void, failed: (error: unknown) => void): void {
  try {
    work();
  } catch (error) {
    failed(error);
  }
}
