import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvImporter } from '../../dist/modules/interop/csv/csv-importer.js';
import { tempFolders } from '../support/temp-folder.js';
import { rowsOf, runAt } from './run-arbitrary.js';

const folder = tempFolders('csv-dialects');

/** How a table is written, with what each of the values means. */
interface Dialect {
  readonly delimiter: string;
  readonly lineEnd: string;
  readonly decimal: string;
  readonly quoted: boolean;
  readonly padding: string;
  readonly bom: boolean;
  readonly utf16: boolean;
  readonly sep: boolean;
  readonly missing: string;
}

const dialects: fc.Arbitrary<Dialect> = fc
  .record({
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
    decimal: fc.constantFrom('.', ','),
    quoted: fc.boolean(),
    padding: fc.constantFrom('', ' '),
    bom: fc.boolean(),
    utf16: fc.boolean(),
    sep: fc.boolean(),
    missing: fc.constantFrom('', 'NA', 'None', '-', '#N/A'),
  })
  .map((given) => ({ ...given, quoted: given.quoted || (given.delimiter === ',' && given.decimal === ',') }));

const cell = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true, min: -999, max: 999 }), { freq: 4 });
const tables = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 12 });

function written(rows: readonly (readonly (number | null)[])[], dialect: Dialect): Buffer {
  const { delimiter, lineEnd, decimal, quoted, padding, bom, utf16, sep, missing } = dialect;
  const cellOf = (text: string): string => (quoted ? `"${text}"` : padding + text);
  const numberOf = (value: number | null): string =>
    value === null ? missing : String(value).replace('.', decimal);
  const lines = [
    ...(sep ? [`sep=${delimiter}`] : []),
    ['step', 'loss', 'val/acc'].map(cellOf).join(delimiter),
    ...rows.map((values, step) => [String(step), ...values.map(numberOf)].map(cellOf).join(delimiter)),
  ];
  const text = `${bom || utf16 ? '\ufeff' : ''}${lines.join(lineEnd)}${lineEnd}`;
  return Buffer.from(text, utf16 ? 'utf16le' : 'utf8');
}

describe('a table of numbers', () => {
  it('comes in as it is, however it is written', async () => {
    const path = join(folder(), 'table.csv');
    await fc.assert(
      fc.asyncProperty(tables, dialects, async (rows, dialect) => {
        // A file whose only fractions look like thousands does not say what its commas are.
        const values = rows.flat().filter((value) => value !== null);
        fc.pre(values.some((value) => /\.\d{1,2}$|\.\d{4,}|^-?0\./.test(String(value))));
        writeFileSync(path, written(rows, dialect));
        const read = await rowsOf(await runAt(csvImporter, path));
        const wanted = rows.map(([loss, acc], step) => [
          step,
          [...(loss === null ? [] : [['loss', loss + 0]]), ...(acc === null ? [] : [['val/acc', acc + 0]])],
        ]);
        expect(
          read.map(([step, , entries]) => [step, entries.map(([name, value]) => [name, Number(value) + 0])]),
        ).toEqual(wanted);
      }),
      { numRuns: 150 },
    );
  });

  it('has no value that it was not given, wherever it is cut or changed', async () => {
    const path = join(folder(), 'table.csv');
    const whole = written(
      Array.from({ length: 8 }, (_, at) => [1 / (at + 3), at * 100.25]),
      {
        delimiter: ',',
        lineEnd: '\n',
        decimal: '.',
        quoted: false,
        padding: '',
        bom: false,
        utf16: false,
        sep: false,
        missing: '',
      },
    );
    const allowed = new Set(Array.from({ length: 8 }, (_, at) => [1 / (at + 3), at * 100.25]).flat());
    for (let cut = 0; cut < 200; cut++) {
      writeFileSync(path, whole.subarray(0, Math.floor((whole.length * cut) / 200)));
      for await (const run of csvImporter.runs(path)) {
        if (run instanceof Error) continue;
        for (const [, , entries] of await rowsOf(run))
          for (const [, value] of entries) expect(allowed).toContain(value);
      }
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
        const changed = Buffer.from(whole);
        changed[at] = byte;
        writeFileSync(path, changed);
        for await (const run of csvImporter.runs(path)) if (!(run instanceof Error)) await rowsOf(run);
      }),
      { numRuns: 200 },
    );
  });
});
