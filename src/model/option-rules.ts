import { resolve } from 'node:path';
import { describeType, ExpmanError } from './errors.js';
import { parseName, type RunName } from './names.js';
import { nearestWord } from './nearest-word.js';
import { quoted } from './printable.js';
import { redactText, redactWord } from './redact-text.js';
import { parseStep } from './step.js';

/** Every option of an {@link ExperimentConfig}, checked and with its default filled in; plain, frozen, cloneable. */
export interface ResolvedOptions {
  /** The run's name and folder; by default `YYYYMMDD_HHMMSS` of the start, made unique with a suffix. */
  readonly runName: RunName | undefined;
  /** A row is in the write-ahead log at the latest this many milliseconds after it was logged; 1 to 60,000, default 10. */
  readonly walIntervalMs: number;
  /** ... and in a batch (Arrow, then metrics.parquet) at the latest this many after; 1 to 3,600,000, default 500. */
  readonly flushIntervalMs: number;
  /** ... or as soon as so many rows wait; 1 to 10,000,000, default 8,192. */
  readonly flushIntervalRows: number;
  /** What a flushed row survives: `'process'` (default) its process, `'power'` a power cut too (fdatasync per frame). */
  readonly durability: 'process' | 'power';
  /** What a row does that finds `maxBufferedBytes` reached: `'block'` (default), `'drop'` or `'throw'`. */
  readonly backpressure: 'block' | 'drop' | 'throw';
  /** How many bytes may wait for the writer, of this run; at least 1 MB, default 256 MB. */
  readonly maxBufferedBytes: number;
  /** Whether a run of that name is continued: `'never'` (default), `'allow'`, or `'must'`, which needs a `runName`. */
  readonly resume: 'never' | 'allow' | 'must';
  /**
   * From which step on rows of earlier sessions are taken out when a run is continued, and with them what is counted of
   * them, media and histograms; none by default. An integer of 64 bits, a bigint beyond 2^53; needs `resume`.
   */
  readonly fromStep: number | bigint | undefined;
  /** Words to find the run by, at most 1,000 of up to 128 characters; doubles are dropped, secrets in them redacted. */
  readonly tags: readonly string[];
  /** Free text about the run, up to 65,536 characters; secrets in it are redacted, as in all texts of options. */
  readonly notes: string;
  /** What the run belongs to, such as a sweep; up to 128 characters. */
  readonly group: string | undefined;
  /** Which process of a distributed `group` logs this run, from 0; up to 1,000,000. */
  readonly rank: number | undefined;
  /** The experiment's display name, for its experiment.yaml; up to 256 characters. */
  readonly title: string | undefined;
  /** Free text about the experiment, for its experiment.yaml; up to 65,536 characters. */
  readonly description: string | undefined;
  /**
   * Whether run.yaml says on what the run ran: versions, machine, arguments, git; default true. `{ argv: false }` leaves out
   * the arguments, in which a secret may stand that nothing tells from another word.
   */
  readonly environment: boolean | { readonly argv: boolean };
  /** What a value does that no metric can take: `'warn'` (default) leaves it out, counts it and says so, `'throw'` throws. */
  readonly onInvalid: 'warn' | 'throw';
  /** How many different metrics a run may have; 1 to 1,000,000, default 10,000. */
  readonly maxMetrics: number;
  /** How long an exit of the process may wait for the last rows, in milliseconds; 0 to 60,000, default 5,000. */
  readonly exitTimeoutMs: number;
  /** Whether SIGINT, SIGTERM and, but on Windows, SIGHUP are handled to flush before they end the process; default false. */
  readonly handleSignals: boolean;
  /** How pages of metrics.parquet are compressed; `'auto'` (default) takes what is smaller. */
  readonly compression: 'auto' | 'none' | 'snappy';
  /**
   * Whether, and each how many milliseconds, CPU, memory, event loop, GC and GPU are sampled into `system.parquet`; default
   * false, `true` is every 5,000, 100 to 3,600,000.
   */
  readonly systemMetrics: false | { readonly intervalMs: number };
  /**
   * Whether what the process prints by `console.log` and its like goes into run.log, too; default false. `'streams'`
   * takes all that is written to stdout and stderr.
   */
  readonly captureConsole: boolean | 'streams';
}

/** The options of an {@link ExperimentConfig}; each may be left out. */
export type ExperimentOptions = {
  readonly [K in keyof ResolvedOptions]?:
    | (K extends 'runName'
        ? string
        : K extends 'systemMetrics'
          ? boolean | { readonly intervalMs?: number | undefined }
          : K extends 'environment'
            ? boolean | { readonly argv?: boolean | undefined }
            : ResolvedOptions[K])
    | undefined;
};

