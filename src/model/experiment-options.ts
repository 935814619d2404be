import { parseName, type RunName } from './names.js';
import { flag, integer, invalidOption, oneOf, path, REFUSED, rule, type Rule } from './option-rules.js';
import { optionsTable } from './options-table.js';
import { type AlertSettings, type ResolvedAlerts, alertsRule } from './webhook.js';
import { redactText, redactWord } from './redact-text.js';
import { parseStep } from './step.js';

/**
 * Every option of an {@link ExperimentConfig}, checked and with its default filled in; plain,
 * frozen, cloneable.
 */
export interface ResolvedOptions {
  /**
   * The run's name and folder; by default `YYYYMMDD_HHMMSS` of the start, made unique with a
   * suffix.
   */
  readonly runName: RunName | undefined;
  /**
   * The most milliseconds from the logging of a row until it is in the write-ahead log; 1 to
   * 60,000, default 10.
   */
  readonly walIntervalMs: number;
  /**
   * The most milliseconds until it is in a batch (Arrow, then metrics.parquet); 1 to 3,600,000,
   * default 500.
   */
  readonly flushIntervalMs: number;
  /** The number of waiting rows that makes a batch sooner; 1 to 10,000,000, default 8,192. */
  readonly flushIntervalRows: number;
  /**
   * The failure that a flushed row survives: `'process'` (default) the end of its process,
   * `'power'` a power cut too (fdatasync per frame).
   */
  readonly durability: 'process' | 'power';
  /**
   * The behaviour of a logging call once `maxBufferedBytes` is reached: `'block'` (default),
   * `'drop'` or `'throw'`.
   */
  readonly backpressure: 'block' | 'drop' | 'throw';
  /** The most bytes of this run that may wait for the writer; at least 1 MB, default 256 MB. */
  readonly maxBufferedBytes: number;
  /**
   * Continues an existing run of that name: `'never'` (default), `'allow'`, or `'must'`, which
   * needs a `runName`.
   */
  readonly resume: 'never' | 'allow' | 'must';
  /**
   * The first step whose rows are removed when a run is continued: the rows of earlier sessions
   * from this step on go, with their counts, media and histograms; none by default. A 64-bit
   * integer, as a bigint beyond 2^53; needs `resume`.
   */
  readonly fromStep: number | bigint | undefined;
  /**
   * Words to find the run by, at most 1,000 of up to 128 characters; duplicates are dropped,
   * secrets in them redacted.
   */
  readonly tags: readonly string[];
  /**
   * Free text about the run, up to 65,536 characters; secrets in it are redacted, as in every text
   * option.
   */
  readonly notes: string;
  /** The group the run belongs to, such as a sweep; up to 128 characters. */
  readonly group: string | undefined;
  /** The index of the process of a distributed `group` that logs this run, from 0 to 1,000,000. */
  readonly rank: number | undefined;
  /**
   * The run from which this one is forked, as the path of its folder, and the last of its steps that
   * belongs to this one: curves show the rows of the parent up to there before those of this run.
   * `rows`, summaries and gates count the rows of this run only. A run that is continued keeps the
   * fork it began with.
   */
  readonly fork: { readonly from: string; readonly step: number | bigint } | undefined;
  /** The experiment's display name, for its experiment.yaml; up to 256 characters. */
  readonly title: string | undefined;
  /** Free text about the experiment, for its experiment.yaml; up to 65,536 characters. */
  readonly description: string | undefined;
  /**
   * The project the experiment belongs to, for its experiment.yaml; up to 128 characters. An
   * experiment that has another one already is refused.
   */
  readonly project: string | undefined;
  /**
   * Records the environment of the run in run.yaml: versions, machine, arguments, git; default
   * true. `{ argv: false }` leaves out the arguments, which may hold a secret that looks like any
   * other word.
   */
  readonly environment: boolean | { readonly argv: boolean };
  /**
   * The treatment of a value that no metric can take: `'warn'` (default) drops, counts and reports
   * it, `'throw'` throws.
   */
  readonly onInvalid: 'warn' | 'throw';
  /** The most different metrics a run may have; 1 to 1,000,000, default 10,000. */
  readonly maxMetrics: number;
  /**
   * The longest that an exit of the process waits for the last rows, in milliseconds; 0 to 60,000,
   * default 5,000.
   */
  readonly exitTimeoutMs: number;
  /**
   * Handles SIGINT, SIGTERM and, except on Windows, SIGHUP: flushes before they end the process;
   * default false.
   */
  readonly handleSignals: boolean;
  /**
   * The compression of pages of metrics.parquet: `'auto'` (default) uses Snappy where that saves a
   * tenth, `'snappy'` for every page with values.
   */
  readonly compression: 'auto' | 'none' | 'snappy';
  /**
   * The access rights of the run's files and folders: `'umask'` (default) leaves them to the umask of
   * the process, `'private'` lets only their owner read them (0600, folders 0700). A run that is
   * continued keeps the rights of its folder, unless `'private'` closes it to others. The lock of a
   * run is always private. Windows has no such rights: there the option does nothing.
   */
  readonly fileMode: 'umask' | 'private';
  /**
   * Samples CPU, memory, event loop, GC and GPU into `system.parquet`: once when the run is opened
   * and every `intervalMs` milliseconds, 100 to 3,600,000; default false, `true` is every 5,000.
   */
  readonly systemMetrics: false | { readonly intervalMs: number };
  /**
   * Copies the output of `console.log` and the like to run.log, too; default false. `'streams'`
   * copies everything written to stdout and stderr.
   */
  readonly captureConsole: boolean | 'streams';
  /**
   * Where `run.alert` sends alerts: `{ webhook, allowPrivate }`, by default to the webhook in the
   * environment variable `EXPMAN_WEBHOOK`; `false` sends none. The address is not enumerable, so that
   * it is neither printed nor copied.
   */
  readonly alerts: false | ResolvedAlerts;
}

