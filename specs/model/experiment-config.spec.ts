import { isAbsolute, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpmanError } from '../../src/model/errors.js';
import { ExperimentConfig, type ExperimentOptions } from '../../src/model/experiment-config.js';

/** The config as a JavaScript caller makes it: whatever they like. */
function configOf(name: unknown, baseDir?: unknown, options?: unknown): ExperimentConfig {
  return Reflect.construct(ExperimentConfig, [name, baseDir, options]) as ExperimentConfig;
}

function errorOf(make: () => unknown): ExpmanError {
  try {
    make();
  } catch (error) {
    if (error instanceof ExpmanError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('an experiment config', () => {
  it('has a default for everything but the name', () => {
    expect(new ExperimentConfig('my_exp').toPlain()).toEqual({
      name: 'my_exp',
      baseDir: resolve('./experiments'),
      runName: undefined,
      walIntervalMs: 10,
      flushIntervalMs: 500,
      flushIntervalRows: 8192,
      durability: 'process',
      backpressure: 'block',
      maxBufferedBytes: 256 * 1024 * 1024,
      resume: 'never',
      tags: [],
      notes: '',
      group: undefined,
      rank: undefined,
      title: undefined,
      description: undefined,
      environment: true,
      onInvalid: 'warn',
      maxMetrics: 10_000,
      exitTimeoutMs: 5000,
      handleSignals: false,
      compression: 'auto',
      fileMode: 'umask',
      systemMetrics: false,
      captureConsole: false,
      alerts: { allowPrivate: false },
    });
  });

  it('keeps what it was given', () => {
    const options: ExperimentOptions = {
      runName: 'seed_1',
      walIntervalMs: 1,
      flushIntervalMs: 3_600_000,
      flushIntervalRows: 1,
      durability: 'power',
      backpressure: 'drop',
      maxBufferedBytes: 1024 * 1024,
      resume: 'must',
      tags: ['a', 'b'],
      notes: 'first\nsecond',
      group: 'sweep 1',
      rank: 0,
      title: 'My experiment',
      description: 'About it',
      environment: false,
      onInvalid: 'throw',
      maxMetrics: 1_000_000,
      exitTimeoutMs: 0,
      handleSignals: true,
      compression: 'snappy',
      fileMode: 'private',
      systemMetrics: { intervalMs: 100 },
      captureConsole: 'streams',
      alerts: { allowPrivate: true },
    };
    const config = new ExperimentConfig('my_exp', '/data/runs', options);
    expect(config.toPlain()).toEqual({ name: 'my_exp', baseDir: resolve('/data/runs'), ...options });
    expect(config.flushIntervalRows).toBe(1);
  });

  it('takes undefined for not given', () => {
    expect(
      new ExperimentConfig('e', undefined, { walIntervalMs: undefined, tags: undefined }).toPlain(),
    ).toEqual(new ExperimentConfig('e').toPlain());
  });

  it('samples every five seconds when it is only asked to sample', () => {
    const sampling = (systemMetrics: ExperimentOptions['systemMetrics']): unknown =>
      new ExperimentConfig('e', '.', { systemMetrics }).systemMetrics;
    expect(sampling(true)).toEqual({ intervalMs: 5000 });
    expect(sampling({})).toEqual({ intervalMs: 5000 });
    expect(sampling({ intervalMs: 250 })).toEqual({ intervalMs: 250 });
    expect(sampling(false)).toBe(false);
  });

  it('names its folder once and for all, whatever the working directory becomes', () => {
    expect(isAbsolute(new ExperimentConfig('e', 'runs').baseDir)).toBe(true);
  });

  it('drops tags that are said twice, and owns its list', () => {
    const tags = ['b', 'a', 'b'];
    const config = new ExperimentConfig('e', '.', { tags });
    tags.push('c');
    expect(config.tags).toEqual(['b', 'a']);
  });

  it('cannot be changed', () => {
    const config = new ExperimentConfig('e');
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.tags)).toBe(true);
  });

  it('can be posted to a thread as plain data', () => {
    const plain = new ExperimentConfig('e', '.', { tags: ['a'], runName: 'r' }).toPlain();
    expect(structuredClone(plain)).toEqual(plain);
    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
  });

  it.each([
    ['walIntervalMs', 0, 'an integer from 1 to 60000', 'number'],
    ['walIntervalMs', 60_001, 'an integer from 1 to 60000', 'number'],
    ['walIntervalMs', '10', 'an integer from 1 to 60000', 'string'],
    ['walIntervalMs', NaN, 'an integer from 1 to 60000', 'NaN'],
    ['walIntervalMs', null, 'an integer from 1 to 60000', 'null'],
    ['walIntervalMs', 10n, 'an integer from 1 to 60000', 'bigint'],
    ['flushIntervalMs', 1.5, 'an integer from 1 to 3600000', 'number'],
    ['flushIntervalMs', Infinity, 'an integer from 1 to 3600000', 'number'],
    ['flushIntervalRows', 10_000_001, 'an integer from 1 to 10000000', 'number'],
    ['durability', 'disk', "one of 'process', 'power'", 'string'],
    ['backpressure', true, "one of 'block', 'drop', 'throw'", 'boolean'],
    ['maxBufferedBytes', 1024, 'an integer from 1048576 up', 'number'],
    ['systemMetrics', 99, 'a boolean, or { intervalMs } with an integer from 100 to 3600000', 'number'],
    [
      'systemMetrics',
      { intervalMs: 99 },
      'a boolean, or { intervalMs } with an integer from 100 to 3600000',
      'object',
    ],
    [
      'systemMetrics',
      { interval: 500 },
      'a boolean, or { intervalMs } with an integer from 100 to 3600000',
      'object',
    ],
    ['captureConsole', 'stdout', "a boolean or 'streams'", 'string'],
    ['resume', 'yes', "one of 'never', 'allow', 'must'", 'string'],
    ['tags', 'a', 'an array of at most 1000 strings of 1 to 128 characters', 'string'],
    ['tags', ['a', 1], 'an array of at most 1000 strings of 1 to 128 characters', 'array'],
    ['tags', [''], 'an array of at most 1000 strings of 1 to 128 characters', 'array'],
    ['notes', 1, 'a string of 0 to 65536 characters', 'number'],
    ['notes', 'x'.repeat(65_537), 'a string of 0 to 65536 characters', 'string'],
    ['rank', -1, 'an integer from 0 to 1000000', 'number'],
    ['group', '', 'a string of 1 to 128 characters', 'string'],
    ['environment', 'no', 'a boolean, or { argv } with a boolean', 'string'],
    ['environment', { argv: 'no' }, 'a boolean, or { argv } with a boolean', 'object'],
    ['environment', { args: false }, 'a boolean, or { argv } with a boolean', 'object'],
    ['environment', [], 'a boolean, or { argv } with a boolean', 'array'],
    ['onInvalid', 'ignore', "one of 'warn', 'throw'", 'string'],
    ['maxMetrics', 0, 'an integer from 1 to 1000000', 'number'],
    ['exitTimeoutMs', -1, 'an integer from 0 to 60000', 'number'],
    ['handleSignals', 1, 'a boolean', 'number'],
    ['fileMode', 0o600, "one of 'umask', 'private'", 'number'],
    ['compression', 'zstd', "one of 'auto', 'none', 'snappy'", 'string'],
    ['compression', Symbol('auto'), "one of 'auto', 'none', 'snappy'", 'symbol'],
  ])('refuses %s: %o and says why', (option, value, rule, type) => {
    const error = errorOf(() => configOf('e', '.', { [option]: value }));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', option, rule, type });
    expect(error.value).toBe(value);
    expect(error.message).toContain(`${option} must be ${rule}`);
  });

  it.each([
    ['flushIntervalMS', 'flushIntervalMs'],
    ['flushInterval', 'flushIntervalMs'],
    ['walIntervalMss', 'walIntervalMs'],
    ['tag', 'tags'],
    ['constructor', undefined],
    ['verbose', undefined],
  ])('refuses the unknown option %s', (option, meant) => {
    const error = errorOf(() => configOf('e', '.', { [option]: 1 }));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', option, value: 1, type: 'number' });
    expect(error.rule).toContain('walIntervalMs, flushIntervalMs');
    if (meant === undefined) expect(error.message).not.toContain('did you mean');
    else expect(error.message).toContain(`did you mean "${meant}"?`);
  });

  it.each([null, 1, 'x', [], () => 1])('refuses options that are no object: %o', (options) => {
    expect(errorOf(() => configOf('e', '.', options))).toMatchObject({
      code: 'INVALID_OPTION',
      option: 'options',
    });
  });

  it.each(['', 'a\0b', 1, null, {}])('refuses the base folder %j', (baseDir) => {
    expect(errorOf(() => configOf('e', baseDir))).toMatchObject({
      code: 'INVALID_OPTION',
      option: 'baseDir',
    });
  });

  it('refuses names that could leave the base folder', () => {
    expect(errorOf(() => configOf('../e'))).toMatchObject({ code: 'INVALID_NAME', option: 'name' });
    expect(errorOf(() => configOf(undefined))).toMatchObject({ code: 'INVALID_NAME', option: 'name' });
    expect(errorOf(() => configOf('e', '.', { runName: 'a/b' }))).toMatchObject({
      code: 'INVALID_NAME',
      option: 'runName',
    });
  });

  it('cannot be told to resume a run it is not told the name of', () => {
    expect(errorOf(() => configOf('e', '.', { resume: 'must' }))).toMatchObject({
      code: 'INVALID_OPTION',
      option: 'resume',
    });
    expect(new ExperimentConfig('e', '.', { resume: 'allow' }).resume).toBe('allow');
  });

  it('is made, or refused with a code, whatever the options', () => {
    const option = fc.constantFrom(...Object.keys(new ExperimentConfig('e').toPlain()), 'x', '__proto__');
    fc.assert(
      fc.property(fc.dictionary(option, fc.anything({ withBigInt: true })), (options) => {
        try {
          expect(Object.isFrozen(configOf('e', '.', options))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpmanError);
        }
      }),
    );
  });
});