/**
 * Checks all options by their rules and fills in the defaults.
 *
 * @throws ExpmanError `INVALID_OPTION` (`INVALID_NAME` for the run name) with option, rule, value and type.
 */
export function resolveOptions(options: unknown): ResolvedOptions {
  mustBeOptions(options, Object.keys(RULES));
  const read = <K extends keyof ResolvedOptions>(option: K): ResolvedOptions[K] => {
    const value: unknown = Reflect.get(options, option);
    const { fallback, rule, accept }: Rule<ResolvedOptions[K]> = RULES[option];
    if (value === undefined) return fallback;
    const accepted = accept(value);
    if (accepted === REFUSED) throw invalidOption(option, rule, value);
    return accepted;
  };
  const resolved: ResolvedOptions = {
    runName: read('runName'),
    walIntervalMs: read('walIntervalMs'),
    flushIntervalMs: read('flushIntervalMs'),
    flushIntervalRows: read('flushIntervalRows'),
    durability: read('durability'),
    backpressure: read('backpressure'),
    maxBufferedBytes: read('maxBufferedBytes'),
    resume: read('resume'),
    fromStep: read('fromStep'),
    tags: read('tags'),
    notes: read('notes'),
    group: read('group'),
    rank: read('rank'),
    title: read('title'),
    description: read('description'),
    environment: read('environment'),
    onInvalid: read('onInvalid'),
    maxMetrics: read('maxMetrics'),
    exitTimeoutMs: read('exitTimeoutMs'),
    handleSignals: read('handleSignals'),
    compression: read('compression'),
    systemMetrics: read('systemMetrics'),
    captureConsole: read('captureConsole'),
  };
  if (resolved.resume === 'must' && resolved.runName === undefined)
    throw invalidOption('resume', "'must' only together with a runName", resolved.resume);
  if (resolved.resume === 'never' && resolved.fromStep !== undefined)
    throw invalidOption(
      'fromStep',
      "given only together with resume: 'allow' or 'must', which continue a run",
      resolved.fromStep,
    );
  return Object.freeze(resolved);
}

/**
 * Checks that options are an object with no other names than these: one that is misspelt would be passed over.
 *
 * @throws ExpmanError `INVALID_OPTION`, with the name that is nearest
 */
export function mustBeOptions(
  options: unknown,
  names: readonly string[],
  what = 'options',
): asserts options is object {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw invalidOption(what, 'an object', options);
  for (const key of Object.keys(options)) if (!names.includes(key)) throw unknownOption(key, options, names);
}

/** The absolute path of what must be one. @throws ExpmanError `INVALID_OPTION` */
export function resolvePath(option: string, path: unknown): string {
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw invalidOption(option, 'a path, not empty and without NUL', path);
  return resolve(path);
}

/** The error for an option that breaks its rule. */
export function invalidOption(option: string, rule: string, value: unknown): ExpmanError {
  const type = describeType(value);
  const given = type === 'object' || type === 'function' || type === 'array' ? '' : ` ${shown(value)}`;
  return new ExpmanError('INVALID_OPTION', `${option} must be ${rule}; got${given} (${type})`, {
    option,
    rule,
    value,
    type,
  });
}

/**
 * The longest a timer of Node waits; a longer one fires at once.
 *
 * @bound refuses: INVALID_OPTION
 */
export const MAX_TIMER_MS = 2 ** 31 - 1;

const REFUSED = Symbol('refused');

interface Rule<T> {
  readonly rule: string;
  readonly fallback: T;
  readonly accept: (value: unknown) => T | typeof REFUSED;
}

type RuleTable = { readonly [K in keyof ResolvedOptions]: Rule<ResolvedOptions[K]> };

const MB = 1024 * 1024;
const LONG_TEXT = 65_536;

const RULES: RuleTable = {
  runName: { rule: 'a run name', fallback: undefined, accept: (value) => parseName('run', value) },
  walIntervalMs: integer(10, 1, 60_000),
  flushIntervalMs: integer(500, 1, 3_600_000),
  flushIntervalRows: integer(8192, 1, 10_000_000),
  durability: oneOf('process', 'power'),
  backpressure: oneOf('block', 'drop', 'throw'),
  maxBufferedBytes: integer(256 * MB, MB, Number.MAX_SAFE_INTEGER),
  resume: oneOf('never', 'allow', 'must'),
  tags: words(1000, 128),
  notes: text('', 0, LONG_TEXT),
  group: text(undefined, 1, 128),
  rank: integer(undefined, 0, 1_000_000),
  title: text(undefined, 1, 256),
  description: text(undefined, 0, LONG_TEXT),
  environment: surroundings(),
  onInvalid: oneOf('warn', 'throw'),
  maxMetrics: integer(10_000, 1, 1_000_000),
  exitTimeoutMs: integer(5000, 0, 60_000),
  handleSignals: flag(false),
  fromStep: {
    rule: 'an integer of 64 bits, a bigint beyond 2^53',
    fallback: undefined,
    accept: (value) => parseStep(value) ?? REFUSED,
  },
  compression: oneOf('auto', 'none', 'snappy'),
  systemMetrics: sampling(5000, 100, 3_600_000),
  captureConsole: {
    rule: "a boolean or 'streams'",
    fallback: false,
    accept: (value) => (typeof value === 'boolean' || value === 'streams' ? value : REFUSED),
  },
};

