import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { amendRun, openRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { runChild } from '../support/child.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('amend');

async function closed(): Promise<string> {
  const run = new LoggingEngine(
    new ExperimentConfig('exp', folder(), { tags: ['a', 'b'], notes: 'first', environment: false }),
  );
  run.logMetrics({ loss: 1 }, 0);
  await run.close();
  return run.runDir;
}

const labels = (runDir: string): unknown => {
  const { tags, notes, status, rows } = openRun(runDir).facts;
  return { tags, notes, status, rows };
};

describe('amending a run', () => {
  it('changes tags and notes, and nothing else', async () => {
    const runDir = await closed();
    expect(await amendRun(runDir, { addTags: ['c', 'a'], removeTags: ['b', 'z'] })).toEqual({
      tags: ['a', 'c'],
      notes: 'first',
      summary: {},
    });
    expect(await amendRun(runDir, { appendNotes: 'second' })).toEqual({
      tags: ['a', 'c'],
      notes: 'first\nsecond',
      summary: {},
    });
    expect(labels(runDir)).toEqual({ tags: ['a', 'c'], notes: 'first\nsecond', status: 'FINISHED', rows: 1 });
    await amendRun(runDir, { tags: ['x', 'x'], notes: '' });
    expect(labels(runDir)).toEqual({ tags: ['x'], notes: '', status: 'FINISHED', rows: 1 });
  });

  it('leaves alone what it does not change, whatever another program has written there', async () => {
    const runDir = await closed();
    const path = join(runDir, 'run.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace('notes: first', `notes: ${'x'.repeat(70_000)}`));
    expect((await amendRun(runDir, { addTags: ['c'] })).tags).toEqual(['a', 'b', 'c']);
    expect(openRun(runDir).facts.notes).toHaveLength(70_000);
  });

  it('sets and removes summary values, by the rules of a run', async () => {
    const runDir = await closed();
    const set = await amendRun(runDir, { summary: { pass_rate: 0.5, model: 'a', seen: 3 } });
    expect(set).toMatchObject({ summary: { pass_rate: 0.5, model: 'a', seen: 3 }, notes: 'first' });
    expect(await amendRun(runDir, { summary: { model: null, pass_rate: 0.75, no: null } })).toMatchObject({
      summary: { pass_rate: 0.75, seen: 3 },
    });
    for (const summary of [{ bad: [1] }, { big: 'x'.repeat(200_000) }, JSON.parse('{"constructor": 1}')])
      await expect(amendRun(runDir, { summary: summary as never })).rejects.toMatchObject({
        code: 'INVALID_VALUE',
      });
    await expect(amendRun(runDir, { summary: 3 as never })).rejects.toMatchObject({ option: 'summary' });
    expect(openRun(runDir).facts).toMatchObject({ summary: { pass_rate: 0.75, seen: 3 }, rows: 1 });
  });

  it('takes a removed value out of the headline, and leaves the definitions', async () => {
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    run.summary({ a: 1, b: 2 }, { headline: true });
    run.defineMetric('a', { goal: 'max' });
    await run.close();
    await amendRun(run.runDir, { summary: { a: null } });
    const { summary, headline, definitions } = openRun(run.runDir).facts;
    expect({ summary, headline, definitions }).toEqual({
      summary: { b: 2 },
      headline: ['b'],
      definitions: { a: { goal: 'max' } },
    });
  });

  it('redacts secrets, as a new run does', async () => {
    const runDir = await closed();
    await amendRun(runDir, { notes: 'see postgres://ada:hunter2@host/db' });
    expect(readFileSync(join(runDir, 'run.yaml'), 'utf8')).not.toContain('hunter2');
  });

  it('is refused without a change, with tags no run may have, and for what is no run', async () => {
    const runDir = await closed();
    await expect(amendRun(runDir, {})).rejects.toMatchObject({ code: 'INVALID_OPTION', option: 'changes' });
    await expect(amendRun(runDir, { addTags: [''] })).rejects.toMatchObject({ option: 'tags' });
    await expect(amendRun(runDir, { addTag: ['x'] } as never)).rejects.toThrow(/did you mean "addTags"/);
    await expect(amendRun(join(runDir, 'no'), { notes: 'x' })).rejects.toMatchObject({
      code: 'RUN_NOT_FOUND',
    });
    expect(labels(runDir)).toEqual({ tags: ['a', 'b'], notes: 'first', status: 'FINISHED', rows: 1 });
  });

  it('is refused while the run is open, and while it waits to be recovered', async () => {
    const code = `
      const run = open();
      run.logMetrics({ loss: 1 }, 0);
      await run.flush();
      await ask('open');`;
    let whileOpen: Promise<void> | undefined;
    const { runDir } = await runChild(folder(), code, {
      answer: async (_, dir) => {
        whileOpen = expect(amendRun(dir, { notes: 'x' })).rejects.toMatchObject({ code: 'RUN_LOCKED' });
        await whileOpen;
        return 'kill';
      },
    });
    expect(whileOpen).toBeDefined();
    await expect(amendRun(runDir, { notes: 'x' })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await openRun(runDir).recover();
    expect((await amendRun(runDir, { notes: 'x' })).notes).toBe('x');
  });
});
