import { ExperimentConfig, type ExperimentOptions, LoggingEngine, RunStatus } from 'expman-rx';
import type { CliEnd } from '../support/cli.js';

/** A run as `list --json` prints it. */
export interface Listed {
  readonly experiment: string;
  readonly run: string;
  readonly runDir: string;
  readonly status: string;
}

/** What a command printed as JSON. */
export const json = ({ stdout }: CliEnd): unknown => JSON.parse(stdout);
/** The names of the runs that a command printed as JSON. */
export const names = (end: CliEnd): string[] => (json(end) as Listed[]).map(({ run }) => run);

/** A closed run of `exp` that logged what it is given to; its folder. */
export async function runOf(
  base: string,
  runName: string,
  fill: (run: LoggingEngine) => unknown,
  options: ExperimentOptions = {},
): Promise<string> {
  const run = new LoggingEngine(
    new ExperimentConfig('exp', base, { environment: false, runName, ...options }),
  );
  await fill(run);
  await run.close();
  return run.runDir;
}

/** A closed run with parameters, 20 rows and a log; its folder. */
export async function logged(base: string, runName: string, lr: number, experiment = 'exp'): Promise<string> {
  const run = new LoggingEngine(
    new ExperimentConfig(experiment, base, { runName, tags: lr < 0.5 ? ['low'] : [], environment: false }),
  );
  run.logParams({ lr, optimizer: 'Adam', model: { name: 'mlp', layers: lr < 0.1 ? 1 : 2 } });
  for (let step = 0; step < 20; step++) run.logMetrics({ loss: lr / (step + 1), phase: 'warm' }, step);
  run.logger.info('epoch done', { epoch: 1 });
  run.logger.warn('evil \u001b[31m');
  return (await run.close(lr > 1 ? RunStatus.Failed : RunStatus.Finished)).runDir;
}

/** Three runs, in the order they began. */
export async function threeRuns(
  base: string,
): Promise<{ readonly base: string; readonly dirs: readonly string[] }> {
  const dirs: string[] = [];
  for (const [index, name] of ['one', 'two', 'three'].entries())
    dirs.push(await logged(base, name, 10 ** (index - 2)));
  return { base, dirs };
}
