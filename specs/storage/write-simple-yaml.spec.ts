import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseYaml } from '../../dist/modules/storage/yaml-file.js';
import { writeSimpleYaml } from '../../dist/modules/storage/write-simple-yaml.js';
import { readSimpleYaml } from '../../dist/modules/storage/yaml-subset.js';

const HARD = [
  ...[
    'yes',
    'No',
    'y',
    'on',
    'OFF',
    'null',
    'Null',
    '~',
    'true',
    'nan',
    '.inf',
    '0x1f',
    '0o7',
    '1_000',
    '1:30',
    '1e5',
  ],
  ...[
    '',
    ' ',
    ' a',
    'a ',
    'a: b',
    'a #b',
    'a:',
    '- a',
    '-',
    '?',
    '---',
    '...',
    '<<',
    '=',
    '2001-01-01',
    '2001-01-01T00:00:00Z',
  ],
  ...[
    '"',
    "'",
    '\\',
    '\\n',
    'a\nb',
    '\t',
    '\u0085',
    '\u00a0',
    '\u2028',
    '\ufeff',
    '\ud800',
    '😀',
    'é',
    '{a}',
    '[a]',
    'a, b',
    '*a',
    '&a',
    '!a',
    '%a',
  ],
];
const text = fc.oneof(
  fc.string(),
  fc.constantFrom(...HARD),
  fc.stringMatching(/^[A-Za-z][A-Za-z ,_./()@+-]{0,12}$/),
);
const leaf = fc.oneof(
  text,
  fc.double(),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { weight: 4, arbitrary: leaf },
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
}));
const mapping = fc.dictionary(text, value, { minKeys: 1, maxKeys: 6 });

/** A value as it comes back: integers that fit are numbers. */
function asRead(written: unknown): unknown {
  if (typeof written === 'bigint') return Number.isSafeInteger(Number(written)) ? Number(written) : written;
  if (Array.isArray(written)) return written.map(asRead);
  if (typeof written !== 'object' || written === null) return written;
  return Object.fromEntries(Object.entries(written).map(([key, inner]) => [key, asRead(inner)]));
}

describe('the writer of simple YAML', () => {
  it('writes what the yaml package reads as the value it was, or leaves it to that', () => {
    let simple = 0;
    fc.assert(
      fc.property(mapping, (written) => {
        const text = writeSimpleYaml(written);
        if (text === null) return;
        simple++;
        expect(parseYaml(text)).toStrictEqual(asRead(written));
      }),
      { numRuns: 3000 },
    );
    expect(simple).toBeGreaterThan(1000);
  });

  it('writes what our own reader takes', () => {
    const written = {
      name: 'a run',
      lr: 1e-7,
      layers: [1, [2, 3]],
      model: { heads: [{ size: 3, tags: [] }] },
      note: 'say "so"',
    };
    const text = writeSimpleYaml(written);
    expect(text).toBe(
      'name: a run\nlr: 1.0e-7\nlayers:\n  - 1\n  - - 2\n    - 3\nmodel:\n  heads:\n    - size: 3\n      tags: []\nnote: "say \\"so\\""\n',
    );
    expect(readSimpleYaml(text ?? '')).toStrictEqual(written);
  });

  it.each([
    ['a text of two lines', { a: 'b\nc' }],
    ['a date', { a: new Date(0) }],
    ['a text of half a character', { a: '\ud800' }],
    ['a key named __proto__', JSON.parse('{ "a": { "__proto__": 1 } }')],
    [
      'an instance of a class',
      {
        a: new (class Point {
          x = 1;
        })(),
      },
    ],
    ['nothing but a value', 'a'],
    ['an empty mapping', {}],
  ] as [string, unknown][])('leaves %s to the package', (_what, value) => {
    expect(writeSimpleYaml(value)).toBeNull();
  });

  it('writes text and numbers that a reader of YAML 1.1 takes for the same', () => {
    fc.assert(
      fc.property(
        fc.dictionary(text, fc.oneof(text, fc.double(), fc.maxSafeInteger()), { minKeys: 1 }),
        (written) => {
          const simple = writeSimpleYaml(written);
          if (simple !== null) expect(parse(simple, { version: '1.1' })).toEqual(written);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
