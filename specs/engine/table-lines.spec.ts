import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tableLines } from '../../src/engine/files/table-lines.js';

const rowsOf = (table: unknown): unknown[] =>
  tableLines(table)
    .text.split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);

describe('a table', () => {
  it('of objects has every column in every line, in the order they came first', () => {
    expect(tableLines([{ b: 1 }, { a: 'x', b: 2 }]).text).toBe('{"b":1,"a":null}\n{"b":2,"a":"x"}\n');
  });

  it('of columns and rows is the same', () => {
    expect(tableLines({ columns: ['a', 'b'], rows: [[1, true], [null]] }).text).toBe(
      '{"a":1,"b":true}\n{"a":null,"b":null}\n',
    );
  });

  it('keeps what JSON has, and tells the rest as text', () => {
    const date = new Date('2026-01-01T00:00:00.000Z');
    const [row] = rowsOf([
      {
        int: 3n,
        big: 2n ** 60n,
        nan: NaN,
        inf: -Infinity,
        date,
        list: [1, { a: 2 }],
        none: undefined,
        sym: Symbol('s'),
      },
    ]);
    expect(row).toEqual({
      int: 3,
      big: '1152921504606846976',
      nan: 'NaN',
      inf: '-Infinity',
      date: '2026-01-01T00:00:00.000Z',
      list: '[1,{"a":2}]',
      none: null,
      sym: 'Symbol(s)',
    });
  });

  it('has columns of any name', () => {
    const row: object = JSON.parse('{"__proto__":1,"":2,"a\\"b":3}') as object;
    expect(tableLines([row]).text).toBe('{"__proto__":1,"":2,"a\\"b":3}\n');
  });

  it('comes back as it was, for all rows of JSON values', () => {
    const cell = fc.oneof(
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
    );
    const table = fc
      .integer({ min: 1, max: 5 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width })).map((rows) => ({ width, rows })),
      );
    fc.assert(
      fc.property(table, ({ width, rows }) => {
        const columns = Array.from({ length: width }, (_, at) => `c${at}`);
        expect(rowsOf({ columns, rows })).toEqual(
          rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]]))),
        );
      }),
    );
  });

  it('is bounded: rows, columns, and the text of a cell', () => {
    const { text, leftOut } = tableLines(Array.from({ length: 10_005 }, (_, a) => ({ a })));
    expect(leftOut).toBe(5);
    expect(text.endsWith('{"a":9999}\n')).toBe(true);
    expect((rowsOf([{ a: 'x'.repeat(100_000) }])[0] as { a: string }).a).toHaveLength(64 * 1024 + 1);
    const columns = Array.from({ length: 1001 }, (_, at) => String(at));
    expect(() => tableLines({ columns, rows: [] })).toThrow('1000 columns');
  });

  it.each([
    ['a text', 'x'],
    ['nothing', undefined],
    ['a list of numbers', [1, 2]],
    ['a row that is too long', { columns: ['a'], rows: [[1, 2]] }],
    ['a row that is none', { columns: ['a'], rows: [1] }],
    ['two columns of one name', { columns: ['a', 'a'], rows: [] }],
    ['columns alone', { columns: ['a'] }],
  ])('is not made of %s', (_, table) => {
    expect(() => tableLines(table)).toThrow(TypeError);
  });
});