function integer<F extends number | undefined>(fallback: F, min: number, max: number): Rule<number | F> {
  const upper = max === Number.MAX_SAFE_INTEGER ? 'up' : `to ${max}`;
  return {
    rule: `an integer from ${min} ${upper}`,
    fallback,
    accept: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : REFUSED,
  };
}

/** One of some words, the first being the default. */
function oneOf<const W extends string>(fallback: W, ...others: readonly W[]): Rule<W> {
  const allowed = [fallback, ...others];
  return {
    rule: `one of ${allowed.map((word) => `'${word}'`).join(', ')}`,
    fallback,
    accept: (value) => allowed.find((word) => word === value) ?? REFUSED,
  };
}

function flag(fallback: boolean): Rule<boolean> {
  return { rule: 'a boolean', fallback, accept: (value) => (typeof value === 'boolean' ? value : REFUSED) };
}

/** Whether something is sampled, and how often. */
function sampling(usualMs: number, min: number, max: number): Rule<false | { readonly intervalMs: number }> {
  return {
    rule: `a boolean, or { intervalMs } with an integer from ${min} to ${max}`,
    fallback: false,
    accept: (value) => {
      if (value === false) return false;
      if (value !== true && !isOnly(value, 'intervalMs')) return REFUSED;
      const given: unknown = value === true ? undefined : Reflect.get(value, 'intervalMs');
      const intervalMs = integer(usualMs, min, max).accept(given ?? usualMs);
      return intervalMs === REFUSED ? REFUSED : Object.freeze({ intervalMs });
    },
  };
}

/** Whether the surroundings are written down, and the arguments among them. */
function surroundings(): Rule<ResolvedOptions['environment']> {
  return {
    rule: 'a boolean, or { argv } with a boolean',
    fallback: true,
    accept: (value) => {
      if (typeof value === 'boolean') return value;
      if (!isOnly(value, 'argv')) return REFUSED;
      const argv: unknown = Reflect.get(value, 'argv') ?? true;
      return typeof argv === 'boolean' ? Object.freeze({ argv }) : REFUSED;
    },
  };
}

/** Whether a value is an object that has at most this key. */
const isOnly = (value: unknown, key: string): value is object =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.keys(value).every((name) => name === key);

function text<F extends string | undefined>(fallback: F, min: number, max: number): Rule<string | F> {
  return {
    rule: `a string of ${min} to ${max} characters`,
    fallback,
    accept: (value) => (isTextOf(value, min, max) ? redactText(value).slice(0, max) : REFUSED),
  };
}

function words(count: number, max: number): Rule<readonly string[]> {
  return {
    rule: `an array of at most ${count} strings of 1 to ${max} characters`,
    fallback: Object.freeze([]),
    accept: (value) => {
      if (!Array.isArray(value) || value.length > count) return REFUSED;
      const accepted = new Set<string>();
      for (const word of value as readonly unknown[]) {
        if (!isTextOf(word, 1, max)) return REFUSED;
        accepted.add(redactWord(word).slice(0, max));
      }
      return Object.freeze([...accepted]);
    },
  };
}

function isTextOf(value: unknown, min: number, max: number): value is string {
  return typeof value === 'string' && value.length >= min && value.length <= max;
}

/** The error for an option that there is not. */
function unknownOption(key: string, options: object, allowed: readonly string[]): ExpmanError {
  const near = nearestWord(key, allowed);
  const hint = near === undefined ? '.' : `; did you mean ${near}?`;
  const value: unknown = Reflect.get(options, key);
  const facts = { option: key, rule: `one of ${allowed.join(', ')}`, value, type: describeType(value) };
  return new ExpmanError(
    'INVALID_OPTION',
    `${shown(key)} is no option${hint} ${allowed.length > 0 ? `Options are ${allowed.join(', ')}` : 'There are none'}`,
    facts,
  );
}

function shown(value: unknown): string {
  return typeof value === 'string' ? quoted(value) : String(value);
}
