import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine } from 'expman-rx';
import { inspectRun, openRun, recoverRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { runChild } from '../support/child.js';
import { logLines, yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('summary');

const open = (options: ExperimentOptions = {}, base = folder()): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, ...options }));

describe('the summary of a run', () => {
  it('is in run.yaml, in the facts and in what close resolves to, whatever the type of a value', async () => {
    const run = open();
    const values = { pass_rate: 0.88, cases: 200, seen: 2n ** 60n, passed: true, model: 'small', worst: NaN };
    run.summary(values);
    const { summary, rows } = await run.close();
    expect(summary).toEqual(values);
    expect(rows).toBe(0);
    expect(readFileSync(join(run.runDir, 'run.yaml'), 'utf8')).toContain(`seen: ${2n ** 60n}\n`);
    expect(openRun(run.runDir).facts.summary).toEqual(values);
    expect(JSON.parse(JSON.stringify(openRun(run.runDir).facts))).toMatchObject({
      summary: { pass_rate: 0.88, seen: String(2n ** 60n), worst: 'NaN' },
    });
  });

  it('takes the last value of a name, and keeps the others', async () => {
    const run = open();
    run.summary({ best: 1, epochs: 3 });
    run.summary({ best: 0.5 });
    expect((await run.close()).summary).toEqual({ best: 0.5, epochs: 3 });
  });

  it('says which values are shown first, until that is taken back', async () => {
    const run = open();
    run.summary({ a: 1, b: 2 }, { headline: true });
    run.summary({ c: 3, a: 4 });
    run.summary({ b: 2 }, { headline: false });
    await run.close();
    expect(openRun(run.runDir).facts).toMatchObject({ headline: ['a'], summary: { a: 4, b: 2, c: 3 } });
  });

  it('can be read while the run is open, and is there after a kill, and after recovery', async () => {
    const base = folder();
    const { runDir } = await runChild(
      base,
      `const run = open(); run.summary({ pass_rate: 0.5 }, { headline: true });
       run.defineMetric('val/*', { goal: 'min', summary: 'best' });
       await run.flush(); await ask('look');`,
      {
        answer: async (_asked, dir) => {
          expect(await inspectRun(dir)).toMatchObject({ summary: { pass_rate: 0.5 }, status: 'RUNNING' });
          return 'kill';
        },
      },
    );
    const said = {
      summary: { pass_rate: 0.5 },
      headline: ['pass_rate'],
      definitions: { 'val/*': { goal: 'min', summary: 'best' } },
    };
    expect(await inspectRun(runDir)).toMatchObject({ ...said, status: 'CRASHED' });
    await recoverRun(runDir);
    expect(await inspectRun(runDir)).toMatchObject(said);
    expect(yamlOf(runDir)).toMatchObject({ ...said, headline: { pass_rate: true } });
  });

  it('is kept by a run that is resumed, which adds to it', async () => {
    const base = folder();
    const first = open({ runName: 'r' }, base);
    first.summary({ a: 1, b: 1 }, { headline: true });
    first.defineMetric('loss', { goal: 'min' });
    await first.close();
    const second = open({ runName: 'r', resume: 'must' }, base);
    second.summary({ b: 2 });
    second.defineMetric('loss', { x: 'epoch' });
    expect((await second.close()).summary).toEqual({ a: 1, b: 2 });
    expect(openRun(second.runDir).facts).toMatchObject({
      headline: ['a', 'b'],
      definitions: { loss: { goal: 'min', x: 'epoch' } },
    });
  });

  it('leaves out, counts and reports what is no value, and keeps the rest', async () => {
    const run = open();
    run.summary({
      ok: 1,
      list: [1],
      nothing: null,
      __proto__: { polluted: 1 },
      get thrown(): number {
        throw new Error('no');
      },
    } as never);
    run.summary(JSON.parse('{ "constructor": 1 }') as never);
    for (const given of [3, null, [1], new Map([['a', 1]])]) run.summary(given as never);
    const { summary, invalid } = await run.close();
    expect(summary).toEqual({ ok: 1 });
    expect(invalid).toBe(8);
    const log = logLines(run.runDir).join('\n');
    expect(log).toMatch(/"list".*not array[^]*"nothing".*not null[^]*"thrown".*its getter threw/);
    expect(log).toMatch(/"constructor".*could reach a prototype/);
    expect(log).toMatch(/"summary".*must be an object of values by name, not number/);
  });

  it("throws for it with onInvalid: 'throw', and keeps the rest all the same", async () => {
    const run = open({ onInvalid: 'throw' });
    expect(() => {
      run.summary({ bad: {} as never, ok: 1 });
    }).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', option: 'bad' }) as Error);
    expect((await run.close()).summary).toEqual({ ok: 1 });
  });

  it('redacts secrets in texts', async () => {
    const run = open();
    run.summary({ source: 'postgres://ada:hunter2@host/d' });
    await run.close();
    expect(readFileSync(join(run.runDir, 'run.yaml'), 'utf8')).not.toContain('hunter2');
  });

  it('has room for 128 KB, and says what was left out beyond that', async () => {
    const base = folder();
    const run = open({ runName: 'r' }, base);
    for (let at = 0; at < 300; at++) run.summary({ counter: at, [`text${at}`]: '\u0001'.repeat(100) });
    const { summary, invalid } = await run.close();
    const kept = Object.keys(summary).length;
    expect(kept).toBeGreaterThan(150);
    expect(invalid).toBe(301 - kept);
    expect(summary['counter']).toBe(299);
    expect(logLines(run.runDir).join('\n')).toMatch(/"text299".*may have 131072 bytes together/);
    const next = open({ runName: 'r', resume: 'must' }, base);
    next.summary({ text0: 'short', late: '\u0001'.repeat(200) });
    expect(await next.close()).toMatchObject({ invalid: invalid + 1, summary: { text0: 'short' } });
    expect(openRun(run.runDir).facts.summary['late']).toBeUndefined();
  });

  it('is refused a misspelt option, and does nothing once the run is closed', async () => {
    const run = open();
    expect(() => {
      run.summary({ a: 1 }, { headlines: true } as never);
    }).toThrow(/did you mean "headline"/);
    await run.close();
    run.summary({ a: 1 });
    run.defineMetric('a', { goal: 'min' });
    expect(openRun(run.runDir).facts).toMatchObject({ summary: {}, definitions: {} });
  });
});

describe('the definition of metrics', () => {
  it.each([
    [['', { goal: 'min' }], 'pattern'],
    [[3, { goal: 'min' }], 'pattern'],
    [['__proto__', { goal: 'min' }], 'pattern'],
    [['a', { goal: 'low' }], 'goal'],
    [['a', { summary: 'best' }], 'goal'],
    [['a', { summary: 'median' }], 'summary'],
    [['a', { x: '' }], 'x'],
    [['a', {}], 'definition'],
    [['a', null], 'options'],
  ])('refuses %j', async (given, option) => {
    const run = open();
    expect(() => {
      run.defineMetric(...(given as [string, object]));
    }).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', option }) as Error);
    await run.close();
  });

  it('is limited like the summary', async () => {
    const run = open({ onInvalid: 'throw' });
    expect(() => {
      for (let at = 0; ; at++) run.defineMetric(`${at}${'x'.repeat(1000)}`, { goal: 'min' });
    }).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }) as Error);
    await run.close();
    expect(Object.keys(openRun(run.runDir).facts.definitions)).toHaveLength(126);
  });
});
