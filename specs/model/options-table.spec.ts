import { describe, expect, expectTypeOf, it } from 'vitest';
import { callback, flag, integer, oneOf, string } from '../../src/model/option-rules.js';
import { optionsTable } from '../../src/model/options-table.js';

interface PaintOptions {
  readonly colour: string;
  readonly coats?: number;
  readonly finish?: 'matt' | 'gloss' | undefined;
  readonly onCoat?: (coat: number) => void;
  readonly dry?: boolean;
}

const TABLE = optionsTable<PaintOptions>()({
  colour: string().required(),
  coats: integer(1, 9).byDefault(2),
  finish: oneOf('matt', 'gloss'),
  onCoat: callback<(coat: number) => void>(),
  dry: flag().byDefault(false).orNull(),
});

describe('a table of options', () => {
  it('checks options and fills in the defaults', () => {
    expect(TABLE.resolve({ colour: 'red' })).toEqual({ colour: 'red', coats: 2, dry: false });
    expect(TABLE.resolve({ colour: 'red', coats: 1, finish: 'matt', dry: true })).toEqual({
      colour: 'red',
      coats: 1,
      finish: 'matt',
      dry: true,
    });
  });

  it('knows the types of what it gives', () => {
    expectTypeOf(TABLE.resolve({ colour: 'red' })).toEqualTypeOf<{
      readonly colour: string;
      readonly coats: number;
      readonly finish: 'matt' | 'gloss' | undefined;
      readonly onCoat: ((coat: number) => void) | undefined;
      readonly dry: boolean;
    }>();
  });

  it('says what is allowed', () => {
    expect(TABLE.names).toEqual(['colour', 'coats', 'finish', 'onCoat', 'dry']);
    expect(TABLE.rules.coats.words).toBe('an integer from 1 to 9');
    expect(TABLE.rules.finish.words).toBe("one of 'matt', 'gloss'");
  });

  it('takes undefined for absent, and null only where it always has', () => {
    expect(TABLE.resolve({ colour: 'red', coats: undefined, dry: null } as never)).toEqual({
      colour: 'red',
      coats: 2,
      dry: false,
    });
    expect(() => TABLE.resolve({ colour: 'red', coats: null } as never)).toThrow(
      'coats must be an integer from 1 to 9; got null (null)',
    );
  });

  it.each<[string, unknown]>([
    ['colour must be a string; got undefined (undefined)', {}],
    ['coats must be an integer from 1 to 9; got 10 (number)', { colour: 'red', coats: 10 }],
    ["finish must be one of 'matt', 'gloss'; got \"mat\" (string)", { colour: 'red', finish: 'mat' }],
    ['onCoat must be a function; got (object)', { colour: 'red', onCoat: {} }],
    ['options must be an object; got (array)', []],
    ['options must be an object; got undefined (undefined)', undefined],
    [
      'unknown option "color"; did you mean "colour"? Known options: colour, coats, finish, onCoat, dry',
      { color: 'red' },
    ],
    ['unknown option "brush". Known options: colour, coats, finish, onCoat, dry', { brush: 1 }],
    [
      'unknown option "\\u001b[2J". Known options: colour, coats, finish, onCoat, dry',
      { '\u001b[2J': undefined },
    ],
  ])('refuses with: %s', (message, options) => {
    expect(() => TABLE.resolve(options as PaintOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message }) as Error,
    );
  });

  it('can be the rule of an option, whose own options it names', () => {
    const house = optionsTable<{ readonly paint?: PaintOptions }>()({ paint: TABLE.asRule() });
    expect(house.resolve({ paint: { colour: 'red' } })).toEqual({
      paint: { colour: 'red', coats: 2, dry: false },
    });
    expect(house.resolve({})).toEqual({});
    expect(() => house.resolve({ paint: 5 } as never)).toThrow('paint must be an object; got 5 (number)');
    expect(() => house.resolve({ paint: { coat: 1 } } as never)).toThrow('did you mean "coats"?');
  });

  it('is checked against its options by the compiler, in both directions', () => {
    interface Options {
      readonly a?: number;
      readonly b: boolean;
    }
    // @ts-expect-error -- a name of the options is missing
    optionsTable<Options>()({ b: flag().required() });
    // @ts-expect-error -- a name that the options have not got
    optionsTable<Options>()({ a: integer(0), b: flag().required(), c: flag() });
    // @ts-expect-error -- b is not optional
    optionsTable<Options>()({ a: integer(0), b: flag() });
    // @ts-expect-error -- a is optional
    optionsTable<Options>()({ a: integer(0).required(), b: flag().required() });
    // @ts-expect-error -- a is a number
    optionsTable<Options>()({ a: flag(), b: flag().required() });
    // @ts-expect-error -- the options allow more
    optionsTable<{ readonly finish?: 'matt' | 'gloss' }>()({ finish: oneOf('matt') });
    // @ts-expect-error -- the options allow less
    optionsTable<{ readonly finish?: 'matt' }>()({ finish: oneOf('matt', 'gloss') });
    expect(optionsTable<Options>()({ a: integer(0), b: flag().required() }).names).toEqual(['a', 'b']);
  });
});
