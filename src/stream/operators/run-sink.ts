import { hasMethod, invalidOption } from '../../model/option-rules.js';

/** A row as it comes; the run checks it. */
export interface UncheckedRow {
  readonly step?: unknown;
  readonly timestamp?: unknown;
  readonly values: unknown;
}

/** What of a run is needed to log into it; a `LoggingEngine` has it. */
export interface RunSink {
  /** The mailbox: takes rows, checks them, and ends the run. */
  readonly metrics: {
    next(row: UncheckedRow): void;
    error(error: unknown): void;
    complete(): void;
  };
  /** Writes into run.log, and never throws. */
  readonly logger: {
    warn(message: string, meta: object): unknown;
    error(message: string, meta: object): unknown;
  };
}

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBeRun(run: RunSink): void {
  const part = (name: string): unknown => Reflect.get(Object(run), name);
  const isRun = hasMethod(part('metrics'), 'next') && hasMethod(part('logger'), 'warn');
  if (!isRun) throw invalidOption('run', 'a run, such as a LoggingEngine', run);
}

/**
 * Gives a way to do something to a run that never throws: what the run refuses by an exception (`onInvalid: 'throw'`,
 * `backpressure: 'throw'`) it has counted, and is told in run.log, once.
 */
export function guard(run: RunSink): (work: () => void) => void {
  let isTold = false;
  return (work) => {
    try {
      work();
    } catch (error) {
      if (!isTold) run.logger.warn('the run refused a row of a source that is logged into it', { error });
      isTold = true;
    }
  };
}
