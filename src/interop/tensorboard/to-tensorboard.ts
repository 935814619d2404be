import { type Observable, Subscription } from 'rxjs';
import { messageOf } from '../../model/errors.js';
import type { MetricRow } from '../../model/metric.js';
import { RunStatus } from '../../model/run-status.js';
import { EventFileWriter } from './event-file-writer.js';
import { hparamsValue, summaryEvent, wallTimeOf } from './event-writing.js';
import { sessionEndData, sessionStartData } from './hparams.js';
import { SummaryEncoder } from './summary-encoder.js';

/** The members of a run that {@link toTensorBoard} needs; a `LoggingEngine` has them. */
export interface MirroredRun {
  readonly metrics: Observable<MetricRow>;
  readonly closed: Promise<{ readonly status: RunStatus }>;
}

const FLUSH_INTERVAL_MS = 1000;

/**
 * Mirrors a run's rows into an event file while they are logged, so that TensorBoard shows the run
 * live.
 *
 * Begins with the next row; a row without a step gets the number of rows before it. The file is
 * closed with the run, whose status it then states, or when the returned subscription is
 * unsubscribed. Events that the disk refuses wait, up to 16 MiB, and a process warning reports them
 * at the end; the run itself is not affected. Parameters, summary and log are not mirrored:
 * export the run to include them.
 *
 * @throws {@link ExpmanError} `IO` if the folder or file cannot be created
 * @example
 * const run = new LoggingEngine(new ExperimentConfig('my_exp'));
 * toTensorBoard(run, `runs/${run.runName}`);
 */
export function toTensorBoard(run: MirroredRun, logDir: string): Subscription {
  const file = new EventFileWriter(logDir, { flushIntervalMs: FLUSH_INTERVAL_MS });
  const encoder = new SummaryEncoder();
  let rowCount = 0;
  const add = ({ step, timestamp = Date.now(), values }: MetricRow): void => {
    for (const event of encoder.row({ step: step ?? rowCount, wallTime: wallTimeOf(timestamp), values }))
      file.append(event);
    rowCount++;
  };
  const end = (status: RunStatus): void => {
    const now = Date.now() / 1000;
    const session = [
      hparamsValue('start', sessionStartData(new Map(), null, now)),
      hparamsValue('end', sessionEndData(status, now)),
    ];
    file.append(summaryEvent(now, 0, session));
    mirror.unsubscribe();
  };
  const ended = (): void =>
    void run.closed.then(
      ({ status }) => end(status),
      () => end(RunStatus.Failed),
    );
  const mirror = new Subscription(() => closeQuietly(file));
  mirror.add(run.metrics.subscribe({ next: add, error: ended, complete: ended }));
  return mirror;
}

/** Reports a failed mirror as a warning; it is no reason to end a training. */
function closeQuietly(file: EventFileWriter): void {
  try {
    file.close();
  } catch (error) {
    process.emitWarning(messageOf(error), { type: 'ExpmanWarning' });
  }
}
