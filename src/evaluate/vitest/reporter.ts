import { LoggingEngine } from '../../engine/logging-engine.js';
import { ExperimentConfig } from '../../model/experiment-config.js';
import { string, strings } from '../../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../../model/options-table.js';
import { CaseNames } from '../case-names.js';
import { type CaseRecord, type Score, cutError, isScore, isTaken, rowOfCase } from '../case-result.js';
import { summariseRun } from '../summarise-run.js';

/** Options of an {@link ExpmanReporter}. */
export interface ExpmanReporterOptions {
  /** The experiment that each test run becomes a run of. */
  readonly experiment: string;
  /** The folder of experiments; default `./experiments`. */
  readonly baseDir?: string | undefined;
  /** The run's name; by default the time it starts. */
  readonly runName?: string | undefined;
  /** Words to find the run by, such as the name of the branch. */
  readonly tags?: readonly string[] | undefined;
}

const OPTIONS = optionsTable<ExpmanReporterOptions>()({
  experiment: string().required(),
  baseDir: string(),
  runName: string(),
  tags: strings('an array of tags').byDefault([]),
});

/** The part of Vitest's test case that is reported. */
export interface ReportedTest {
  readonly fullName: string;
  readonly module: { readonly relativeModuleId?: string | undefined; readonly moduleId: string };
  result(): {
    readonly state: string;
    readonly errors?: readonly { readonly name?: string | undefined; readonly message: string }[] | undefined;
  };
  diagnostic(): { readonly duration: number; readonly retryCount: number } | undefined;
  meta(): object;
}

/**
 * Reports test runs of Vitest (3 or later) as runs of an experiment, as `evaluate` logs them: a row
 * per test with `passed`, `latency_ms`, `error` and `case` (file and name), and a summary with the
 * pass rate.
 *
 * Numbers and booleans that a test puts into `context.task.meta` are scores. Tests that are skipped
 * are no cases. In watch mode each test run is a run.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` or `INVALID_NAME`, from the constructor
 * @example
 * // vitest.config.ts
 * export default defineConfig({ test: { reporters: ['default', new ExpmanReporter({ experiment: 'evals' })] } });
 */
export class ExpmanReporter {
  readonly #options: ResolvedBy<typeof OPTIONS>;
  #run: LoggingEngine | null = null;
  #cases: CaseRecord[] = [];
  #names = new CaseNames();

  constructor(options: ExpmanReporterOptions) {
    this.#options = OPTIONS.resolve(options);
    configOf(this.#options); // A wrong name is refused here, and not by the first test run.
  }

  /** Opens a run; called by Vitest. */
  onTestRunStart(): void {
    this.#run = new LoggingEngine(configOf(this.#options));
    this.#cases = [];
    this.#names = new CaseNames();
  }

  /** Logs a test; called by Vitest. */
  onTestCaseResult(test: ReportedTest): void {
    const run = this.#run;
    const { state, errors = [] } = test.result();
    if (run === null || (state !== 'passed' && state !== 'failed')) return;
    const { duration, retryCount = 0 } = test.diagnostic() ?? {};
    // Vitest keeps the errors of all attempts, also where the last one passed.
    const texts = new Set(errors.map(({ name = 'Error', message }) => `${name}: ${message}`));
    const error = state === 'passed' ? '' : [...texts].join('; ');
    const record: CaseRecord = {
      index: this.#cases.length,
      id: this.#names.distinct(`${test.module.relativeModuleId ?? test.module.moduleId} > ${test.fullName}`),
      passed: state === 'passed',
      latencyMs: duration ?? null,
      scores: scoresIn(test.meta()),
      error: error === '' ? null : cutError(error),
      attempts: retryCount + 1,
    };
    this.#cases.push(record);
    run.logMetrics(rowOfCase(record), record.index);
  }

  /** Summarises and closes the run; called by Vitest. */
  async onTestRunEnd(): Promise<void> {
    const run = this.#run;
    if (run === null) return;
    this.#run = null;
    summariseRun(run, this.#cases);
    const { summary } = await run.close();
    const rate = summary['pass_rate'];
    console.log(`expman: ${run.runDir}${rate === undefined ? '' : `, pass_rate ${String(rate)}`}`);
  }
}

const configOf = ({ experiment, baseDir, runName, tags }: ResolvedBy<typeof OPTIONS>): ExperimentConfig =>
  new ExperimentConfig(experiment, baseDir, { tags, ...(runName !== undefined && { runName }) });

/** Returns the scores of a test; those with the name of another column are left out. */
const scoresIn = (meta: object): Record<string, Score> =>
  Object.fromEntries(
    Object.entries(meta).filter((entry): entry is [string, Score] => isScore(entry[1]) && !isTaken(entry[0])),
  );
