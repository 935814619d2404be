import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine } from 'expman-rx';
import { describe, expect, it } from 'vitest';
import { openRun } from '../../src/engine/open-run.js';
import { ExperimentConfig as SourceConfig } from '../../src/model/experiment-config.js';
import { MemoryFs } from '../faults/memory-fs.js';
import { yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('opening');
const open = (base: string, options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, runName: 'run', ...options }));

/** Does something while `console` takes no replacement for its methods, as in a realm that is locked down. */
function withFrozenConsole<T>(work: () => T): T {
  const { debug } = console;
  Object.defineProperty(console, 'debug', { value: debug, writable: false, configurable: true });
  try {
    return work();
  } finally {
    Object.defineProperty(console, 'debug', { value: debug, writable: true, configurable: true });
  }
}

describe('a run that cannot be opened', () => {
  it.each([
    ['nothing', undefined, 'undefined (undefined)'],
    ['null', null, 'null (null)'],
    ['a name', 'exp', '"exp" (string)'],
    ['options', { runName: 'run' }, '(object)'],
  ])('for it was given %s in place of a config, says so before anything is made', (_what, given, shown) => {
    expect(() => new LoggingEngine(given as never)).toThrow(
      expect.objectContaining({
        name: 'ExpmanError',
        code: 'INVALID_OPTION',
        option: 'config',
        message: `config must be an ExperimentConfig; got ${shown}`,
      }),
    );
  });

  it('for it was given a config made plain, leaves no folder behind', () => {
    const base = folder();
    const plain = new ExperimentConfig('exp', base, { runName: 'run' }).toPlain();
    expect(() => new LoggingEngine(plain as never)).toThrow(expect.objectContaining({ option: 'config' }));
    expect(readdirSync(base)).toEqual([]);
  });

  it('leaves neither a folder nor a lock behind, and its name is free', async () => {
    const base = folder();
    expect(() => withFrozenConsole(() => open(base, { captureConsole: true }))).toThrow(TypeError);
    expect(readdirSync(join(base, 'exp'))).toEqual(['experiment.yaml']);
    const run = open(base);
    run.logMetrics({ loss: 1 });
    expect(await run.close()).toMatchObject({ rows: 1 });
  });

  it('leaves the run that it was to continue as it was', async () => {
    const base = folder();
    const first = open(base);
    first.logMetrics({ loss: 1 }, 0);
    await first.close();
    const before = yamlOf(first.runDir);
    const names = readdirSync(first.runDir);
    const options = { resume: 'must', captureConsole: true } as const;
    expect(() => withFrozenConsole(() => open(base, options))).toThrow(TypeError);
    expect(yamlOf(first.runDir)).toEqual(before);
    expect(readdirSync(first.runDir)).toEqual(names);
    const second = open(base, options);
    second.logMetrics({ loss: 2 }, 1);
    expect(await second.close()).toMatchObject({ rows: 2, status: 'FINISHED' });
  });

  it.each(['run.yaml', 'run.lock'])('for the disk refuses its %s, leaves no folder behind', (name) => {
    const fs = new MemoryFs();
    fs.makeFolder('/base');
    fs.onCall = (call, path) => (call === 'write' && path.includes(name) ? { errno: 'ENOSPC' } : null);
    const config = new SourceConfig('exp', '/base', { runName: 'run' });
    expect(() => openRun(fs, config, undefined, Date.now())).toThrow(
      expect.objectContaining({ code: 'IO', errno: 'ENOSPC' }),
    );
    expect(fs.namesIn('/base/exp')).toEqual(['experiment.yaml']);
  });
});
