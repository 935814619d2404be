import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine, resumeRun } from 'expman-rx';
import { openRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { runChild } from '../support/child.js';
import { logLines } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('resume-run');
const open = (options: ExperimentOptions = {}, base = folder()): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, runName: 'r', ...options }));
const failure = (code: string): unknown => expect.objectContaining({ code });
const stepsOf = async (runDir: string): Promise<unknown[]> => {
  const steps = [];
  for await (const { step } of openRun(runDir).rows()) steps.push(step);
  return steps;
};

describe('resumeRun', () => {
  it('goes on after the newest checkpoint, with its content and the parameters, whatever killed the run', async () => {
    const { runDir } = await runChild(
      folder(),
      `const run = open();
       run.logParams({ lr: 0.1, layers: [64, 64] });
       for (let step = 0; step < 10; step++) {
         run.logMetrics({ loss: step }, step);
         if (step % 4 === 0) await run.saveCheckpoint(step, Buffer.from('state ' + step));
       }
       await run.flush();
       await ask('now');`,
      { answer: () => 'kill' },
    );
    const { run, step, params, checkpoint } = await resumeRun(runDir, { environment: false });
    expect({ step, params }).toEqual({ step: 8, params: { lr: 0.1, layers: [64, 64] } });
    expect(Buffer.from((await checkpoint?.bytes()) ?? []).toString()).toBe('state 8');
    for (let at = Number(step) + 1; at < 12; at++) run.logMetrics({ loss: -at }, at);
    expect(await run.close()).toMatchObject({ rows: 12, rewound: 1, status: 'FINISHED' });
    expect(await stepsOf(runDir)).toEqual([...Array(12).keys()]);
    expect(openRun(runDir).facts.params).toEqual({ lr: 0.1, layers: [64, 64] });
  });

  it('leaves the rows after the checkpoint where it is told to', async () => {
    const first = open();
    for (let step = 0; step < 4; step++) first.logMetrics({ loss: step }, step);
    await first.saveCheckpoint(1, { text: 'x' });
    await first.close();
    const { run, step } = await resumeRun(first.runDir, { rewind: false, environment: false });
    expect(step).toBe(1);
    expect(await run.close()).toMatchObject({ rows: 4, rewound: 0 });
  });

  it('removes nothing from a run without a checkpoint, and goes on after its last step', async () => {
    const first = open();
    for (const step of [3, 9, 4]) first.logMetrics({ loss: step }, step);
    await first.close();
    const { run, step, checkpoint } = await resumeRun(first.runDir, { environment: false });
    expect({ step, checkpoint }).toEqual({ step: 9, checkpoint: null });
    expect(await run.close()).toMatchObject({ rows: 3, rewound: 0 });
  });

  it('knows no step of a run without one', async () => {
    const first = open();
    first.logMetrics({ loss: 1 });
    await first.close();
    const { run, step } = await resumeRun(first.runDir, { environment: false });
    expect(step).toBeNull();
    await run.close();
  });

  it('goes on after the greatest step there is', async () => {
    const first = open();
    const last = 2n ** 63n - 1n;
    first.logMetrics({ loss: 1 }, last);
    await first.saveCheckpoint(last, { text: 'x' });
    await first.close();
    const { run, step } = await resumeRun(first.runDir, { environment: false });
    expect(step).toBe(last);
    expect(await run.close()).toMatchObject({ rows: 1, rewound: 0 });
  });

  it.each([
    ['changed', (path: string) => writeFileSync(path, 'wrong')],
    ['cut off', (path: string) => truncateSync(path, 2)],
  ])('passes over a checkpoint that was %s, and says so', async (_how, damage) => {
    const first = open();
    for (const step of [1, 2]) {
      first.logMetrics({ loss: step }, step);
      await first.saveCheckpoint(step, { text: 'state' });
    }
    await first.close();
    damage((await openRun(first.runDir).checkpoints())[1]?.path ?? '');
    const { run, step, checkpoint } = await resumeRun(first.runDir, { environment: false });
    expect({ step, of: checkpoint?.step }).toEqual({ step: 1, of: 1 });
    expect(await run.close()).toMatchObject({ rows: 1, rewound: 1 });
    expect(logLines(first.runDir).join('')).toMatch(/resumed from an earlier checkpoint: .*step-2-2\.bin/);
  });

  it('takes the options of a run', async () => {
    const first = open({ tags: ['a'] });
    await first.close();
    const { run } = await resumeRun(first.runDir, { environment: false, tags: ['b'], notes: 'again' });
    await run.close();
    expect(openRun(first.runDir).facts).toMatchObject({ tags: ['a', 'b'], notes: 'again' });
  });

  it.each([
    ['runName', { runName: 'other' }],
    ['resume', { resume: 'allow' }],
    ['fromStep', { fromStep: 3 }],
    ['rewind', { rewind: 'no' }],
    ['rewinds', { rewinds: true }],
    ['tags', { tags: 'many' }],
  ])('refuses the option %s, and leaves the run as it is', async (option, options) => {
    const first = open();
    await first.close();
    await expect(resumeRun(first.runDir, options as object)).rejects.toEqual(
      expect.objectContaining({ code: 'INVALID_OPTION', option }),
    );
    expect(openRun(first.runDir).facts.status).toBe('FINISHED');
  });

  it('refuses a run that is not there, a folder that is not a run, and a run that is open', async () => {
    const base = folder();
    await expect(resumeRun(join(base, 'exp/none'))).rejects.toEqual(failure('RUN_NOT_FOUND'));
    const run = open({}, base);
    await expect(resumeRun(run.runDir)).rejects.toEqual(failure('RUN_LOCKED'));
    await expect(resumeRun(join(base, 'exp'))).rejects.toEqual(failure('RUN_NOT_FOUND'));
    expect(await run.close()).toMatchObject({ status: 'FINISHED' });
  });
});
