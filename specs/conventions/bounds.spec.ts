import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { boundsOf, problemOf, type SpecText } from './bound-rules.js';
import { sourcesIn } from './files-below.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const src = join(root, 'src');

const codesIn = (text: string): readonly string[] =>
  [...text.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code!);
const CODES = new Set([
  ...codesIn(readFileSync(join(src, 'model/errors.ts'), 'utf8')),
  ...['TypeError', 'RangeError'],
]);
const specText: SpecText = (path) =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null;

describe('every bound of the sources', () => {
  it('says beside itself what it refuses, where it tells what it cuts, or why nothing is lost', () => {
    const bounds = boundsOf(sourcesIn(src));
    expect(bounds.length).toBeGreaterThan(150);
    expect(
      bounds.flatMap(({ file, line, name, mark }) => {
        const problem = problemOf(mark, CODES, specText);
        return problem === null ? [] : [`src/${file}:${line} ${name} ${problem}`];
      }),
    ).toEqual([]);
  });
});

const boundsIn = (text: string): string[] => boundsOf([{ path: 'a.ts', text }]).map(({ name }) => name);
const marksIn = (text: string): (string | null)[] =>
  boundsOf([{ path: 'a.ts', text }]).map(({ mark }) => mark);

describe('the rule of bounds', () => {
  it.each([
    ['const MAX_ROWS = 5;', 'MAX_ROWS'],
    ['const MOST_NAMED = 5;', 'MOST_NAMED'],
    ['const LIMITS = { rows: 5 };', 'LIMITS'],
    ['export const ROW_LIMIT = 5;', 'ROW_LIMIT'],
    ['const METRICS_SHOWN = 3;', 'METRICS_SHOWN'],
    ['const FEW = 3; show(names.slice(0, FEW));', 'FEW'],
    ['const FEW = 3; show(names.slice(-FEW));', 'FEW'],
    ['const FEW = 3; show(names.slice(0, 4 * FEW));', 'FEW'],
    ['const FEW = 3; if (names.length > FEW) stop();', 'FEW'],
    ['const FEW = 3; if (seen.size < FEW) seen.add(name);', 'FEW'],
    ['show(names.slice(0, 200));', 'names.slice(0, 200)'],
    ['show(lines.slice(-20));', 'lines.slice(-20)'],
    ['show(text.substring(0, 80));', 'text.substring(0, 80)'],
    ['class A { static MAX_ROWS = 5; }', 'MAX_ROWS'],
  ])('finds one in %s', (text, name) => {
    expect(boundsIn(text)).toEqual([name]);
  });

  it('finds one that another file cuts at', () => {
    const files = [
      { path: 'a.ts', text: 'export const FEW = 3;' },
      { path: 'b.ts', text: "import { FEW } from './a.js'; show(names.slice(0, FEW));" },
    ];
    expect(boundsOf(files).map(({ file, name }) => `${file} ${name}`)).toEqual(['a.ts FEW']);
  });

  it.each([
    'const rest = names.slice(1);',
    'const trimmed = text.slice(0, -1);',
    'const page = names.slice(from, from + 10);',
    'const PERIOD_MS = 5;',
    'if (names.length > 2) stop();',
    'const big = Number.MAX_SAFE_INTEGER;',
  ])('finds none in %s', (text) => {
    expect(boundsIn(text)).toEqual([]);
  });

  it('reads the mark above a constant, beside it, and above the line or statement of a cut', () => {
    const marked = [
      '/** Rows.\n *\n * @bound refuses: CORRUPT,\n * with the size\n */\nconst MAX_A = 1;',
      '// @bound loses nothing: a\nconst MAX_B = 1;',
      'const MAX_C = 1; // @bound tells: c',
      '// @bound loses nothing: d\nshow(\n  names.slice(0, 5),\n);',
      'show(\n  // @bound loses nothing: e\n  names.slice(0, 5),\n);',
      '// @bound loses nothing: far\n\nconst MAX_F = 1;',
    ];
    expect(marked.flatMap(marksIn)).toEqual([
      'refuses: CORRUPT, with the size',
      ...['loses nothing: a', 'tells: c', 'loses nothing: d', 'loses nothing: e', null],
    ]);
  });

  const spec = "describe('a', () => { it('says how many', () => {}); it.each([1])('says %s', () => {}); });";
  it.each([
    [null, 'has no @bound mark'],
    ['cuts: a thing', 'has a mark of no known kind: cuts: a thing'],
    ['refuses: CORRUPT, with the size', null],
    ['refuses: HTTP 413', null],
    ['refuses: NONSENSE', 'refuses with no error that there is'],
    ['loses nothing: it is read again', null],
    ['loses nothing: really', 'loses nothing without a reason'],
    ['tells: in the table', 'tells without the spec that shows it'],
    [
      'tells: in the table; specs/none.spec.ts "says how many"',
      'tells by specs/none.spec.ts, which is not there',
    ],
    ['tells: in the table; specs/a.spec.ts "says"', 'tells by "says", which specs/a.spec.ts has not'],
    ['tells: in the table; specs/a.spec.ts "says how many"', null],
    ['tells: in the table; specs/a.spec.ts "says %s"', null],
  ])('judges the mark %s', (mark, problem) => {
    expect(problemOf(mark, CODES, (path) => (path === 'specs/a.spec.ts' ? spec : null))).toBe(problem);
  });
});
