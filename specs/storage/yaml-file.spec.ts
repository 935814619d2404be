import { describe, expect, it } from 'vitest';
import { parseYaml, stringifyYaml } from '../../dist/modules/storage/yaml-file.js';

/** Text as it comes from a file; repeat() leaves a rope, which the lexer is slow with. */
const read = (text: string): string => Buffer.from(text).toString();
const lines = (line: string, bytes: number): string => read(`${line}\n`.repeat(bytes / (line.length + 1)));
const MEGABYTE = 1_000_000;
const LEXEMES = 200_000;

// Most took from half a minute to some minutes, which the timeout of a spec does not let pass.
describe('YAML of quotation marks', () => {
  it.each([
    ['double', '"'.repeat(MEGABYTE)],
    ['double, read from a file', read('"'.repeat(MEGABYTE))],
    ['lines of one', lines('"', MEGABYTE)],
    ['lines of 80', lines('"'.repeat(80), MEGABYTE)],
    ['lines of 80 single ones', lines("'".repeat(80), MEGABYTE)],
    ['with spaces', read('"" '.repeat(MEGABYTE / 3))],
    ['with comments', lines('"" # ""', MEGABYTE)],
    ['in brackets', read(`[${'""'.repeat(MEGABYTE / 2 - 1)}]`)],
    ['below a key', read(`a: ${'"a"'.repeat(MEGABYTE / 3 - 1)}`)],
  ])('%s: is refused', (_title, text) => {
    expect(() => parseYaml(text)).toThrow(expect.objectContaining({ code: 'UNSAFE_YAML' }));
  });

  it.each([
    ['a million single ones, which are half as many in a text', "'".repeat(MEGABYTE), "'".repeat(499_999)],
    ['900 kB of text in quotes', `notes: "${'a b '.repeat(225_000)}"`, { notes: 'a b '.repeat(225_000) }],
    [
      'a value and the next key',
      '"a": "b"\n"c": \'d\'\n\n# e\n"f": ["g", \'h\']\n',
      { a: 'b', c: 'd', f: ['g', 'h'] },
    ],
  ])('%s: is read', (_title, text, value) => {
    expect(parseYaml(text)).toStrictEqual(value);
  });

  it.each([
    [
      'notes full of them',
      { notes: '"'.repeat(100_000), more: `'"`.repeat(50_000), lines: '"\n'.repeat(10_000) },
    ],
    [
      '10,000 quoted values and keys',
      Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`${at}: "`, `"${at}'`])),
    ],
    ['20,000 quoted values in a list', Array.from({ length: 20_000 }, (_, at) => `${at}`)],
    ['20,000 empty texts', Array.from({ length: 20_000 }, () => '')],
  ])('%s: comes back as it was written', (_title, value) => {
    expect(parseYaml(stringifyYaml(value))).toStrictEqual(value);
  });
});

describe('YAML of nothing but mistakes', () => {
  const cpuOf = (work: () => void): number => {
    const begun = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(begun);
    return user + system;
  };
  /** What a list of as many lexemes takes that is read to its end. */
  const cpuOfGood = (): number =>
    cpuOf(() => {
      parseYaml(read(`[${'"",'.repeat(LEXEMES / 2)}]`));
    });

  // It was ten times as much: the parser makes an Error with a stack of each mistake.
  it.each([
    ['commas', `[${','.repeat(LEXEMES)}]`],
    ['texts that nothing separates', `[${'"" x, '.repeat(LEXEMES / 6)}]`],
    ['texts without an end', `"a\n${'- b: "\n'.repeat(LEXEMES / 8)}`],
  ])('%s: is CORRUPT, and takes no longer than what has none', (_title, text) => {
    const good = cpuOfGood();
    const bad = cpuOf(() => {
      expect(() => parseYaml(read(text))).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    });
    expect(bad).toBeLessThan(good);
  });

  it('in a second document: is not looked at', () => {
    const good = cpuOfGood();
    const bad = cpuOf(() => {
      expect(parseYaml(read(`a: 1\n---\n[${','.repeat(LEXEMES)}]`))).toEqual({ a: 1 });
    });
    expect(bad).toBeLessThan(good);
  });

  it('directives nobody knows: is refused', () => {
    expect(() => parseYaml(lines('%a', MEGABYTE))).toThrow(expect.objectContaining({ code: 'UNSAFE_YAML' }));
  });
});
