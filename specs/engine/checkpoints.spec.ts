import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine } from 'expman-rx';
import { openRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { goalByName, keptBy } from '../../src/model/keep-rule.js';
import { runChild } from '../support/child.js';
import { logLines } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('checkpoints');
const open = (options: ExperimentOptions = {}, base = folder()): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, runName: 'r', ...options }));
const failure = (code: string): unknown => expect.objectContaining({ code });
const bytes = (text: string): Uint8Array => Buffer.from(text);
/** The steps of the checkpoints that readers find. */
const steps = async (runDir: string): Promise<unknown[]> =>
  (await openRun(runDir).checkpoints()).map(({ step }) => step);
/** The files in the folder, without the list. */
const files = (runDir: string): string[] =>
  readdirSync(join(runDir, 'checkpoints')).filter((name) => name !== 'manifest.ndjson');

describe('a checkpoint', () => {
  it('is saved with its step, and read back as it was', async () => {
    const run = open();
    run.logMetrics({ loss: 1 }, 7);
    const saved = await run.saveCheckpoint(7, bytes('weights'));
    expect(saved).toMatchObject({ step: 7, size: 7, values: {} });
    await run.close();
    const [checkpoint, ...others] = await openRun(run.runDir).checkpoints();
    expect(others).toEqual([]);
    expect(checkpoint).toMatchObject(saved);
    expect(Buffer.from((await checkpoint?.bytes()) ?? []).toString()).toBe('weights');
    expect(readFileSync(saved.path, 'utf8')).toBe('weights');
  });

  it('may be a text, a value as JSON, or a file, whose extension it keeps', async () => {
    const run = open();
    const source = join(folder(), 'model.pt');
    writeFileSync(source, 'torch');
    const saved = [
      await run.saveCheckpoint(1, { text: 'état' }),
      await run.saveCheckpoint(2, { json: { w: [1, 2] } }),
      await run.saveCheckpoint(3, { file: source }),
    ];
    await run.close();
    const texts = saved.map(({ path }) => readFileSync(path, 'utf8'));
    expect(texts).toEqual(['état', '{\n  "w": [\n    1,\n    2\n  ]\n}\n', 'torch']);
    expect(saved.map(({ path }) => path.replace(/.*\./, ''))).toEqual(['bin', 'json', 'pt']);
    expect(readFileSync(source, 'utf8')).toBe('torch');
  });

  it('may have any step of 64 bits', async () => {
    const run = open();
    const wanted = [-5, 0, 2 ** 53 - 1, 2n ** 63n - 1n];
    for (const step of wanted) await run.saveCheckpoint(step, bytes('x'));
    await run.close();
    expect(await steps(run.runDir)).toEqual(wanted);
  });

  it('is taken as it was at the call, in the order of the calls, and awaited by close', async () => {
    const run = open();
    const weights = bytes('first');
    const saved = [run.saveCheckpoint(1, weights)];
    weights.set(bytes('other'));
    saved.push(run.saveCheckpoint(2, weights));
    await run.close();
    const read = (await openRun(run.runDir).checkpoints()).map(async (each) =>
      Buffer.from(await each.bytes()).toString(),
    );
    expect(await Promise.all(read)).toEqual(['first', 'other']);
    expect((await Promise.all(saved)).map(({ step }) => step)).toEqual([1, 2]);
  });

  it('replaces one of the same step', async () => {
    const run = open();
    await run.saveCheckpoint(1, { text: 'old' });
    await run.saveCheckpoint(1, { text: 'new' });
    await run.close();
    expect(await steps(run.runDir)).toEqual([1]);
    expect(files(run.runDir)).toHaveLength(1);
    expect(readFileSync(join(run.runDir, 'checkpoints', files(run.runDir)[0] ?? ''), 'utf8')).toBe('new');
  });

  it.each([
    ['a value that is no step', 1.5, bytes('x'), undefined, 'INVALID_OPTION'],
    ['a step that is a text', '1', bytes('x'), undefined, 'INVALID_OPTION'],
    ['a text as content', 1, 'weights.bin', undefined, 'INVALID_VALUE'],
    ['nothing', 1, undefined, undefined, 'INVALID_VALUE'],
    ['a file that is not there', 1, { file: '/nowhere/at/all' }, undefined, 'ARTIFACT_NOT_FOUND'],
    ['an empty path', 1, { file: '' }, undefined, 'INVALID_OPTION'],
    ['a rule of other words', 1, bytes('x'), { keep: 'newest 3' }, 'INVALID_OPTION'],
    ['a rule that keeps none', 1, bytes('x'), { keep: 'last 0' }, 'INVALID_OPTION'],
    ['no rule', 1, bytes('x'), { keep: [] }, 'INVALID_OPTION'],
    ['a misspelt option', 1, bytes('x'), { kept: 'last 3' }, 'INVALID_OPTION'],
    ['a metric without a direction', 1, bytes('x'), { keep: 'best 1 by q' }, 'INVALID_OPTION'],
  ])('is refused for %s, and the run goes on', async (_what, step, content, options, code) => {
    const run = open();
    await expect(
      run.saveCheckpoint(step as number, content as Uint8Array, options as object),
    ).rejects.toEqual(failure(code));
    run.logMetrics({ loss: 1 }, 1);
    await run.saveCheckpoint(2, bytes('y'));
    expect(await run.close()).toMatchObject({ rows: 1, status: 'FINISHED' });
    expect(await steps(run.runDir)).toEqual([2]);
  });

  it('is refused after close', async () => {
    const run = open();
    await run.close();
    await expect(run.saveCheckpoint(1, bytes('x'))).rejects.toEqual(failure('RUN_CLOSED'));
  });

  it('that was not saved is told in run.log, if nobody listens', async () => {
    const run = open();
    run.saveCheckpoint(3, { file: '/nowhere/at/all' }).catch(() => undefined);
    await run.close();
    expect(logLines(run.runDir).join('')).toMatch(/the checkpoint of step 3 was not saved: .*does not exist/);
  });

  it('that was not saved ends no process that does not listen', async () => {
    const { ended, said } = await runChild(
      folder(),
      `const run = open();
       void run.saveCheckpoint(1.5, Buffer.from('x'));
       void run.saveCheckpoint(2, { file: '/nowhere/at/all' });
       void run.logArtifact('m', '/nowhere/at/all');
       void run.logArtifact('../m', {});
       say((await run.close()).status);`,
    );
    expect([ended, said]).toEqual([0, ['FINISHED']]);
  });

  it('is not written through a link', async () => {
    const base = folder();
    const run = open({}, base);
    const elsewhere = join(base, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(run.runDir, 'checkpoints'));
    await expect(run.saveCheckpoint(1, bytes('x'))).rejects.toEqual(
      expect.objectContaining({ name: 'ExpmanError' }),
    );
    await run.close();
    expect(readdirSync(elsewhere)).toEqual([]);
    await expect(openRun(run.runDir).checkpoints()).rejects.toEqual(failure('CORRUPT'));
  });
});

