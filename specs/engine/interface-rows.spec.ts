import { lastValueFrom, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from '../../src/index.js';
import { openRun } from '../../src/reader/index.js';
import { logTo, tee } from '../../src/stream/operators/index.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('interface-rows');

interface Losses {
  readonly loss: number;
  readonly passed: boolean;
}
interface Hyper {
  readonly lr: number;
  readonly layers: { readonly width: number };
}
interface Cell {
  readonly truth: string;
  readonly count: number;
}
const losses: Losses = { loss: 0.5, passed: true };
const step = 3;

describe('rows, parameters and tables typed as interfaces', () => {
  it('are taken as those typed as type aliases are', async () => {
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    const hyper: Hyper = { lr: 1e-3, layers: { width: 8 } };
    const cells: Cell[] = [{ truth: 'cat', count: 2 }];
    run.logParams(hyper);
    run.logMetrics(losses, 0);
    run.metrics.next({ step: 1, values: losses });
    of({ step: 2, values: losses }).subscribe({ next: (row) => run.metrics.next(row) });
    await lastValueFrom(of({ step, values: losses }).pipe(logTo(run)));
    await lastValueFrom(of(losses).pipe(logTo(run)));
    for await (const row of tee([losses], run)) expect(row.loss).toBe(0.5);
    run.logTable('confusion', cells);
    const { rows, invalid } = await run.close();
    expect([rows, invalid]).toEqual([6, 0]);
    expect(openRun(run.runDir).facts.params).toMatchObject(hyper);
  });

  it('are subscribed to the mailbox as streams', async () => {
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    of({ step, values: losses }).subscribe(run.metrics);
    const { rows, status } = await run.closed;
    expect([rows, status]).toEqual([1, 'FINISHED']);
  });

  it('are refused by the compiler where a member is no metric', async () => {
    const run = new LoggingEngine(
      new ExperimentConfig('exp', folder(), { environment: false, onInvalid: 'warn' }),
    );
    const dated = { at: new Date(0) };
    // @ts-expect-error -- a date is not a metric value
    run.logMetrics(dated);
    // @ts-expect-error -- as above
    run.metrics.next({ values: dated });
    // @ts-expect-error -- as above
    of(dated).pipe(logTo(run)).subscribe();
    const { invalid } = await run.close();
    expect(invalid).toBe(3);
  });

  it('say what was meant where the step of a row stands among its values', async () => {
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    await lastValueFrom(of({ loss: 0.5, step }).pipe(logTo(run)));
    await run.close();
    const lines = await openRun(run.runDir).logs();
    expect(lines.map(({ message }) => message).join()).toContain('write { step, values }');
  });
});
