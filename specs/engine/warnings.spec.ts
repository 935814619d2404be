import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, type ExperimentOptions } from 'expman-rx';
import { logLines, yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('warnings');
const open = (options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false, ...options }));
const log = (run: LoggingEngine, values: object, step?: unknown): void =>
  run.logMetrics(values as Record<string, number>, step as number);
const metrics = (from: number, to: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: to - from }, (_, at) => [`m${from + at}`, at]));

describe('what a run leaves out', () => {
  it('is told in one line for all metrics beyond maxMetrics, and takes no room from other warnings', async () => {
    const run = open({ maxMetrics: 10 });
    log(run, metrics(0, 3000), 0);
    log(run, { m1: null }, 1);
    run.logParams({ lr: 1, callback: () => 1 });
    const { invalid } = await run.close();
    expect(logLines(run.runDir)).toEqual([
      'WARN  2990 metrics were left out: the run already has maxMetrics = 10 metrics; further ones are reported when the run ends ' +
        '{"count":2990,"first":["m10","m11","m12","m13","m14","m15","m16","m17","m18","m19"]}',
      'WARN  "m1" was left out: a value must be a number, bigint, boolean or string, not null {"metric":"m1","type":"null"}',
      expect.stringMatching(/^WARN {2}parameter "callback" was left out: .* \{"parameter":"callback"\}$/),
    ]);
    expect(invalid).toBe(2992);
    expect(yamlOf(run.runDir)['counts']).toMatchObject({ invalid: 2992 });
  });

  it('is summed up at the end, when metrics beyond maxMetrics go on coming', async () => {
    const run = open({ maxMetrics: 2 });
    for (let step = 0; step < 500; step++) log(run, metrics(step, step + 2), step);
    await run.close();
    const lines = logLines(run.runDir);
    expect(lines.map((line) => line.replace(/ \{.*/, ''))).toEqual([
      'WARN  1 metric was left out: the run already has maxMetrics = 2 metrics; further ones are reported when the run ends',
      'WARN  499 metrics beyond maxMetrics were left out in total',
    ]);
    expect(lines[1]).toContain('{"count":499,"first":["m2","m3",');
  });

  it('says "or more" where it has stopped to tell names apart', async () => {
    const run = open({ maxMetrics: 1 });
    for (let step = 0; step < 11; step++) log(run, metrics(step * 1000, step * 1000 + 1000), step);
    await run.close();
    expect(logLines(run.runDir).at(-1)).toMatch(
      /^WARN {2}10000 or more metrics beyond maxMetrics were left out in total \{"count":10000,/,
    );
  });

  it('is told for a thousand subjects of a kind, then announced and counted, and other kinds go on', async () => {
    const run = open();
    for (let at = 0; at < 1200; at++) log(run, { [`x${at}`]: null });
    log(run, { loss: 1 }, 0.5);
    await run.close();
    const lines = logLines(run.runDir);
    expect(lines.length).toBe(1003);
    expect(lines.slice(1000).map((line) => line.replace(/ \{.*/, ''))).toEqual([
      'WARN  1000 warnings about values of metrics that were left out were written; further ones are counted and reported when the run ends',
      'WARN  the step was left out: a step must be a whole number, not a fraction',
      'WARN  200 more warnings about values of metrics that were left out were not written',
    ]);
  });

  it('is a step for one of several reasons, each told once', async () => {
    const run = open();
    for (const step of [0.5, 1.5, '12', true, NaN, 2 ** 60, 2n ** 70n, 5n, null, undefined])
      log(run, { loss: 1 }, step);
    const { invalid } = await run.close();
    expect(logLines(run.runDir).map((line) => line.replace(/^.*left out: (.*) \{.*$/, '$1'))).toEqual([
      'a step must be a whole number, not a fraction',
      'a step must be a number or a bigint, not string',
      'a step must be a number or a bigint, not boolean',
      'a step must be a whole number, not NaN',
      'a step beyond 2^53 must be a bigint: a number is not exact there',
      'a bigint step must fit into 64 bits',
    ]);
    expect(invalid).toBe(7);
  });

  it('is a parameter among more than are told one by one, and all are counted', async () => {
    const run = open();
    run.logParams(Object.fromEntries(Array.from({ length: 130 }, (_, at) => [`f${at}`, () => at])));
    const { invalid } = await run.close();
    const lines = logLines(run.runDir);
    expect([invalid, lines.length]).toEqual([130, 101]);
    expect(lines.at(-1)).toBe('WARN  30 more parameters were left out {"count":30}');
  });

  it('is a warning of the process, once a run, with a code and the name of the run', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    const [run, other] = [open({ runName: 'first' }), open({ runName: 'second' })];
    for (let step = 0; step < 5; step++) log(run, { loss: null, accuracy: {} }, step);
    run.logParams({ callback: () => 1 });
    log(other, { loss: 1 }, 0);
    await turn();
    process.off('warning', listen);
    await Promise.all([run.close(), other.close()]);
    expect(warnings).toMatchObject([
      {
        name: 'ExpmanWarning',
        code: 'INVALID_VALUE',
        message: expect.stringContaining('exp/first') as string,
      },
    ]);
  });
});