/** The compression of pages. */
export type Compression = ResolvedOptions['compression'];

/** The access rights of a run's files and folders. */
export type FileMode = ResolvedOptions['fileMode'];

/** The options of an {@link ExperimentConfig}; all are optional. */
export type ExperimentOptions = {
  readonly [K in keyof ResolvedOptions]?:
    | (K extends 'runName'
        ? string
        : K extends 'systemMetrics'
          ? boolean | { readonly intervalMs?: number | undefined }
          : K extends 'environment'
            ? boolean | { readonly argv?: boolean | undefined }
            : K extends 'alerts'
              ? false | AlertSettings
              : ResolvedOptions[K])
    | undefined;
};

/**
 * Checks all options by their rules and fills in the defaults.
 *
 * @throws ExpmanError `INVALID_OPTION` (`INVALID_NAME` for the run name) with option, rule, value
 * and type.
 */
export function resolveOptions(options: ExperimentOptions): ResolvedOptions {
  const resolved: ResolvedOptions = OPTIONS.resolve(options);
  if (resolved.resume === 'must' && resolved.runName === undefined)
    throw invalidOption('resume', "'never' or 'allow' unless a runName is given", resolved.resume);
  if (resolved.resume === 'never' && resolved.fromStep !== undefined)
    throw invalidOption(
      'fromStep',
      "left out unless resume is 'allow' or 'must', which continue a run",
      resolved.fromStep,
    );
  return Object.freeze(resolved);
}

const MB = 1024 * 1024;
const LONG_TEXT = 65_536;
/**
 * The longest name of a project, in characters.
 *
 * @bound refuses: INVALID_OPTION; a longer one in a file counts as none
 */
export const MAX_PROJECT_LENGTH = 128;

