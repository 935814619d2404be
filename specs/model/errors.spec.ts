import { describe, expect, it } from 'vitest';
import { describeType, stringOf } from '../../src/model/errors.js';

describe('what an error says of a value', () => {
  it('is its text, or that it has none', () => {
    const textless: unknown = Object.create(null);
    expect([1, null, Symbol('s'), textless].map(stringOf)).toEqual([
      '1',
      'null',
      'Symbol(s)',
      'a value that has no text',
    ]);
  });

  it('is its type, also of a proxy that was revoked', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect([null, [], NaN, 1, proxy].map(describeType)).toEqual(['null', 'array', 'NaN', 'number', 'object']);
  });
});