describe('the checkpoints that stay', () => {
  it('are the last ones', async () => {
    const run = open();
    for (let step = 1; step <= 5; step++) await run.saveCheckpoint(step, bytes('x'), { keep: 'last 2' });
    await run.close();
    expect(await steps(run.runDir)).toEqual([4, 5]);
    expect(files(run.runDir)).toHaveLength(2);
  });

  it('are the best ones by a metric, and the newest', async () => {
    const run = open();
    run.defineMetric('val/*', { goal: 'min' });
    for (const [step, loss] of [5, 1, 3, 2, 4].entries()) {
      run.logMetrics({ 'val/loss': loss }, step);
      await run.saveCheckpoint(step, bytes('x'), { keep: 'best 2 by val/loss' });
    }
    await run.close();
    expect(await steps(run.runDir)).toEqual([1, 3, 4]);
    const [best] = await openRun(run.runDir).checkpoints();
    expect(best?.values).toEqual({ 'val/loss': 1 });
  });

  it('are those of several rules together', async () => {
    const run = open();
    for (const [step, accuracy] of [0.9, 0.1, 0.2, 0.3].entries()) {
      run.logMetrics({ accuracy }, step);
      await run.saveCheckpoint(step, bytes('x'), { keep: ['last 2', 'best 1 by accuracy'] });
    }
    await run.close();
    expect(await steps(run.runDir)).toEqual([0, 2, 3]);
    expect(logLines(run.runDir).filter((line) => line.includes('the greatest is the best'))).toHaveLength(1);
  });

  it('go by the goal of the call before that of the metric', async () => {
    const run = open();
    run.defineMetric('q', { goal: 'min' });
    for (const [step, q] of [3, 1, 2].entries()) {
      run.logMetrics({ q }, step);
      await run.saveCheckpoint(step, bytes('x'), { keep: 'best 1 by q', goal: 'max' });
    }
    await run.close();
    expect(await steps(run.runDir)).toEqual([0, 2]);
  });

  it('rank a value that is missing or NaN last, which is told', async () => {
    const run = open();
    const values = [NaN, 2, undefined, 9];
    for (const [step, loss] of values.entries()) {
      if (step === 0 || loss !== undefined)
        run.logMetrics({ [step === 0 ? 'nan_loss' : 'loss']: loss ?? 0 }, step);
      await run.saveCheckpoint(step, bytes('x'), { keep: 'best 2 by loss' });
    }
    await run.close();
    expect(await steps(run.runDir)).toEqual([1, 2, 3]);
    expect(logLines(run.runDir).join('')).toMatch(/step 0 ranks last by loss, which has no number yet/);
  });

  it('go by the last number of the rows up to the step, published or not, of this session or an earlier one', async () => {
    const base = folder();
    const first = open({}, base);
    first.logMetrics({ loss: 0.5 }, 1);
    first.logMetrics({ loss: 99 }, 8);
    await first.close();
    const second = open({ resume: 'must', fromStep: 5 }, base);
    second.logMetrics({ other: 1 }, 5);
    await second.saveCheckpoint(5, bytes('x'), { keep: 'best 3 by loss' });
    second.logMetrics({ loss: 7 }, 6);
    second.logMetrics({ loss: 3 }, 9);
    await second.saveCheckpoint(6, bytes('y'), { keep: 'best 3 by loss' });
    await second.close();
    const saved = await openRun(second.runDir).checkpoints();
    expect(saved.map(({ values }) => values)).toEqual([{ loss: 0.5 }, { loss: 7 }]);
  });

  it.each([
    ['val/loss', 'min'],
    ['train_error', 'min'],
    ['RMSE', 'min'],
    ['val.accuracy', 'max'],
    ['eval/f1', 'max'],
    ['reward', 'max'],
    ['lossless', null],
    ['q', null],
  ])('of %s, which nobody defined, get better towards %s', (metric, goal) => {
    expect(goalByName(metric)).toBe(goal);
  });

  it('keep the later of equal ones', () => {
    const line = (step: number, loss: number): Parameters<typeof keptBy>[2][number] => ({
      ...{ step, epoch: 0, file: `step-${step}-1.bin`, size: 1, sha256: '', savedAt: '' },
      values: { loss },
    });
    const lines = [line(1, 1), line(2, 1), line(3, 5), line(4, -Infinity), line(5, Infinity)];
    const kept = keptBy([{ kind: 'best', count: 2, metric: 'loss' }], () => 'min', lines);
    expect(kept.map(({ step }) => step)).toEqual([2, 4, 5]);
  });
});