/** The options in {@link ExperimentOptions.systemMetrics}. */
const SAMPLING = optionsTable<{ readonly intervalMs?: number | undefined }>()({
  intervalMs: integer(100, 3_600_000).byDefault(5000),
});

/** The options in {@link ExperimentOptions.environment}. */
const SURROUNDINGS = optionsTable<{ readonly argv?: boolean | undefined }>()({
  argv: flag().byDefault(true),
});

/** The options in {@link ExperimentOptions.fork}. */
const FORK = optionsTable<NonNullable<ExperimentOptions['fork']>>()({
  from: path().required(),
  step: step().required(),
});

const OPTIONS = optionsTable<ExperimentOptions>()({
  runName: rule<string, RunName>('a run name', (value) => parseName('run', value)),
  walIntervalMs: integer(1, 60_000).byDefault(10),
  flushIntervalMs: integer(1, 3_600_000).byDefault(500),
  flushIntervalRows: integer(1, 10_000_000).byDefault(8192),
  durability: oneOf('process', 'power').byDefault('process'),
  backpressure: oneOf('block', 'drop', 'throw').byDefault('block'),
  maxBufferedBytes: integer(MB).byDefault(256 * MB),
  resume: oneOf('never', 'allow', 'must').byDefault('never'),
  fromStep: step(),
  tags: words(1000, 128).byDefault(Object.freeze([])),
  notes: text(0, LONG_TEXT).byDefault(''),
  group: text(1, 128),
  rank: integer(0, 1_000_000),
  fork: FORK.asRule(),
  title: text(1, 256),
  description: text(0, LONG_TEXT),
  project: text(1, MAX_PROJECT_LENGTH),
  environment: SURROUNDINGS.orFlag('a boolean, or { argv } with a boolean', true).byDefault(true),
  onInvalid: oneOf('warn', 'throw').byDefault('warn'),
  maxMetrics: integer(1, 1_000_000).byDefault(10_000),
  exitTimeoutMs: integer(0, 60_000).byDefault(5000),
  handleSignals: flag().byDefault(false),
  compression: oneOf('auto', 'none', 'snappy').byDefault('auto'),
  fileMode: oneOf('umask', 'private').byDefault('umask'),
  systemMetrics: SAMPLING.orFlag(
    `a boolean, or { intervalMs } with ${SAMPLING.rules.intervalMs.words}`,
    Object.freeze(SAMPLING.resolve({})),
  ).byDefault(false),
  captureConsole: rule<boolean | 'streams'>("a boolean or 'streams'", (value) =>
    typeof value === 'boolean' || value === 'streams' ? value : REFUSED,
  ).byDefault(false),
  alerts: alertsRule().byDefault(Object.freeze({ allowPrivate: false })),
});

/** The rules of {@link ExperimentOptions}. */
export const OPTION_RULES = OPTIONS.rules;

/** A step of a row. */
function step(): Rule<number | bigint> {
  return rule('a 64-bit integer, as a bigint beyond 2^53', (value) => parseStep(value) ?? REFUSED);
}

/** A text; secrets in it are redacted. */
function text(min: number, max: number): Rule<string> {
  return rule(`a string of ${min} to ${max} characters`, (value) =>
    isTextOf(value, min, max) ? redactText(value).slice(0, max) : REFUSED,
  );
}

/** A list of words without duplicates; secrets in them are redacted. */
function words(count: number, max: number): Rule<readonly string[]> {
  return rule(`an array of at most ${count} strings of 1 to ${max} characters`, (value) => {
    if (!Array.isArray(value) || value.length > count) return REFUSED;
    const accepted = new Set<string>();
    for (const word of value as readonly unknown[]) {
      if (!isTextOf(word, 1, max)) return REFUSED;
      accepted.add(redactWord(word).slice(0, max));
    }
    return Object.freeze([...accepted]);
  });
}

const isTextOf = (value: unknown, min: number, max: number): value is string =>
  typeof value === 'string' && value.length >= min && value.length <= max;
