import { parseName, type ExperimentName, type RunName } from './names.js';
import { resolveOptions, type ExperimentOptions, type ResolvedOptions } from './experiment-options.js';
import { resolvePath } from './option-rules.js';

export type { ExperimentOptions, ResolvedOptions } from './experiment-options.js';

/**
 * An {@link ExperimentConfig} as plain data, in the form in which it is posted to the writer
 * thread.
 */
export interface PlainConfig extends ResolvedOptions {
  readonly name: ExperimentName;
  /** The folder that holds the experiments, absolute. */
  readonly baseDir: string;
}

/**
 * The folder and the options of an experiment's runs; checked once, here, and frozen.
 *
 * @throws ExpmanError `INVALID_OPTION` or `INVALID_NAME`, with the option, its rule, and the value
 * and type that were given.
 * @example
 * const config = new ExperimentConfig('my_exp', './experiments', { tags: ['baseline'], durability: 'power' });
 */
export class ExperimentConfig implements PlainConfig {
  /** The experiment's name and folder. */
  readonly name: ExperimentName;
  /** The folder that holds the experiments, absolute. */
  readonly baseDir: string;
  declare readonly runName: RunName | undefined;
  declare readonly walIntervalMs: number;
  declare readonly flushIntervalMs: number;
  declare readonly flushIntervalRows: number;
  declare readonly durability: ResolvedOptions['durability'];
  declare readonly backpressure: ResolvedOptions['backpressure'];
  declare readonly maxBufferedBytes: number;
  declare readonly resume: ResolvedOptions['resume'];
  declare readonly fromStep: number | bigint | undefined;
  declare readonly tags: readonly string[];
  declare readonly notes: string;
  declare readonly group: string | undefined;
  declare readonly rank: number | undefined;
  declare readonly fork: ResolvedOptions['fork'];
  declare readonly title: string | undefined;
  declare readonly description: string | undefined;
  declare readonly project: string | undefined;
  declare readonly environment: ResolvedOptions['environment'];
  declare readonly onInvalid: ResolvedOptions['onInvalid'];
  declare readonly maxMetrics: number;
  declare readonly exitTimeoutMs: number;
  declare readonly handleSignals: boolean;
  declare readonly compression: ResolvedOptions['compression'];
  declare readonly fileMode: ResolvedOptions['fileMode'];
  declare readonly systemMetrics: ResolvedOptions['systemMetrics'];
  declare readonly captureConsole: ResolvedOptions['captureConsole'];
  declare readonly alerts: ResolvedOptions['alerts'];

  constructor(name: string, baseDir = './experiments', options: ExperimentOptions = {}) {
    this.name = parseName('experiment', name);
    this.baseDir = resolvePath('baseDir', baseDir);
    Object.assign(this, resolveOptions(options));
    Object.freeze(this);
  }

  /** Returns the same as a plain object, which `postMessage` and `structuredClone` accept. */
  toPlain(): PlainConfig {
    return Object.assign({}, this);
  }
}