describe('the checkpoints of a run that goes on', () => {
  it('go with their steps where it is rewound, and their files with the next one', async () => {
    const base = folder();
    const first = open({}, base);
    for (const step of [1, 2, 3]) {
      first.logMetrics({ loss: step }, step);
      await first.saveCheckpoint(step, bytes(`old ${step}`));
    }
    await first.close();
    const second = open({ resume: 'must', fromStep: 2 }, base);
    await second.flush();
    expect(await steps(second.runDir)).toEqual([1]);
    expect(files(second.runDir)).toHaveLength(3);
    await second.saveCheckpoint(2, bytes('new 2'));
    expect(files(second.runDir)).toHaveLength(2);
    await second.close();
    expect(await steps(second.runDir)).toEqual([1, 2]);
    const third = open({ resume: 'must' }, base);
    await third.saveCheckpoint(3, bytes('new 3'));
    await third.close();
    expect(await steps(third.runDir)).toEqual([1, 2, 3]);
  });

  it('stay where it is not rewound', async () => {
    const base = folder();
    const first = open({}, base);
    await first.saveCheckpoint(1, bytes('x'));
    await first.close();
    const second = open({ resume: 'must' }, base);
    await second.saveCheckpoint(2, bytes('y'));
    await second.close();
    expect(await steps(second.runDir)).toEqual([1, 2]);
  });

  it('are there after a kill, with the rows that were logged before them', async () => {
    const { runDir } = await runChild(
      folder(),
      `const run = open();
       for (let step = 0; step < 3; step++) {
         run.logMetrics({ loss: step }, step);
         await run.saveCheckpoint(step, Buffer.from('state ' + step), { keep: 'last 2' });
       }
       await ask('now');`,
      { answer: () => 'kill' },
    );
    const run = openRun(runDir);
    expect(run.facts).toMatchObject({ status: 'CRASHED', rows: 3 });
    const saved = await run.checkpoints();
    expect(saved.map(({ step }) => step)).toEqual([1, 2]);
    expect(String(Buffer.from((await saved[1]?.bytes()) ?? []))).toBe('state 2');
  });
});

