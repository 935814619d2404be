import { AsyncLocalStorage } from 'node:async_hooks';
import { hasMethod, invalidOption } from '../model/option-rules.js';
import type { LoggableRun } from './loggable-run.js';

const storage = new AsyncLocalStorage<LoggableRun>();

/**
 * Returns the run of the innermost {@link withRun} around the code, also across `await`, timers and
 * events; undefined outside. Library code can log without being passed the run.
 *
 * @example
 * currentRun()?.logMetrics({ cacheHits });
 */
export function currentRun(): LoggableRun | undefined {
  return storage.getStore();
}

/**
 * Calls `work`, in which, and in everything it starts, {@link currentRun} is `run`; returns its
 * result, and throws its errors. Concurrent runs never see each other.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function withRun<T>(run: LoggableRun, work: () => T): T {
  if (!hasMethod(run, 'logMetrics')) throw invalidOption('run', 'a run, such as a LoggingEngine', run);
  if (typeof work !== 'function') throw invalidOption('work', 'a function', work);
  return storage.run(run, work);
}
