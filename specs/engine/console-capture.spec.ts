import { join } from 'node:path';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine } from 'expman-rx';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { captureConsole, uncaptured } from '../../src/engine/process/console-capture.js';
import { runChild } from '../support/child.js';
import { logLines } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

/* eslint-disable @typescript-eslint/unbound-method -- compared and put back, never called by itself */

const folder = tempFolders('console');
const METHODS = ['debug', 'log', 'info', 'warn', 'error'] as const;

let printed: string[] = [];
const originals = METHODS.map((method) => [method, console[method]] as const);

beforeEach(() => {
  printed = [];
  for (const method of METHODS) console[method] = (...args: unknown[]) => void printed.push(args.join(' '));
});
afterEach(() => {
  for (const [method, original] of originals) console[method] = original;
});

type Heard = [level: string, text: string][];

function hearing(what: true | 'streams' = true): { readonly heard: Heard; readonly stop: () => void } {
  const heard: Heard = [];
  return { heard, stop: captureConsole(what, (level, text) => heard.push([level, text])) };
}

describe('a console that is captured', () => {
  it('is heard at the level of each method, formatted, and prints as before', () => {
    const { heard, stop } = hearing();
    console.log('step %d', 3, { loss: 1 });
    console.info('i');
    console.warn('w');
    console.error(new Error('boom').message);
    console.debug('d');
    stop();
    expect(heard).toEqual([
      ['info', 'step 3 { loss: 1 }'],
      ['info', 'i'],
      ['warn', 'w'],
      ['error', 'boom'],
      ['debug', 'd'],
    ]);
    expect(printed).toEqual(['step %d 3 [object Object]', 'i', 'w', 'boom', 'd']);
  });

  it('is heard by all, each until it stops, and then is as it was', () => {
    const before = METHODS.map((method) => console[method]);
    const [one, other] = [hearing(), hearing()];
    console.log('both');
    one.stop();
    one.stop();
    console.log('other');
    other.stop();
    console.log('nobody');
    expect([one.heard, other.heard].map((heard) => heard.map(([, text]) => text))).toEqual([
      ['both'],
      ['both', 'other'],
    ]);
    expect(METHODS.map((method) => console[method])).toEqual(before);
  });

  it('does not hear what a listener prints, nor what one throws', () => {
    let calls = 0;
    const stop = captureConsole(true, () => {
      calls++;
      console.log('from the listener');
      throw new Error('from the listener');
    });
    console.log('once');
    stop();
    expect(calls).toBe(1);
    expect(printed).toEqual(['from the listener', 'once']);
  });

  it('does not hear what is printed for the log', () => {
    const { heard, stop } = hearing();
    expect(uncaptured(() => (console.log('transport'), 7))).toBe(7);
    console.log('program');
    stop();
    expect(heard).toEqual([['info', 'program']]);
  });

  it('that somebody patches over stays theirs, and is heard once when it is captured again', () => {
    const first = hearing();
    const under = console.log;
    const theirs = (...args: unknown[]): void => Reflect.apply(under, console, ['theirs', ...args]);
    console.log = theirs;
    first.stop();
    expect(console.log).toBe(theirs);
    const second = hearing();
    console.log('x');
    console.info('y');
    second.stop();
    expect(first.heard).toEqual([]);
    expect(second.heard).toEqual([
      ['info', 'theirs x'],
      ['info', 'y'],
    ]);
    console.log = under;
    hearing().stop();
  });
});

describe('streams that are captured', () => {
  it('are heard line by line, of a line written over its last state', () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      const { heard, stop } = hearing('streams');
      process.stdout.write('a');
      process.stdout.write(Buffer.from('b\n10 %\r20 %\rdone\r\n\nrest'));
      stop();
      process.stdout.write('nobody\n');
      expect(heard).toEqual([
        ['info', 'ab'],
        ['info', 'done'],
        ['info', 'rest'],
      ]);
      expect(write).toHaveBeenCalledTimes(3);
      expect(process.stdout.write).toBe(write);
    } finally {
      write.mockRestore();
    }
  });

  it('say how much of a long line is missing, unless that was written over', () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      const { heard, stop } = hearing('streams');
      process.stdout.write('x'.repeat(70_000));
      process.stdout.write('end\nnext\n');
      process.stdout.write(`10 %\r`.repeat(20_000));
      process.stdout.write('done\n');
      stop();
      const [long, ...others] = heard.map(([, text]) => text);
      expect(long).toMatch(/^\[truncated 4464 characters\]…x{65536}end$/);
      expect(others).toEqual(['next', 'done']);
    } finally {
      write.mockRestore();
    }
  });
});