describe('the list of checkpoints', () => {
  const listOf = (runDir: string): string => join(runDir, 'checkpoints', 'manifest.ndjson');

  it.each([
    ['leads out of the folder', { file: '../../run.yaml' }],
    ['leads to another file of the run', { file: '../run.yaml' }],
    ['has a negative size', { size: -1 }],
    ['has no digest', { sha256: 'abc' }],
    ['has a fraction as its step', { step: 1.5 }],
    ['has a value that is no number', { values: { loss: 'much' } }],
    ['has a value of a dangerous name', { values: JSON.parse('{"__proto__":1}') as object }],
  ])('has no line that %s', async (_what, change) => {
    const run = open();
    await run.saveCheckpoint(1, bytes('x'));
    await run.saveCheckpoint(2, bytes('y'));
    await run.close();
    const path = listOf(run.runDir);
    const [first = '', second = ''] = readFileSync(path, 'utf8').split('\n');
    const said = JSON.parse(first) as object;
    const values = '__proto__' in ((change as { values?: object }).values ?? {}) ? '{"__proto__":1}' : null;
    const forged = JSON.stringify({ ...said, ...change }).replace(
      '"values":{}',
      `"values":${values ?? '{}'}`,
    );
    writeFileSync(path, `${forged}\n${second}\n`);
    expect(await steps(run.runDir)).toEqual([2]);
  });

  it('is not believed where a file has another size, is gone, or is a link', async () => {
    const run = open();
    const saved = [];
    for (const step of [1, 2, 3, 4]) saved.push(await run.saveCheckpoint(step, bytes('four')));
    await run.close();
    truncateSync(saved[0]?.path ?? '', 3);
    const [, second, third] = saved;
    rmSync(second?.path ?? '');
    rmSync(third?.path ?? '');
    symlinkSync(saved[3]?.path ?? '', third?.path ?? '');
    expect(await steps(run.runDir)).toEqual([4]);
  });

  it('lists content that was changed, and refuses to read it', async () => {
    const run = open();
    const { path } = await run.saveCheckpoint(1, bytes('right'));
    await run.close();
    writeFileSync(path, 'wrong');
    const [checkpoint] = await openRun(run.runDir).checkpoints();
    await expect(checkpoint?.bytes()).rejects.toEqual(failure('CORRUPT'));
  });

  it('is made again without files that a kill left, which go', async () => {
    const run = open();
    await run.saveCheckpoint(1, bytes('x'));
    const folderOf = join(run.runDir, 'checkpoints');
    writeFileSync(join(folderOf, 'step-9-7.bin'), 'left by a kill');
    writeFileSync(join(folderOf, '.step-9-8.bin.0123456789ab.tmp'), 'left by a kill');
    writeFileSync(join(folderOf, 'notes.txt'), "somebody's own");
    await run.saveCheckpoint(2, bytes('y'));
    await run.close();
    expect(existsSync(join(folderOf, 'step-9-7.bin'))).toBe(false);
    expect(readdirSync(folderOf).sort()).toEqual([
      'manifest.ndjson',
      'notes.txt',
      'step-1-1.bin',
      'step-2-8.bin',
    ]);
  });
});
