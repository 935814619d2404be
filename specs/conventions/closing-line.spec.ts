import { describe, expect, it } from 'vitest';
import { closingLine } from './closing-line.js';

describe('the closing line', () => {
  it('tells what passed and failed', () => {
    expect(closingLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed');
  });

  it('tells of skipped tests only when there are some', () => {
    expect(closingLine({ passed: 12, failed: 2, skipped: 1 })).toBe('12 passed, 2 failed, 1 skipped');
  });
});
