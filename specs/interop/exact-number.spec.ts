import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactNumberOf } from '../../dist/modules/interop/exchange/exact-number.js';
import { isMissing } from '../../dist/modules/interop/exchange/missing-words.js';

/** What Python's `repr` writes, made from the digits of `toExponential` by hand. */
function pythonRepr(number: number): string {
  const [mantissa = '', power = ''] = number.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= 16 || exponent < -4)
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  const digits = mantissa.replace(/[-.]/g, '');
  const sign = mantissa.startsWith('-') ? '-' : '';
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

describe('a text that is a number', () => {
  it.each([
    ['0.001', 0.001],
    ['1e-05', 1e-5],
    ['3', 3],
    ['-12', -12],
    ['2.0', 2],
    ['-0.0', -0],
    ['1e+16', 1e16],
    ['1.5e+300', 1.5e300],
    ['0.00001', 0.00001],
    ['9007199254740991', 2 ** 53 - 1],
  ])('%s is one: writing it gives the text back', (text, number) => {
    expect(exactNumberOf(text)).toBe(number);
  });

  it.each([
    ...[
      '3.10',
      '1.20',
      '007',
      '1234e5',
      '1e3',
      '123456789012345678.5',
      '12345678901234567890',
      '+5',
      '.5',
      '5.',
    ],
    ...[
      '',
      ' 1',
      '1 ',
      '0x10',
      '1_000',
      '1,5',
      'nan',
      'inf',
      'Infinity',
      '-0',
      '9007199254740993',
      '1e400',
      '12e345678',
    ],
  ])('%j is none', (text) => {
    expect(exactNumberOf(text)).toBeUndefined();
  });

  it('is any finite double and safe integer as Python or JavaScript writes it, and comes back exactly', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(exactNumberOf(Object.is(number, -0) ? '-0.0' : pythonRepr(number))).toBe(number);
        if (Number.isSafeInteger(number) || !Number.isInteger(number))
          expect(exactNumberOf(String(number))).toBe(number + 0);
      }),
    );
    fc.assert(
      fc.property(fc.maxSafeInteger(), (number) => {
        expect(exactNumberOf(String(number))).toBe(number);
      }),
    );
  });

  it('gives its text back whatever it is', () => {
    const like = fc.stringMatching(/^[-+]?\d{0,12}(?:\.\d{0,12})?(?:e[-+]?\d{1,3})?$/);
    fc.assert(
      fc.property(fc.oneof(like, fc.string()), (text) => {
        const number = exactNumberOf(text);
        if (number === undefined) return;
        const written = [String(number), pythonRepr(number), Object.is(number, -0) ? '-0.0' : ''];
        expect(written).toContain(text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a missing value', () => {
  it('is blank or a usual word for nothing, whatever its case; nan and numbers are none', () => {
    for (const word of ['', ' ', 'N/A', 'na', 'None', 'NULL', '#N/A', '#DIV/0!', '-', '--', '<NA>', 'NaT'])
      expect([word, isMissing(word)]).toEqual([word, true]);
    for (const word of ['nan', 'inf', '0', 'no', '-1', 'nothing', 'a'])
      expect([word, isMissing(word)]).toEqual([word, false]);
  });
});
