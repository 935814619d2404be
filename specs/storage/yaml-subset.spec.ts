import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from '../../dist/modules/index.js';
import { parseYaml, stringifyYaml } from '../../dist/modules/storage/yaml-file.js';
import { readSimpleYaml } from '../../dist/modules/storage/yaml-subset.js';
import { tempFolders } from '../support/temp-folder.js';

const newFolder = tempFolders('simple-yaml');
const key = fc.oneof(fc.stringMatching(/^[a-z][a-z_.0-9]{0,8}$/), fc.string(), fc.constant('__proto__'));
const leaf = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom(
    '1e5',
    '0x1f',
    '0o7',
    '007',
    '+1',
    '.5',
    '1.',
    '- a',
    'a: b',
    'a #b',
    '~',
    'yes',
    '---',
    '',
    ' ',
    'a\nb',
  ),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ weight: 4, arbitrary: leaf }, fc.array(tie('value'), { maxLength: 4 }), tie('mapping')),
  mapping: fc.dictionary(key, tie('value'), { maxKeys: 5 }),
}));
const mapping = fc.dictionary(key, value, { maxKeys: 6 });

/** What lines of hostile YAML are made of. */
const PIECES = [
  ...[
    'a',
    'key',
    '"q"',
    "'s'",
    "'it''s'",
    '"\\x41"',
    '"\\ud800"',
    '1',
    '-0',
    '+1',
    '0x1f',
    '0o7',
    '.5',
    '1.',
    '1e3',
    '.nan',
    '~',
  ],
  ...[
    'null',
    'true',
    'yes',
    '{}',
    '[]',
    '[a]',
    '|',
    '>',
    '&x',
    '*x',
    '!t',
    '# c',
    '%',
    '@',
    '?',
    '-',
    '- ',
    ': ',
    ':',
    'a:b',
    'a: b',
  ],
  ...[
    ' ',
    '\u00a0',
    '\ufeff',
    '\u2003',
    '\v',
    '\f',
    '\u0085',
    '\u2028',
    'é',
    '😀',
    '<<',
    '__proto__',
    'a #b',
    '---',
    '...',
    '/x',
  ],
  ...['12345678901234567890', '2001-01-01', '"', "'", '\\', '\u0001', '""', "''", '|a', ',', '}'],
];
const simple = fc.dictionary(
  fc.constantFrom('a', 'b c', 'd', "e'", '1'),
  fc.oneof(leaf, fc.array(fc.oneof(leaf, fc.dictionary(fc.constantFrom('x', 'y'), leaf)), { maxLength: 3 })),
  { minKeys: 1, maxKeys: 4 },
);

describe('the reader of simple YAML', () => {
  it('reads what somebody has put something into as the yaml package does, or leaves it to that', () => {
    let read = 0;
    fc.assert(
      fc.property(simple, fc.nat(), fc.constantFrom(...PIECES), (written, place, piece) => {
        const whole = stringifyYaml(written);
        const at = place % whole.length;
        const text = whole.slice(0, at) + piece + whole.slice(at);
        const found = readSimpleYaml(text);
        if (found === null) return;
        read++;
        expect(found).toStrictEqual(parseYaml(text));
      }),
      { numRuns: 5000 },
    );
    expect(read).toBeGreaterThan(500);
  });

  it.each([
    ['white that is no space', 'a:\n\u00a0\u00a0b: 1\n'],
    ['a line of such white', 'a: 1\n\u2003\nb: 2\n'],
    ['a key longer than YAML has it', `${'x'.repeat(1025)}: 1\n`],
    ['a key in quotes that is', `"${'x'.repeat(1025)}": 1\n`],
    ['16 MB of quoted key', `"${'x'.repeat(16e6)}": 1\n`],
  ])('leaves %s to the package', (_what, text) => {
    expect(readSimpleYaml(text)).toBeNull();
  });

  it('reads what we write as the yaml package does, or leaves it to that', () => {
    let read = 0;
    fc.assert(
      fc.property(mapping, (written) => {
        const text = stringifyYaml(written);
        const simple = readSimpleYaml(text);
        if (simple === null) return;
        read++;
        expect(simple).toStrictEqual(parseYaml(text));
      }),
      { numRuns: 2000 },
    );
    expect(read).toBeGreaterThan(50);
  });

  it('reads any text as the yaml package does, or leaves it to that', () => {
    const bit = fc.constantFrom(
      'a', 'b: ', ': ', '- ', '  ', '\n', '"', "'", '#', ' #', '1', '-', '[]', '{}', 'null', '"x"', "'y'", '|', '>', '&a', '*a', '!t', '? ', 'k: v\n', '\t', '...', '---', '.', 'e', 'x:y', ',', '@', '%', '`', '=', '\\', '  #',
    ); // prettier-ignore
    fc.assert(
      fc.property(fc.array(bit, { maxLength: 14 }), (bits) => {
        const text = bits.join('');
        const simple = readSimpleYaml(text);
        if (simple !== null) expect(simple).toStrictEqual(parseYaml(text));
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    ['a bigint beyond 2^53', 'a: 12345678901234567890\n', { a: 12345678901234567890n }],
    ['a list of mappings', 'a:\n  - b: 1\n    c: x\n  - d: "e"\n', { a: [{ b: 1, c: 'x' }, { d: 'e' }] }],
    ['a list of lists', 'a:\n  - - 1\n    - 2\n  - []\n', { a: [[1, 2], []] }],
    ['empty values', 'a: {}\nb: []\nc: ""\n', { a: {}, b: [], c: '' }],
  ])('reads %s', (_what, text, expected) => {
    expect(readSimpleYaml(text)).toStrictEqual(expected);
    expect(parseYaml(text)).toStrictEqual(expected);
  });

  it('takes a run.yaml and a config.yaml as they are mostly written', async () => {
    const run = new LoggingEngine(new ExperimentConfig('simple', newFolder(), { tags: ['a b', 'c'] }));
    run.logParams({ lr: 1e-7, layers: [1, 2], model: { name: 'resnet-18', heads: [{ size: 3 }] } });
    run.logMetrics({ 'train/loss': NaN, count: 2n ** 62n, ok: true, note: 'say "so"' }, 0);
    const { runDir } = await run.close();
    for (const name of ['run.yaml', 'config.yaml']) {
      const text = readFileSync(join(runDir, name), 'utf8');
      expect(readSimpleYaml(text)).not.toBeNull();
      expect(readSimpleYaml(text)).toStrictEqual(parseYaml(text));
    }
  });

  it.each([
    ['a key that is there twice', 'a: 1\na: 2\n'],
    ['__proto__', '__proto__: 1\n'],
    ['an alias', 'a: *b\n'],
    ['a tag', 'a: !x 1\n'],
    ['a block of text', 'a: |\n  b\n'],
    ['a line that goes on', 'a: b\n  c\n'],
    ['a comment behind a value', 'a: b # c\n'],
    ['no text', ''],
  ])('leaves %s to the yaml package', (_what, text) => {
    expect(readSimpleYaml(text)).toBeNull();
  });
});
