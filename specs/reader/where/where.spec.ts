import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpmanError } from '../../../src/model/errors.js';
import { parseExpression } from '../../../src/reader/where/parse-expression.js';
import { parseWhere } from '../../../src/reader/where/parse-where.js';
import { printExpression } from '../../../src/reader/where/print-expression.js';
import { expressions } from './expression-arbitrary.js';
import { factsOf } from './facts.js';

const NOW = Date.parse('2026-01-12T00:00:00Z');
const run = factsOf();
const matches = (filter: string, facts = run): boolean => parseWhere(filter, NOW).matches(facts);

/** What the filter is refused with. */
function errorOf(filter: string): ExpmanError {
  try {
    parseWhere(filter, NOW);
  } catch (error) {
    if (error instanceof ExpmanError) return error;
    throw error;
  }
  throw new Error(`${filter} was taken`);
}

describe('a filter', () => {
  it.each([
    "params.lr < 0.01 AND metrics.loss.min < 0.2 AND tags HAS 'baseline' AND status = FINISHED",
    'params.lr = 1e-3',
    'params.lr == .001',
    'params.lr >= +1e-3 and params.lr <= 1.0E-3',
    'params.optimizer.name = Adam',
    'PARAMS.optimizer.name <> "SGD"',
    'params.optimizer.weight.decay > 0',
    'params.optimizer."my key".x = 1',
    `params.'optimizer'."my key".'x' = 1`,
    'params.amp = TRUE',
    'params.amp != false',
    'params.layers HAS 64',
    'params.layers.1 = 32',
    'params.seed = 12345678901234567890',
    'params.seed > 12345678901234567889',
    "params.label = '3' AND params.label != 3",
    'metrics.loss < 0.5',
    'metrics.loss.last < 0.5 AND metrics.loss.max > 2 AND metrics.loss.mean = 0.6',
    'metrics.loss.count = 1000 AND metrics.loss.minStep = 900 AND metrics.loss.maxStep = 0',
    'metrics.loss.nan = 0 AND metrics.grad.nan = 2',
    'metrics.grad = NaN',
    'metrics.grad.min = 1 AND metrics.grad.max > 9007199254740992',
    'metrics.phase = warm',
    'metrics.phase LIKE W*',
    'status = finished',
    'status IN (running, Finished)',
    'status NOT IN (RUNNING)',
    'experiment = digits AND name LIKE "lr-*_seed?"',
    'run ~ SEED7',
    'run like %seed%',
    'tags HAS baseline AND NOT tags HAS broken',
    'tags LIKE base* AND tags ~ ASE AND tags IN (v1, v2)',
    'rows >= 1000 AND dropped = 0',
    'accepted = 1000 AND rewound = 0 AND lastStep = 999 AND lost = 0 AND invalid < 1',
    'rank IS NULL AND error IS NULL',
    'group IS NOT NULL and group exists',
    'EXISTS params.lr AND EXISTS(metrics.loss) AND NOT EXISTS params.none',
    'duration > 2h AND duration < 2h31m AND durationMs = 9000000 AND duration = 2.5h',
    'startedAt > -7d AND startedAt < now',
    'startedAt >= 2026-01-10T12:00 AND startedAt < "2026-01-10 13:00:00+00:30"',
    'startedAt ~ 2026-01-10 AND endedAt > 2026-01-10',
    'notes ~ warm-UP',
    'uuid LIKE 0123*',
    "run = 'x' OR run = lr-1e-3_seed7 AND rows = 1000",
    "NOT (run = 'x' OR rows < 10)",
    'NOT NOT rows = 1000',
    'params.nothing IS NULL',
  ])('is fulfilled: %s', (filter) => {
    expect(matches(filter)).toBe(true);
  });

  it.each([
    'params.lr > 0.001',
    'params.lr != 0.001',
    'params.lr = "0.001"',
    'params.optimizer.name = adam',
    'params.label = 3',
    'metrics.phase > 1',
    'NOT metrics.phase > 1',
    'metrics.grad < 1 OR metrics.grad >= 1',
    'metrics.grad != NaN',
    'metrics.phase.min = 1',
    'params.optimizer = Adam',
    'params.__proto__ EXISTS',
    'params.constructor.name EXISTS',
    'params.lr.toFixed EXISTS',
    'params.layers.length EXISTS',
    'status != FINISHED',
    'tags HAS Baseline',
    'run LIKE seed7',
    'endedAt < 2026-01-10',
    "(run = 'x' OR run = lr-1e-3_seed7) AND rows = 1",
  ])('is not fulfilled: %s', (filter) => {
    expect(matches(filter)).toBe(false);
  });

  it('says nothing of what is absent, neither with != nor with NOT', () => {
    for (const field of ['params.none', 'params.nothing', 'metrics.none', 'metrics.loss.none', 'rank']) {
      const all = ['= 1', '!= 1', '< 1', 'LIKE "*"', '~ ""', 'IN (1)'].map((rest) => `${field} ${rest}`);
      for (const filter of all) {
        expect(matches(filter), filter).toBe(false);
        expect(matches(`NOT ${filter}`), filter).toBe(false);
        expect(matches(`NOT (${filter} AND rows = 1000)`), filter).toBe(false);
        expect(matches(`${filter} OR rows = 1000`), filter).toBe(true);
        expect(matches(`NOT (${filter} AND rows = 1)`), filter).toBe(true);
      }
      expect(matches(`${field} IS NULL`)).toBe(true);
    }
    expect(matches('NOT tags HAS x', factsOf({ tags: [] }))).toBe(false);
  });

  it('means the longest metric that is there', () => {
    expect(matches('metrics.val/acc.top.min = 0.9')).toBe(true);
    expect(matches('metrics.val/acc.top.min.min = 0.9')).toBe(false);
    expect(matches('metrics.val/acc.top = 0.8')).toBe(true);
    expect(matches('metrics."val/acc.top".count = 3')).toBe(true);
    const shorter = factsOf({ metrics: new Map([['val/acc.top', { last: 0.8, count: 3, min: 0.2 }]]) });
    expect(matches('metrics.val/acc.top.min = 0.2', shorter)).toBe(true);
  });

  describe('of summary values and defined metrics', () => {
    const evaluated = factsOf({
      summary: { pass_rate: 0.88, 'by.kind': 'good', ok: true },
      definitions: { 'l*': { goal: 'min', summary: 'best' }, 'val/*': { summary: 'mean' } },
    });

    it.each([
      'summary.pass_rate > 0.8 AND SUMMARY.ok = true',
      'summary.by.kind = good AND summary."by.kind" LIKE g*',
      'summary.none IS NULL AND NOT EXISTS summary.toString',
      'metrics.loss = 0.1 AND metrics.loss.last = 0.3 AND metrics.loss.best = 0.1',
      'metrics.val/acc.top = 0.8',
      'metrics.grad.best IS NULL',
    ])('is fulfilled: %s', (filter) => {
      expect(matches(filter, evaluated)).toBe(true);
    });

    it('says what is missing', () => {
      expect(errorOf('summary = 1').message).toContain('the name of the summary value is missing');
      expect(errorOf('pass_rate > 1').message).toContain('summary.pass_rate');
    });
  });

  it('takes a word for text where only text can stand', () => {
    expect(matches('run = 20260101', factsOf({ run: '20260101' }))).toBe(true);
    expect(matches('tags HAS 3', factsOf({ tags: ['3'] }))).toBe(true);
    expect(matches('group IN (null)', factsOf({ group: 'null' }))).toBe(true);
  });

  it('matches a glob in time that grows with text and pattern only', () => {
    const facts = factsOf({ notes: 'a'.repeat(200_000) });
    expect(matches(`notes LIKE '${'*a'.repeat(1000)}b'`, factsOf({ notes: 'a'.repeat(5000) }))).toBe(false);
    expect(matches("notes LIKE 'a*a'", facts)).toBe(true);
  });

  it('reads back what it prints as the same expression', () => {
    fc.assert(
      fc.property(expressions, (expression) => {
        const text = printExpression(expression);
        fc.pre(text.length <= 4096);
        expect(parseExpression(text, NOW)).toEqual(expression);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a filter that cannot be understood', () => {
  it.each([
    ['', 1, 'the filter is empty'],
    ['stats = FINISHED', 1, 'did you mean status?'],
    ['Tag HAS a', 1, 'did you mean tags?'],
    ['loss < 1', 1, 'metrics.loss'],
    ['status = FINISHD', 10, 'did you mean FINISHED?'],
    ['status = x', 10, 'one of RUNNING, FINISHED'],
    ['rows > many', 8, 'expected a number, not "many"'],
    ['duration > 3 parsecs', 14, 'AND, OR or the end'],
    ['duration > 3x', 12, 'a duration such as'],
    ['startedAt > yesterday', 13, 'a date such as'],
    ['startedAt > 2026-13-01', 13, 'a date such as'],
    ['startedAt = 2026-01-01', 11, 'a date can only be compared with'],
    ['params.lr', 10, 'a comparison'],
    ['params.lr <', 12, 'expected a value'],
    ['params.lr < AND rows = 1', 17, 'AND, OR or the end'],
    ['params = 1', 1, 'params.<name>'],
    ['params. = 1', 1, 'params.<name>'],
    ['params.lr IN (1, NULL)', 18, 'NULL is only allowed after IS'],
    ['rows = NULL', 8, 'write IS NULL instead of ='],
    ['rows != NULL', 9, 'write IS NOT NULL instead of !='],
    ['params.lr IS 3', 14, 'NULL or NOT NULL'],
    ['params.lr NOT 3', 15, 'IN, LIKE or HAS'],
    ['params.a = params.b', 12, 'not with another field'],
    ['tags = a', 6, "tags HAS 'name'"],
    ['run HAS a', 5, 'HAS only works on tags'],
    ["run = 'a", 7, 'is not closed'],
    ['rows ! 3', 6, 'use NOT'],
    ['(rows = 3', 10, 'a closing parenthesis'],
    ['rows = 3)', 9, 'AND, OR or the end'],
    ['rows IN 3', 9, 'a list in parentheses'],
    ['rows IN (3', 11, 'a comma or a closing parenthesis'],
    ['rows IN ()', 10, 'expected a value'],
    ['rows = 3 rows = 4', 10, 'AND, OR or the end'],
    ['0.1 < params.lr', 1, 'unknown field "0.1"'],
  ])('says where and what is expected: %s', (filter, place, what) => {
    const { code, message } = errorOf(filter);
    expect(code).toBe('INVALID_FILTER');
    expect(message).toContain(what);
    expect(message).toContain(`at character ${place}\n`);
    const [, shown = '', caret = ''] = message.split('\n');
    expect(shown).toBe(`  ${filter}`);
    expect(caret).toBe(`${' '.repeat(place + 1)}^`);
  });

  it('shows the part around the place of a long one, and nothing a terminal obeys', () => {
    const long = `${'rows = 1 OR '.repeat(50)}stats = 1${' OR rows = 1'.repeat(50)}`;
    const [, shown = '', caret = ''] = errorOf(long).message.split('\n');
    expect(shown.length).toBeLessThan(80);
    expect(shown.slice(caret.length - 1)).toMatch(/^stats = 1/);
    expect(errorOf('\u001b[31m\u202e = 1').message).not.toMatch(/[\u001b\u202e]/);
  });

  it('is refused beyond 4,096 characters, 64 levels and 64 parts', () => {
    expect(errorOf(`rows = 1${' '.repeat(4096)}`).message).toContain('4096 characters');
    expect(errorOf(`${'('.repeat(2000)}rows = 1`).message).toContain('nested deeper than 64');
    expect(errorOf(`${'NOT '.repeat(1000)}rows = 1`).message).toContain('nested deeper than 64');
    expect(errorOf(`params${'.a'.repeat(65)} = 1`).message).toContain('at most 64 parts');
    expect(matches(`${'('.repeat(64)}rows = 1000${')'.repeat(64)}`)).toBe(true);
    expect(matches(Array.from({ length: 300 }, () => 'rows = 1').join(' OR '))).toBe(false);
  });

  it('throws that error and no other, whatever it is', () => {
    const words = fc.constantFrom(
      ...'params.a metrics.b status = != < ( ) , IN HAS LIKE ~ IS NOT NULL AND OR EXISTS tags'.split(' '),
      "'",
      '"',
      '-7d',
      '1e3',
      'startedAt',
      '.',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.array(fc.oneof(words, fc.string({ maxLength: 3 }))).map((parts) => parts.join(' ')),
      fc.array(words).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseWhere(text, NOW).matches(run);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpmanError);
          expect(error).toMatchObject({ code: 'INVALID_FILTER' });
        }
      }),
      { numRuns: 3000 },
    );
  });
});