describe('a run that captures the streams', () => {
  it('has a last line that was not ended, whether it is closed or the process ends, and so has each of several', async () => {
    for (const end of ['await first.close(); await second.close();', 'process.exit();']) {
      const { runDir, said } = await runChild(
        folder(),
        `const first = open({ captureConsole: 'streams', runName: 'first' });
         const second = open({ captureConsole: 'streams', runName: 'second' });
         process.stdout.write('whole\\nhalf');
         ${end}`,
      );
      expect(said).toEqual(['whole', 'half']);
      for (const name of ['first', 'second'])
        expect(await expmanLog(join(runDir, '..', name))).toEqual(['INFO  whole', 'INFO  half']);
    }
  });
});

describe('a run that captures the console', () => {
  const open = (base: string, options: ExperimentOptions): LoggingEngine =>
    new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, ...options }));

  it('has it in its run.log, and so has every other open run that asked, and no run after its close', async () => {
    const base = folder();
    const runs = [
      open(base, { captureConsole: true }),
      open(base, { captureConsole: true }),
      open(base, { captureConsole: false }),
    ] as const;
    console.log('one\nline');
    const closing = runs[0].close();
    console.warn('two');
    await closing;
    console.error('three');
    await runs[1].close();
    runs[2].logger.info('own');
    await runs[2].close();
    console.log('four');
    expect(runs.map((run) => logLines(run.runDir))).toEqual([
      ['INFO  one\\nline'],
      ['INFO  one\\nline', 'WARN  two', 'ERROR three'],
      ['INFO  own'],
    ]);
    expect(printed).toEqual(['one\nline', 'two', 'three', 'four']);
  });

  it('does not loop nor double a line over a transport that prints', async () => {
    const code = `
      const { default: winston } = await import('winston');
      const { default: Transport } = await import('winston-transport');
      class Printing extends Transport {
        log(info, done) { console.log('printed ' + info.message); done(); }
      }
      const run = open({ captureConsole: process.argv.includes('streams') ? 'streams' : true });
      run.logger.add(new Printing());
      run.logger.add(new winston.transports.Console());
      run.logger.info('hello');
      console.log('program');
      await run.close();
      process.stdout.write('after\\n');`;
    for (const args of [[], ['streams']]) {
      const { runDir, ended, said, stderr } = await runChild(
        folder(),
        `process.argv.push(...${JSON.stringify(args)});${code}`,
      );
      expect([ended, stderr]).toEqual([0, '']);
      expect(said).toEqual(expect.arrayContaining(['printed hello', 'program', 'after']));
      expect(logLines(runDir)).toEqual(['INFO  hello', 'INFO  program']);
    }
  });

  it('has what was printed last when the process throws', async () => {
    const code = `const run = open({ captureConsole: true }); console.error('last words'); throw new Error('end');`;
    const { runDir } = await runChild(folder(), code);
    expect((await import('node:fs')).readFileSync(`${runDir}/run.yaml`, 'utf8')).toContain('CRASHED');
    expect((await expmanLog(runDir)).join()).toContain('last words');
  });

  it('captures it no more once its writer gives the run up', async () => {
    const base = folder();
    await open(base, { runName: 'run' }).close();
    // The thread of the writer is not up when the constructor returns, and finds no run to continue.
    const code = `
      const { log } = console;
      const run = open({ runName: 'run', resume: 'must', captureConsole: true });
      rmSync(run.runDir + '/run.yaml');
      const captured = console.log !== log;
      // Otherwise the run would be closed when the process has nothing left to do.
      const busy = setInterval(() => undefined, 1000);
      const code = await run.closed.catch(({ code }) => code);
      say([captured, code, console.log === log].join(' '));
      clearInterval(busy);`;
    const { said } = await runChild(base, `import { rmSync } from 'node:fs';${code}`);
    expect(said).toEqual(['true WRITE_FAILED true']);
  });
});

/** The log of a run that was cut off, once it is recovered. */
async function expmanLog(runDir: string): Promise<string[]> {
  const { recoverRun } = await import('expman-rx/reader');
  await recoverRun(runDir);
  return logLines(runDir);
}
