import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeFs } from '../../src/storage/node-fs.js';
import type { Executor, NextTrial, TrialObserver, TrialOutcome } from '../../src/sweep/executor.js';
import { uniform } from '../../src/sweep/space/distributions.js';
import { describeSpace } from '../../src/sweep/space/describe-space.js';
import { SweepStudy } from '../../src/sweep/study.js';
import type { Scheduler } from '../../src/sweep/schedulers/scheduler.js';
import { type TrialRecord, appendToJournal, lineOf, readSweep } from '../../src/sweep/sweep-file.js';
import { type SweepOptions, resolveSweep } from '../../src/sweep/sweep-options.js';
import { trialRunName } from '../../src/sweep/trial-run-name.js';
import type { PlacedTrial } from '../../src/sweep/trial.js';
import { tempFolders } from '../support/temp-folder.js';

type Params = { readonly x: number };
const SPACE = { x: uniform(0, 1) };
const folder = tempFolders('lost-worker');
const placeOf = (run: string) => ({ host: 'far', slot: 2, runDir: `/far/s/${run}` });

type Play = (next: NextTrial<Params>, observer: TrialObserver<PlacedTrial<Params>>) => Promise<TrialOutcome>;

/** A study whose trials run elsewhere; `play` is what becomes of each. */
function studyIn(
  baseDir: string,
  play: Play,
  more: Partial<SweepOptions<Params>>,
): SweepStudy<Params, PlacedTrial<Params>> {
  const executor: Executor<Params, PlacedTrial<Params>> = {
    outlivesStudy: true,
    open: () => Promise.resolve(),
    run: (next, _, observer) => play(next, observer),
    close: () => Promise.resolve(),
  };
  return new SweepStudy(
    resolveSweep<typeof SPACE>(SPACE, { name: 's', baseDir, metric: 'loss', handleSignals: false, ...more }),
    describeSpace(SPACE),
    executor,
  );
}

const outcome = (number: number, attempt: number, value: number | null): TrialOutcome => {
  const run = trialRunName(number, attempt);
  const ended =
    value === null ? { status: 'failed' as const, error: 'broken' } : { status: 'finished' as const };
  return { attempt, run, value, step: null, place: placeOf(run), ...ended };
};

describe('a trial whose worker was lost', () => {
  it('is on record as its next attempt at once, and has all its retries left', async () => {
    const base = folder();
    const seen: unknown[] = [];
    const study = studyIn(
      base,
      ({ number, attempt }, observer) => {
        observer.begins({ attempt, run: trialRunName(number, attempt) });
        if (attempt > 0) return Promise.resolve(outcome(number, attempt, 1));
        const run = trialRunName(number, 1);
        observer.begins({ attempt: 1, run, place: placeOf(run) });
        seen.push(readSweep(nodeFs, join(base, 's'))?.trials);
        return Promise.resolve(outcome(number, 1, null));
      },
      { trials: 1, retries: 1 },
    );
    const { trials } = await study.result;
    expect(seen).toMatchObject([[{ trial: 0, attempt: 1, status: 'running', host: 'far', slot: 2 }]]);
    expect(trials).toMatchObject([
      { attempt: 2, status: 'finished', host: 'far', slot: 2, runDir: '/far/s/trial-0000.2' },
    ]);
  });

  it('is taken up as the attempt it was, whatever folders it has made since', async () => {
    const base = folder();
    await leftRunning(base, [0]);
    mkdirSync(join(base, 's/trial-0000.1'));
    const taken: NextTrial<Params>[] = [];
    const play: Play = (next) => {
      taken.push(next);
      return Promise.resolve(outcome(0, 1, 3));
    };
    const { trials } = await studyIn(base, play, { trials: 2 }).result;
    expect(taken).toMatchObject([{ number: 0, attempt: 0, isTakenUp: true }]);
    expect(trials).toMatchObject([{ attempt: 1, status: 'finished', value: 3 }, { attempt: 0 }]);
  });

  it('is taken up with what the scheduler knew of it, and says whether it has a run', async () => {
    const base = folder();
    const [seen, recalled]: [unknown[], unknown[]] = [[], []];
    const scheduler: Scheduler = {
      stops: () => false,
      courseOf: (trial) => [[4, trial + 0.5]],
      recall: (trial, course) => recalled.push([trial, course]),
    };
    const report = { resource: 4, loss: 1, value: 1 };
    const play: Play = ({ number, attempt }, observer) => {
      observer.begins({ attempt, run: trialRunName(number, attempt), place: placeOf('r') });
      observer.reported({ step: 3, value: 1, timestamp: 0, report, isFirst: true, oddity: null });
      seen.push(readSweep(nodeFs, join(base, 's'))?.trials.at(-1));
      return Promise.resolve(outcome(number, attempt, 1));
    };
    await studyIn(base, play, { trials: 1, scheduler }).result;
    const running = { status: 'running', host: 'far', course: [[4, 0.5]] };
    expect(seen).toMatchObject([running]);
    // As after a kill: one that began on a host, one that was offered only, and one that began here.
    const dir = join(base, 's');
    const record = { ...(seen[0] as TrialRecord), status: 'running' as const };
    const { attempt, status, params, value, step } = record;
    const bare = { attempt, status, params, value, step };
    for (const each of [record, ...[1, 2].map((trial) => ({ ...bare, trial, run: trialRunName(trial, 0) }))])
      appendToJournal(nodeFs, dir, lineOf(each));
    mkdirSync(join(dir, 'trial-0002'));
    const taken: NextTrial<Params>[] = [];
    const again: Play = (next) => {
      taken.push(next);
      return Promise.resolve(outcome(next.number, next.attempt, 1));
    };
    await studyIn(base, again, { trials: 3, scheduler }).result;
    expect(taken.map(({ isTakenUp, hasBegun }) => [isTakenUp, hasBegun])).toEqual([
      [true, true],
      [true, false],
      [true, true],
    ]);
    expect(recalled).toEqual([[0, [[4, 0.5]]]]);
  });

  it('is tried again later if the sweep is stopped before it is taken up', async () => {
    const base = folder();
    await leftRunning(base, [0, 1]);
    const again: SweepStudy<Params, PlacedTrial<Params>> = studyIn(
      base,
      ({ number, attempt }) => {
        again.stop();
        return Promise.resolve(outcome(number, attempt, 3));
      },
      { trials: 2 },
    );
    const { status, trials } = await again.result;
    expect(status).toBe('INTERRUPTED');
    expect(trials).toMatchObject([{ status: 'finished' }, { status: 'interrupted', value: null }]);
  });
});

/** Leaves a sweep of two trials, of which these are running, as after a kill. */
async function leftRunning(base: string, numbers: readonly number[]): Promise<void> {
  const play: Play = ({ number, attempt }) => Promise.resolve(outcome(number, attempt, 1));
  await studyIn(base, play, { trials: 2 }).result;
  const dir = join(base, 's');
  for (const record of readSweep(nodeFs, dir)?.trials ?? [])
    if (numbers.includes(record.trial))
      appendToJournal(nodeFs, dir, lineOf({ ...record, status: 'running', value: null }));
}
