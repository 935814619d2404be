import { describe, expect, it } from 'vitest';
import { runChild } from '../../support/child.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('isolation');
const OPERATORS = new URL('../../../dist/operators.js', import.meta.url).href;

describe('what is piped from a tap', () => {
  it('ends no process when the run fails or a listener throws, whatever operator stands between', async () => {
    const { ended, said, stderr } = await runChild(
      folder(),
      `import { readFileSync } from 'node:fs';
       import { combineLatestWith, mergeWith } from 'rxjs';
       import { best, divergence, downsample, ema, eta, logLatency, logTo, movingAverage, plateau, rate } from ${JSON.stringify(OPERATORS)};
       const operators = {
         best: () => best('min'),
         divergence: () => divergence(),
         downsample: () => downsample(3),
         ema: () => ema(0.5),
         eta: () => eta(10),
         logLatency: (run) => logLatency(run, 'ms'),
         logTo: (run) => logTo(run, { name: 's' }),
         movingAverage: () => movingAverage(3),
         plateau: () => plateau({ patience: 5 }),
         rate: () => rate(),
         mergeWith: (run) => mergeWith(run.metric('b')),
         combineLatestWith: (run) => combineLatestWith(run.metric('b')),
       };
       const boom = () => { throw new Error('boom'); };
       for (const [name, operator] of Object.entries(operators)) {
         const run = open({ runName: name });
         const piped$ = run.metric('a').pipe(operator(run));
         piped$.subscribe();
         piped$.subscribe(boom);
         piped$.subscribe({ error: boom });
         for (let step = 0; step < 4; step++) run.logMetrics({ a: step === 3 ? NaN : 1, b: 1 }, step);
         run.metrics.error(new Error('bad'));
         await run.closed;
         await new Promise((resolve) => setImmediate(resolve));
         const log = readFileSync(run.runDir + '/run.log', 'utf8');
         say(name + ' ' + ['bad', 'boom'].map((why) => log.split('a tap threw: ' + why).length - 1));
       }`,
    );
    expect([ended, stderr]).toEqual([0, '']);
    expect(said).toHaveLength(12);
    for (const line of said) expect(line).toMatch(/ 1,1$/);
  });

  it('stays isolated only if it is piped: an observer of merge ends the process, whatever handlers it has', async () => {
    const { ended, said, stderr } = await runChild(
      folder(),
      `import { merge } from 'rxjs';
       const [a, b] = [open({ runName: 'a' }), open({ runName: 'b' })];
       const next = () => { throw new Error('in merge'); };
       merge(a.metric('x'), b.metric('x')).subscribe({ next, error: () => say('handled') });
       a.logMetrics({ x: 1 });`,
    );
    expect([ended, said]).toEqual([1, []]);
    expect(stderr).toContain('in merge');
  });
});
