import { hasMethod, invalidOption } from '../../model/option-rules.js';

/** An unchecked row; the run checks it. */
export interface UncheckedRow {
  readonly step?: unknown;
  readonly timestamp?: unknown;
  readonly values: unknown;
}

/** The part of a run that is needed to log to it; a `LoggingEngine` has it. */
export interface RunSink {
  /** The mailbox: accepts rows, checks them, and ends the run. */
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
 * Returns a function that runs work on a run and never throws: a refusal by an exception
 * (`onInvalid: 'throw'`, `backpressure: 'throw'`) is counted by the run, and reported in run.log
 * once.
 */
export function guard(run: RunSink): (work: () => void) => void {
  let isTold = false;
  return (work) => {
    try {
      work();
    } catch (error) {
      if (!isTold) run.logger.warn('the run refused a row from a source that logs to it', { error });
      isTold = true;
    }
  };
}
