import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine } from 'expman-rx';
import { copyRun, mergeRuns } from 'expman-rx/interop';
import { inspectRun, openRun, readMedia } from 'expman-rx/reader';
import { runChild } from '../../support/child.js';
import { expmanHere } from '../../support/cli-here.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('merge');

/** A closed run with rows at some steps, and with everything else that `more` logs. */
async function logged(
  base: string,
  runName: string,
  steps: readonly number[],
  more: (run: LoggingEngine) => unknown = () => undefined,
  options: Partial<ExperimentOptions> = {},
): Promise<string> {
  const run = new LoggingEngine(
    new ExperimentConfig('exp', base, { runName, environment: false, ...options }),
  );
  for (const step of steps) run.logMetrics({ loss: step / 10 }, step);
  await more(run);
  await run.close();
  return run.runDir;
}

const yamlOf = (runDir: string): string => readFileSync(join(runDir, 'run.yaml'), 'utf8').replaceAll('"', '');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const lossOf = async (runDir: string): Promise<string> =>
  (await openRun(runDir).points('loss')).map(({ step, value }) => `${step}:${value}`).join(' ');
const namesIn = (dir: string): string[] => readdirSync(dir).sort();

describe('mergeRuns', () => {
  it('makes one run of the pieces of a training, and names them', async () => {
    const base = folder();
    const a = await logged(
      base,
      'a',
      [0, 1, 2, 3],
      (run) => {
        run.logParams({ lr: 0.1, opt: { name: 'adam' } });
        run.logger.info('first', { epoch: 1 });
        run.summary({ score: 1, other: 'x' }, { headline: true });
        run.defineMetric('loss', { goal: 'min' });
        run.logTable('cases', [{ a: 1 }], 0);
        run.alert('slow', { level: 'info' });
        return Promise.all([
          run.saveArtifact('model.bin', bytes('a')),
          run.saveArtifact('same.txt', bytes('same')),
          run.saveCheckpoint(3, bytes('three')),
        ]);
      },
      { tags: ['x', 'a'], notes: 'one' },
    );
    const b = await logged(
      base,
      'b',
      [2, 3, 4],
      (run) => {
        run.logParams({ lr: 0.2, opt: { name: 'adam' } });
        run.logger.info('second');
        run.summary({ score: 2 });
        run.logTable('cases', [{ a: 2 }], 4);
        run.alert('slow');
        return Promise.all([
          run.saveArtifact('model.bin', bytes('b')),
          run.saveArtifact('same.txt', bytes('same')),
          run.saveCheckpoint(3, bytes('again')),
          run.saveCheckpoint(4, bytes('four')),
        ]);
      },
      { tags: ['x', 'b'], notes: 'two' },
    );
    const [before, uuids] = [
      [a, b].map(yamlOf),
      await Promise.all([a, b].map(async (dir) => (await inspectRun(dir)).identity.uuid)),
    ];
    const merged = await mergeRuns([b, a], 'whole');
    const runDir = join(base, 'exp/whole');
    expect(merged).toMatchObject({
      ...{
        runDir,
        experiment: 'exp',
        run: 'whole',
        as: 'pieces',
        status: 'FINISHED',
        rows: 5,
        dryRun: false,
      },
      runs: [
        { uuid: uuids[0], label: 'a', rows: 2, replaced: 2, deleted: false, kept: null },
        { uuid: uuids[1], label: 'b', rows: 3, replaced: 0, deleted: false, kept: null },
      ],
      conflicts: [{ param: 'lr', values: { a: 0.1, b: 0.2 } }],
    });
    expect(merged.notes).toHaveLength(4);
    expect(await lossOf(runDir)).toBe('0:0 1:0.1 2:0.2 3:0.3 4:0.4');
    const run = openRun(runDir);
    expect(run.facts).toMatchObject({
      params: { lr: 0.2, opt: { name: 'adam' }, a: { lr: 0.1 }, b: { lr: 0.2 } },
      ...{ tags: ['x', 'a', 'b'], notes: 'a: one\n\nb: two', summary: { score: 2, other: 'x' }, lost: 0 },
      ...{ headline: ['score', 'other'], definitions: { loss: { goal: 'min' } } },
      alerts: [
        { id: '0-1', title: 'slow', level: 'info' },
        { id: '0-2', title: 'slow', level: 'warn' },
      ],
    });
    expect((await run.logs()).filter(({ level }) => level === 'info')).toMatchObject([
      { message: 'first', meta: { epoch: 1, from: 'a' } },
      { message: 'alert: slow', meta: { from: 'a' } },
      { message: 'second', meta: { from: 'b' } },
    ]);
    expect(
      run
        .artifacts()
        .map(({ name, path }) => `${name} ${readFileSync(path, 'utf8')}`)
        .sort(),
    ).toEqual([...['a/model.bin a', 'b/model.bin b', 'same.txt same']]);
    expect(
      (await readMedia(runDir)).map(
        ({ name, step, path }) => `${name} ${step} ${readFileSync(path, 'utf8').trim()}`,
      ),
    ).toEqual([...['cases 0 {"a":1}', 'cases 4 {"a":2}']]);
    const checkpoints = await run.checkpoints();
    expect(
      await Promise.all(
        checkpoints.map(async (each) => `${each.step} ${Buffer.from(await each.bytes()).toString()}`),
      ),
    ).toEqual([...['3 three', '3 again', '4 four']]);
    expect([a, b].map(yamlOf)).toEqual(before);
    expect(yamlOf(runDir)).toContain(`mergedFrom:\n  as: pieces\n`);
    expect(await expmanHere('verify', base)).toMatchObject({ exit: 0 });
  });

  it('makes one run of ranks, whose metrics have their names', async () => {
    const base = folder();
    const rank = (number: number, steps: readonly number[]) =>
      logged(
        base,
        `r${number}`,
        steps,
        (run) => {
          run.logParams({ seed: number, lr: 1 });
          run.summary({ score: number }, { headline: true });
          run.defineMetric('lo*', { goal: 'min', x: 'epoch' });
          run.logTable('cases', [{ a: number }], 0);
        },
        { group: 'ddp', rank: number },
      );
    const [second, first] = [await rank(1, [1, 2, 3]), await rank(0, [0, 1, 2])];
    const merged = await mergeRuns([second, first], 'all/ranks');
    expect(merged).toMatchObject({
      as: 'ranks',
      rows: 4,
      runs: [
        { label: 'rank0', rows: 3 },
        { label: 'rank1', rows: 3 },
      ],
    });
    expect(merged.runDir).toBe(join(base, 'all/ranks'));
    const rows = [];
    for await (const { step, values } of openRun(merged.runDir).rows()) rows.push([step, values]);
    expect(rows).toEqual([
      [0, { 'rank0/loss': 0 }],
      [1, { 'rank0/loss': 0.1, 'rank1/loss': 0.1 }],
      [2, { 'rank0/loss': 0.2, 'rank1/loss': 0.2 }],
      [3, { 'rank1/loss': 0.3 }],
    ]);
    const { facts } = openRun(merged.runDir);
    expect(facts).toMatchObject({
      ...{ group: 'ddp', params: { lr: 1, rank0: { seed: 0 }, rank1: { seed: 1 } } },
      ...{ summary: { 'rank0/score': 0, 'rank1/score': 1 }, headline: ['rank0/score', 'rank1/score'] },
      definitions: {
        'rank0/lo*': { goal: 'min', x: 'rank0/epoch' },
        'rank1/lo*': { goal: 'min', x: 'rank1/epoch' },
      },
    });
    expect(facts.params).not.toHaveProperty('seed');
    expect((await readMedia(merged.runDir)).map(({ name }) => name)).toEqual(['rank0/cases', 'rank1/cases']);
  });

  it('keeps the checkpoints of several ranks as artifacts, because they are parts of one state', async () => {
    const base = folder();
    const one = await logged(base, 'one', [0], (run) => run.saveCheckpoint(0, bytes('part 0')));
    const two = await logged(base, 'two', [0], (run) => run.saveCheckpoint(0, bytes('part 1')));
    const { runDir } = await mergeRuns([one, two], 'whole', { as: 'ranks' });
    expect(await openRun(runDir).checkpoints()).toEqual([]);
    const artifacts = openRun(runDir).artifacts();
    expect(artifacts.map(({ name, path }) => [name.split('/')[0], readFileSync(path, 'utf8')])).toEqual([
      ['rank0', 'part 0'],
      ['rank1', 'part 1'],
    ]);
  });

  it('goes on when it is resumed, and still says of what it is made', async () => {
    const base = folder();
    const pieces = [await logged(base, 'a', [0, 1]), await logged(base, 'b', [2])];
    const { runDir } = await mergeRuns(pieces, 'whole');
    await logged(base, 'whole', [3], undefined, { resume: 'must' });
    expect(await lossOf(runDir)).toBe('0:0 1:0.1 2:0.2 3:0.3');
    const { identity } = await inspectRun(runDir);
    expect(identity.mergedFrom).toMatchObject({
      as: 'pieces',
      runs: [
        { run: 'a', rows: 2 },
        { run: 'b', rows: 1 },
      ],
    });
    // So does a copy.
    const { runDir: copy } = await copyRun(pieces[0] ?? '', { runName: 'copy' });
    await logged(base, 'copy', [2], undefined, { resume: 'must' });
    expect((await inspectRun(copy)).identity.copiedFrom).toMatchObject({ experiment: 'exp', run: 'a' });
  });

  it('reads runs that were cut off as they are, and refuses one that is open', async () => {
    const base = folder();
    const code =
      "const run = open(); for (let i = 3; i < 6; i++) run.logMetrics({ loss: i / 10 }, i); await run.flush(); process.kill(process.pid, 'SIGKILL');";
    const { runDir: killed } = await runChild(base, code);
    const [first, before] = [await logged(base, 'first', [0, 1, 2]), yamlOf(killed)];
    const merged = await mergeRuns([first, killed], join(base, 'exp/whole'), { order: 'given' });
    expect(merged).toMatchObject({ status: 'CRASHED', rows: 6, notes: [] });
    expect(await lossOf(merged.runDir)).toBe('0:0 1:0.1 2:0.2 3:0.3 4:0.4 5:0.5');
    expect(yamlOf(killed)).toBe(before);
    const open = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'open' }));
    await expect(mergeRuns([first, open.runDir], 'x')).rejects.toMatchObject({ code: 'RUN_LOCKED' });
    await open.close();
    expect(namesIn(join(base, 'exp'))).not.toContain('x');
  });

  it('takes what is whole of a damaged run, counts the rest as lost, and does not delete it', async () => {
    const base = folder();
    const [good, bad] = [
      await logged(base, 'good', [0, 1]),
      await logged(base, 'bad', [2, 3, 4], (run) => run.saveArtifact('a.bin', bytes('a'))),
    ];
    truncateSync(join(bad, 'metrics.parquet'), 100);
    writeFileSync(join(bad, 'artifacts/a.bin'), 'b');
    symlinkSync('/etc/passwd', join(bad, 'secret'));
    mkdirSync(join(bad, 'mine'));
    writeFileSync(join(bad, 'mine/file'), 'kept');
    const refused = mergeRuns([good, bad], 'strict', { strict: true, deleteSources: true });
    await expect(refused).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(namesIn(join(base, 'exp'))).toEqual(['bad', 'experiment.yaml', 'good']);
    const merged = await mergeRuns([good, bad], 'whole', { deleteSources: true });
    expect(merged).toMatchObject({
      rows: 2,
      runs: [{ deleted: true }, { deleted: false, kept: 'not all of it is in the new run' }],
    });
    expect(merged.notes.join('\n')).toMatch(/metrics\.parquet.*secret.*mine\/file.*a\.bin/s);
    const info = await inspectRun(merged.runDir);
    expect(info).toMatchObject({
      lost: 3,
      accepted: 5,
      rows: 2,
      losses: [{ epoch: -1, calls: 3, file: 'bad/metrics.parquet' }],
      artifacts: {},
    });
    expect(readFileSync(join(merged.runDir, 'run.log'), 'utf8')).toContain('the first 0 were read');
    expect(namesIn(merged.runDir)).not.toContain('secret');
    expect(namesIn(join(base, 'exp'))).toEqual(['bad', 'experiment.yaml', 'whole']);
  });

  it('deletes its sources only if that is asked for, and none from which another run was forked', async () => {
    const base = folder();
    const [a, b] = [await logged(base, 'a', [0, 1]), await logged(base, 'b', [2])];
    await logged(base, 'fork', [1], undefined, { fork: { from: a, step: 0 } });
    const merged = await mergeRuns([a, b], 'whole', { deleteSources: true });
    expect(merged.runs).toMatchObject([
      { deleted: false, kept: `${join(base, 'exp/fork')} was forked from it` },
      { deleted: true, kept: null },
    ]);
    expect(namesIn(join(base, 'exp'))).toEqual(['a', 'experiment.yaml', 'fork', 'whole']);
  });

  it('begins with the rows of the run that its first piece was forked from', async () => {
    const [base, other] = [folder(), folder()];
    const parent = await logged(base, 'parent', [0, 1, 2]);
    const a = await logged(base, 'a', [2, 3], undefined, { fork: { from: parent, step: 1 } });
    const b = await logged(base, 'b', [4], undefined, { fork: { from: a, step: 3 } });
    const { runDir } = await mergeRuns([a, b], 'whole');
    expect(await lossOf(runDir)).toBe('0:0 1:0.1 2:0.2 3:0.3 4:0.4');
    const away = await mergeRuns([a, b], join(other, 'exp/whole'));
    expect(await lossOf(away.runDir)).toBe('0:0 1:0.1 2:0.2 3:0.3 4:0.4');
    const { notes } = await mergeRuns([a, b], 'ranked', { as: 'ranks' });
    expect(notes).toEqual(['rank0 was forked from exp/parent@1, whose rows are no part of the new run']);
  });

  it('writes nothing in a dry run, and reports the same', async () => {
    const base = folder();
    const runs = [await logged(base, 'a', [0, 1, 2]), await logged(base, 'b', [2, 3])];
    const dry = await mergeRuns(runs, 'new/whole', { dryRun: true, deleteSources: true });
    expect(dry).toMatchObject({
      uuid: null,
      rows: 4,
      dryRun: true,
      runs: [{ replaced: 1, deleted: false }, { replaced: 0 }],
    });
    expect(namesIn(base)).toEqual(['exp']);
    const real = await mergeRuns(runs, 'new/whole');
    expect({ ...real, uuid: null, dryRun: true }).toEqual(dry);
    await expect(mergeRuns(runs, 'new/other', { strict: true })).rejects.toMatchObject({
      code: 'INVALID_VALUE',
    });
    await expect(mergeRuns(runs, 'new/whole')).rejects.toMatchObject({ code: 'RUN_EXISTS' });
    expect(await mergeRuns(runs, 'new/whole', { whenTaken: 'suffix' })).toMatchObject({ run: 'whole_2' });
    expect(namesIn(join(base, 'new'))).toEqual(['experiment.yaml', 'whole', 'whole_2']);
  });

  it('says how many names a note has no room for', async () => {
    const base = folder();
    const params = (value: number) =>
      Object.fromEntries(['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6'].map((name) => [name, value]));
    const a = await logged(base, 'a', [0], (run) => run.logParams(params(1)));
    const b = await logged(base, 'b', [1], (run) => run.logParams(params(2)));
    const { notes, conflicts } = await mergeRuns([a, b], 'whole', { dryRun: true });
    expect(notes).toEqual([expect.stringContaining('"p4" and 2 more are kept')]);
    expect(conflicts).toHaveLength(7);
  });

  it('refuses runs and places that do not fit', async () => {
    const base = folder();
    const [a, b] = [
      await logged(base, 'a', [0], undefined, { rank: 1 }),
      await logged(base, 'b', [1], undefined, { rank: 1 }),
    ];
    const plain = await logged(base, 'plain', [1]);
    const { runDir: twin } = await copyRun(a, { runName: 'twin' });
    writeFileSync(join(twin, 'run.yaml'), readFileSync(join(a, 'run.yaml')));
    symlinkSync(a, join(base, 'exp/link'));
    for (const [runs, into, code] of [
      [[a], 'x', 'INVALID_OPTION'],
      [[a, twin], 'x', 'INVALID_VALUE'],
      [[a, a], 'x', 'INVALID_VALUE'],
      [[a, join(base, 'exp/link')], 'x', 'INVALID_VALUE'],
      [[a, join(base, 'exp/none')], 'x', 'RUN_NOT_FOUND'],
      [[a, plain], '', 'INVALID_OPTION'],
      [[a, plain], '.hidden', 'INVALID_NAME'],
      [[a, plain], join(a, 'x/y'), 'INVALID_OPTION'],
      [[a, plain], 'b', 'RUN_EXISTS'],
    ] as const)
      await expect(mergeRuns(runs, into), `${runs.join()} ${into}`).rejects.toMatchObject({ code });
    for (const runs of [
      [a, b],
      [a, plain],
    ])
      await expect(mergeRuns(runs, 'x', { as: 'ranks' })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect(existsSync(join(base, 'exp/x'))).toBe(false);
  });

  it('keeps a private run private, and names that clash on some file systems apart', async () => {
    const base = folder();
    const a = await logged(
      base,
      'a',
      [0],
      (run) => Promise.all([run.saveArtifact('Model', bytes('1')), run.saveArtifact('b/x', bytes('2'))]),
      { fileMode: 'private' },
    );
    const b = await logged(base, 'b', [1], (run) =>
      Promise.all([run.saveArtifact('model', bytes('3')), run.saveArtifact('plain', bytes('4'))]),
    );
    chmodSync(b, 0o755);
    const { runDir } = await mergeRuns([a, b], 'whole');
    expect(statSync(runDir).mode & 0o777).toBe(0o700);
    expect(
      openRun(runDir)
        .artifacts()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['a/Model', 'b/x', 'b_/model', 'plain']);
    expect(await expmanHere('verify', base)).toMatchObject({ exit: 0 });
  });
});
