import { AsyncLocalStorage } from 'node:async_hooks';
import { hasMethod, invalidOption } from '../model/option-rules.js';
import type { LoggableRun } from './loggable-run.js';

const storage = new AsyncLocalStorage<LoggableRun>();

/**
 * The run that the code is running for: of the innermost {@link withRun} around it, also across `await`, timers and
 * events; undefined outside. Library code can log without being handed the run.
 *
 * @example
 * currentRun()?.logMetrics({ cacheHits });
 */
export function currentRun(): LoggableRun | undefined {
  return storage.getStore();
}

/**
 * Calls `work`, for which, with all that it starts, {@link currentRun} is `run`; returns what it returns, throws what it
 * throws. Runs that work at the same time never see each other's.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function withRun<T>(run: LoggableRun, work: () => T): T {
  if (!hasMethod(run, 'logMetrics')) throw invalidOption('run', 'a run, such as a LoggingEngine', run);
  if (typeof work !== 'function') throw invalidOption('work', 'a function', work);
  return storage.run(run, work);
}
