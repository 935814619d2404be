// The smallest whole run: 100 steps, parameters, a message.
import { ExperimentConfig, LoggingEngine, RunStatus } from 'expman-rx';
import { baseDir, printFiles } from './shared/show.js';

const run = new LoggingEngine(new ExperimentConfig('my_ts_exp', baseDir));
run.logParams({ learning_rate: 1e-3, optimizer: 'Adam' });

for (let step = 0; step < 100; step++) {
  run.logMetrics({ loss: 1 / (step + 1), accuracy: step / 100 }, step);
}

run.logger.info('training done', { steps: 100 });
await run.close(RunStatus.Finished);
printFiles(run.runDir);
