import { afterEach, describe, expect, it, vi } from 'vitest';
import { ClosingLine, closingLine } from './closing-line.js';

describe('the closing line', () => {
  it('tells what passed and failed', () => {
    expect(closingLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed');
  });

  it('tells of skipped tests only when there are some', () => {
    expect(closingLine({ passed: 12, failed: 2, skipped: 1 })).toBe('12 passed, 2 failed, 1 skipped');
  });
});

describe('a run that stands still', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
  const test = { fullName: 'waits', module: { moduleId: 'a.spec.ts' } };

  it('is ended as failed when nothing has come to an end for the time it has', () => {
    vi.useFakeTimers();
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
    const line = new ClosingLine(1000);
    line.onTestCaseReady(test);
    vi.advanceTimersByTime(999);
    expect(exit).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });

  it('goes on while tests end, and is over at its end', () => {
    vi.useFakeTimers();
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
    const line = new ClosingLine(1000);
    line.onTestCaseReady(test);
    vi.advanceTimersByTime(999);
    line.onTestCaseReady(test);
    vi.advanceTimersByTime(999);
    line.onTestRunEnd([], []);
    vi.advanceTimersByTime(5000);
    expect(exit).not.toHaveBeenCalled();
  });
});
