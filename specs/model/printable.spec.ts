import { describe, expect, it } from 'vitest';
import { cut, quoted } from '../../src/model/printable.js';

describe('a text in a message', () => {
  it('ends in an ellipsis where it is longer than there is room for', () => {
    expect([cut('abcdef', 6), cut('abcdefg', 6)]).toEqual(['abcdef', 'abcde…']);
    expect([quoted('a"b'), quoted('x'.repeat(101))]).toEqual(['"a\\"b"', `"${'x'.repeat(99)}…"`]);
  });
});
