import type { LoggingEngine } from '../engine/logging-engine.js';
import type { CaseRecord } from './case-result.js';
import { summarise } from './summarise.js';

/** Gives a run the summary of its cases, and says what is better. */
export function summariseRun(
  run: Pick<LoggingEngine, 'summary' | 'defineMetric'>,
  results: readonly CaseRecord[],
): void {
  const { scores, pass_rate: rate, ...figures } = summarise(results);
  run.defineMetric('pass_rate', { goal: 'max' });
  run.defineMetric('latency_*', { goal: 'min' });
  if (rate !== undefined) run.summary({ pass_rate: rate }, { headline: true });
  run.summary({ ...figures, ...scores });
}
