import { describe, expect, it } from 'vitest';
import { TrialControl } from '../../../src/sweep/executor.js';
import { OfferedTrial } from '../../../src/sweep/queue/offered-trial.js';
import { type WorkerReport, toWire } from '../../../src/sweep/queue/queue-messages.js';

const RULES = {
  metrics: [{ name: 'loss', mode: 'min' }],
  constraints: [],
  value: 'last',
  graceMs: 0,
} as const;
/** Two metrics and a constraint. */
const MORE = {
  ...RULES,
  metrics: [...RULES.metrics, { name: 'size', mode: 'min' }],
  constraints: [{ metric: 'latency', max: 1 }],
} as const;

function offered(rules: object = RULES): {
  readonly trial: OfferedTrial<unknown>;
  readonly control: TrialControl;
  readonly heard: unknown[];
  readonly warnings: string[];
} {
  const heard: unknown[] = [];
  const warnings: string[] = [];
  const control = new TrialControl();
  const trial = new OfferedTrial<unknown>(
    { number: 3, attempt: 0, params: { x: 1 }, slot: 0, isTakenUp: false },
    {
      rules: rules as never,
      control,
      observer: {
        begins: ({ run }) => heard.push(['begins', run]),
        started: ({ attempt, host }) => heard.push(['started', attempt, host]),
        reported: ({ value }) => heard.push(value),
        ending: () => undefined,
      },
      warn: (text) => warnings.push(text),
    },
  );
  return { trial, control, heard, warnings };
}

const begun = (attempt: number, host: string): WorkerReport => ({
  ...({ kind: 'begun', trial: 3, attempt } as const),
  run: `trial-0003${attempt === 0 ? '' : `.${attempt}`}`,
  place: { host, slot: 0, runDir: '/r' },
});
const values = (attempt: number, value: number) =>
  ({ kind: 'values', trial: 3, attempt, points: [{ step: 0, value, timestamp: 0 }] }) as const;

describe('a trial in the queue', () => {
  it('begins again with the next worker, and drops and tells what the lost one still says', () => {
    const { trial, heard, warnings } = offered();
    trial.received(begun(0, 'one'));
    trial.received(values(0, 5));
    trial.received(begun(1, 'two'));
    trial.received(values(0, 6));
    trial.received(values(0, 7));
    trial.received(values(1, 8));
    expect(heard).toEqual([
      ['begins', 'trial-0003'],
      ['started', 0, 'one'],
      5,
      ['begins', 'trial-0003.1'],
      ['started', 1, 'two'],
      8,
    ]);
    expect(warnings).toEqual([
      'trial 3: the worker on one was lost; attempt 1 has begun on two',
      'trial 3: a worker still reports for attempt 0; its values are dropped, because attempt 1 has taken its place',
    ]);
  });

  it('takes no result of an attempt whose place another one has taken', () => {
    const { trial } = offered();
    trial.received(begun(1, 'two'));
    const place = { host: 'one', slot: 0, runDir: '/r' };
    const outcome = { attempt: 0, status: 'finished', run: 'trial-0003', value: 1, step: 0, place };
    expect(trial.completed(toWire({ outcome, lastReport: null }))).toMatchObject({
      status: 'failed',
      attempt: 1,
    });
  });

  it('counts with the values of all metrics, and fails if its worker knows of the first alone', () => {
    const place = { host: 'one', slot: 0, runDir: '/r' };
    const outcome = { attempt: 0, status: 'finished', run: 'trial-0003', value: 1, step: 0, place };
    const completed = (more: object): unknown =>
      offered(MORE).trial.completed(toWire({ outcome: { ...outcome, ...more }, lastReport: null }));
    const all = { values: [1, 2], constraintValues: [3] };
    expect(completed(all)).toMatchObject({ status: 'finished', ...all });
    for (const lacking of [{}, { values: [1, 2] }, { ...all, values: [1] }])
      expect(completed(lacking)).toMatchObject({
        status: 'failed',
        error: expect.stringMatching(/version of expman-rx is older/) as string,
      });
  });

  it('keeps apart what it hears of several metrics, and ignores what is of none', async () => {
    const { trial, control } = offered(MORE);
    trial.received(begun(0, 'one'));
    const points = [7, 8, 9, 10].map((value, of) => ({ step: 0, value, timestamp: 0, of }));
    trial.received({ kind: 'values', trial: 3, attempt: 0, points });
    trial.onAbort(() => Promise.resolve('sent'));
    control.abort('stopped');
    control.expire();
    await expect(trial.outcome).resolves.toMatchObject({ value: 7, values: [7, 8], constraintValues: [9] });
  });

  it('that is aborted and not begun again counts with what was heard of the attempt before', () => {
    const { trial, control } = offered();
    trial.received(begun(0, 'one'));
    trial.received(values(0, 5));
    control.abort('stopped');
    const place = { host: 'two', slot: 0, runDir: '/r' };
    const unbegun = { attempt: 1, status: 'stopped', run: 'trial-0003.1', value: null, step: null, place };
    expect(trial.completed(toWire({ outcome: unbegun, lastReport: null }))).toMatchObject({
      ...{ status: 'stopped', attempt: 0, run: 'trial-0003', value: 5, place: { host: 'one' } },
    });
  });

  it('fails with its third lost worker', () => {
    const { trial } = offered();
    expect(trial.failed('job stalled more than allowable limit')).toMatchObject({
      status: 'failed',
      error: 'its worker was lost for the third time',
    });
  });

  it('that no worker has taken is gone when it is aborted', async () => {
    const { trial, control } = offered();
    trial.onAbort(() => Promise.resolve('removed'));
    control.abort('interrupted');
    await expect(trial.outcome).resolves.toMatchObject({ status: 'interrupted', value: null });
  });

  it('is not waited for once its time has passed, and counts with what it has reported', async () => {
    const { trial, control } = offered();
    trial.received(begun(0, 'one'));
    trial.received(values(0, 5));
    trial.onAbort(() => Promise.resolve('sent'));
    control.abort('stopped');
    control.expire();
    await expect(trial.outcome).resolves.toMatchObject({ status: 'stopped', value: 5, step: 0 });
  });
});
