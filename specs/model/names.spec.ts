import { join, posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultRunName, parseArtifactName, parseName, suffixedName } from '../../src/model/names.js';

describe('a run or experiment name', () => {
  it.each(['a', 'my_exp', '20260101_120000', 'lr-1e-3.v2', 'x'.repeat(128), 'console', 'com', 'nulls.txt'])(
    'may be %s',
    (name) => expect(parseName('run', name)).toBe(name),
  );

  it.each([
    '', '.', '..', '../x', '/abs', 'a/b', 'a\\b', 'C:\\x', '\\\\srv\\x', 'a\0b', '%2e%2e%2f', '..\\..\\x', 'x'.repeat(129),
    'é'.repeat(128), 'a\u202eb', 'a\n', '\u001b[31m', '-rf', '~', '$(id)', '.hidden', 'a.', 'run[12]', 'a*', 'a?', '{a}', 'a b',
    'CON', 'nul', 'Nul.txt', 'com1', 'COM9.tar.gz', 'lpt0', 'aux.',
  ])('is refused as %j', (name) => {
    expect(() => parseName('experiment', name)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
  }); // prettier-ignore

  it.each([undefined, null, 42, ['a'], { toString: () => 'a' }])(
    'is refused when it is no string: %j',
    (value) => {
      expect(() => parseName('run', value)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
    },
  );

  it('says which option broke which rule with what', () => {
    expect(() => parseName('run', '../x')).toThrow(
      expect.objectContaining({
        option: 'runName',
        rule: expect.stringContaining('128') as string,
        value: '../x',
        type: 'string',
      }),
    );
    expect(() => parseName('experiment', null)).toThrow(
      expect.objectContaining({ option: 'name', value: null, type: 'null' }),
    );
  });

  it('never leads out of its folder, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('.', '/', '\\', 'a', ':', ' ', '\0', '~') }), (text) => {
        let name: string;
        try {
          name = parseName('run', text);
        } catch {
          return;
        }
        expect(posix.dirname(posix.join('/base', name))).toBe('/base');
        expect(win32.dirname(win32.join('C:\\base', name))).toBe('C:\\base');
      }),
    );
  });
});

describe('the default name of a run', () => {
  it('is the local time to the second', () => {
    expect(defaultRunName(new Date(2026, 0, 2, 3, 4, 5))).toBe('20260102_030405');
    expect(defaultRunName(new Date(2026, 11, 31, 23, 59, 59, 999))).toBe('20261231_235959');
  });

  it('gets a suffix when it is taken', () => {
    expect(suffixedName(defaultRunName(new Date(2026, 0, 1)), 2)).toBe('20260101_000000_2');
  });

  it('makes room for the suffix in a name of full length', () => {
    const suffixed = suffixedName(parseName('run', 'x'.repeat(128)), 12);
    expect(suffixed).toBe(`${'x'.repeat(125)}_12`);
  });
});

describe('an artifact name', () => {
  it.each([
    ['model.json', 'model.json'],
    ['a:v0', 'a:v0'],
    ['deep/down/model.json', 'deep/down/model.json'],
    ['a//./b', 'a/b'],
    ['./model.json', 'model.json'],
    ['.hidden', '.hidden'],
    ['...', '...'],
    ['..a/b..', '..a/b..'],
    ['Ünï çødé 🎉.txt', 'Ünï çødé 🎉.txt'],
    ['%2e%2e%2f', '%2e%2e%2f'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ])('%j becomes %j', (text, name) => expect(parseArtifactName(text)).toBe(name));

  it.each([
    '', '.', './', '..', '../x', 'a/..', 'a/../../b', 'a/../b', 'a/', 'a/.', '/abs', '//srv/share', 'C:/x', 'c:', 'C:\\x',
    '\\\\srv\\x', '..\\x', 'a\\b', 'a\0b', 'a\nb', 'a\u001bb', 'a\u007fb', 'a\u0085b', 'a\u202eb', 'a\u2066b', 'a\u2028b',
    'a\ud800b', 'x'.repeat(256), 'é'.repeat(128), 'a/'.repeat(600) + 'b',
  ])('is refused as %j', (text) => {
    expect(() => parseArtifactName(text)).toThrow(expect.objectContaining({ code: 'INVALID_NAME', option: 'name' }));
  }); // prettier-ignore

  it('stays below its folder for both path flavours, and is its own normal form', () => {
    const unit = fc.constantFrom('.', '/', '\\', 'a', ':', '..', '../', 'C:');
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        let name: string;
        try {
          name = parseArtifactName(text);
        } catch {
          return;
        }
        expect(posix.join('/base', name)).toBe(`/base/${name}`);
        expect(win32.join('C:\\base', name).startsWith('C:\\base\\')).toBe(true);
        expect(parseArtifactName(name)).toBe(name);
        expect(join('x', name)).not.toBe('x');
      }),
      { examples: [['./C:']], numRuns: 1000 },
    );
  });
});
