import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stopRun } from 'expman-rx/reader';
import { type StudyResult, type Study, type Train, sweep, uniform } from 'expman-rx/sweep';
import { filter, firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('asked-to-stop');
const WORKER = new URL('./workers/trials.mjs', import.meta.url);
const REASON = /^AbortError: the run was asked to stop by \S+: enough$/;

type Params = { readonly way: string; readonly x: number };

interface Asked {
  readonly result: StudyResult<Params>;
  /** The line about it in the log of the trial; none of a trial that says nothing. */
  readonly said: { readonly why?: readonly string[] };
}

/** A sweep of one trial, in a thread of its own or here, that is asked to stop once it has reported a value. */
async function asked(whom: 'run' | 'sweep', way: string, train?: Train<Params>): Promise<Asked> {
  const options = {
    ...{ name: 's', baseDir: folder(), metric: 'loss', trials: 1, handleSignals: false },
    run: { environment: false },
  };
  const space = { way, x: uniform(0, 1) };
  const study: Study<Params> =
    train === undefined ? sweep(space, { ...options, worker: WORKER }) : sweep(space, train, options);
  await firstValueFrom(study.events$.pipe(filter(({ kind }) => kind === 'reported')));
  const runDir = join(study.dir, 'trial-0000');
  await stopRun(whom === 'run' ? runDir : study.dir, { reason: 'enough' });
  const result = await study.result;
  const log = join(runDir, 'run.log');
  const lines = existsSync(log) ? readFileSync(log, 'utf8') : '';
  const [, said = '{}'] = /INFO {2}asked (.*)/.exec(lines) ?? [];
  return { result, said: JSON.parse(said) as Asked['said'] };
}

// A thread loads all it needs anew, which takes a while on a busy machine.
describe('a trial that is asked to stop', () => {
  it('hears of it in its own thread, on run.stop$, run.signal and its signal', async () => {
    const { result, said } = await asked('run', 'asked to stop');
    expect(said).toEqual({
      ...{ aborted: [false, true], reason: 'enough', times: 1 },
      why: [expect.stringMatching(REASON), said.why?.[0], 'AbortError: the trial was stopped'],
    });
    expect(result.trials).toMatchObject([{ status: 'stopped', value: 1 }]);
  });

  it('hears of a request to its sweep there, even in a loop that never yields', async () => {
    const { result, said } = await asked('sweep', 'asked in a loop');
    expect(said).toEqual({
      why: [expect.stringMatching(REASON), 'AbortError: the trial was interrupted'],
    });
    expect(result.trials).toMatchObject([{ status: 'interrupted' }]);
  });

  it('hears of a request to its sweep in the thread of the sweep', async () => {
    const seen: unknown[] = [];
    const { result } = await asked('sweep', 'here', async ({ run, signal }) => {
      run.logMetrics({ loss: 1 }, 0);
      const requests = await lastValueFrom(run.stop$.pipe(toArray()));
      seen.push(
        requests.map(({ reason }) => reason),
        ...[run.signal, signal].map((each) => String(each.reason)),
      );
    });
    expect(seen).toEqual([
      ['enough'],
      expect.stringMatching(REASON),
      'AbortError: the trial was interrupted',
    ]);
    expect(result.trials).toMatchObject([{ status: 'interrupted' }]);
  });
});
