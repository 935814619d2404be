import { Subject } from 'rxjs';
import stringWidth from 'string-width';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LiveSnapshot, LiveStatus } from 'expman-rx';
import { type ProgressOptions, type ProgressRun, progress } from 'expman-rx/progress';
import { warningsOf } from '../../support/warnings-of.js';

/** A terminal that wraps what is on it again when it gets narrower, as tmux does. */
class WrappingTerminal {
  readonly isTTY = true;
  readonly rows = 24;
  private lines: string[] = [''];
  private cursor = 0;

  constructor(public columns: number) {}

  resize(columns: number): void {
    this.columns = columns;
    const before = this.lines.slice(0, this.cursor).flatMap((line) => this.wrapped(line));
    this.lines = [...before, ...this.lines.slice(this.cursor).flatMap((line) => this.wrapped(line))];
    this.cursor = before.length;
  }

  write(text: string): boolean {
    for (const [token] of stripColours(text).matchAll(/\u001b\[\d*[A-Z]|\n|[^\u001b\n]+/g)) {
      if (token === '\n') this.cursor++;
      else if (token.endsWith('A')) this.cursor = Math.max(0, this.cursor - 1);
      else if (token.endsWith('K')) this.lines[this.cursor] = '';
      else if (!token.startsWith('\u001b'))
        this.lines[this.cursor] = `${this.lines[this.cursor] ?? ''}${token}`;
      while (this.lines.length <= this.cursor) this.lines.push('');
    }
    return true;
  }

  /** The rows that can be seen, without empty ones. */
  get screen(): string[] {
    return this.lines.flatMap((line) => this.wrapped(line)).filter((row) => row.trim() !== '');
  }

  private wrapped(line: string): string[] {
    const rows: string[] = [];
    let last = '';
    for (const char of line) {
      if (stringWidth(`${last}${char}`) > this.columns) {
        rows.push(last);
        last = '';
      }
      last += char;
    }
    return [...rows, last];
  }
}

const stripColours = (text: string): string => text.replace(/\u001b\[\d+m/g, '');

function puppet(runName: string): { run: ProgressRun; live: Subject<LiveSnapshot> } {
  const live = new Subject<LiveSnapshot>();
  const run = { runName, live: () => live, status$: new Subject<LiveStatus>() };
  return { run: run as unknown as ProgressRun, live };
}
const snapshot = (step: number, values: LiveSnapshot['values']): LiveSnapshot => ({
  ...{ step, firstStep: 0, lastStep: step, rows: step + 1, rowsPerSecond: 0, elapsedMs: 1000 * step, values },
  metrics: new Map(),
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  for (const name of ['CI', 'NO_PROGRESS', 'NO_COLOR']) vi.stubEnv(name, '');
  vi.stubEnv('TERM', 'xterm');
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe('a progress line', () => {
  it.each([40, 57, 70, 100])('of wide characters fits a terminal of %i columns', (columns) => {
    const stream = new WrappingTerminal(columns);
    const { run, live } = puppet('訓練の実行—長い名前の—0001');
    const shown = progress(run, { total: 40, metrics: ['损失函数', '精度😀'], stream });
    for (let step = 0; step < 20; step++)
      live.next(snapshot(step, { 损失函数: 1 / (step + 1), '精度😀': step }));
    vi.advanceTimersByTime(100);
    expect(stream.screen).toHaveLength(1);
    expect(stringWidth(stream.screen[0] ?? '')).toBeLessThan(columns);
    expect(stream.screen[0]).toMatch(/0001.*RUNNING$/);
    shown.stop();
    expect(stream.screen).toHaveLength(1);
  });

  it('leaves nothing behind when the terminal gets narrower, and wider again', () => {
    const stream = new WrappingTerminal(100);
    const puppets = ['one', 'two', 'three'].map(puppet);
    const shown = progress(
      puppets.map(({ run }) => run),
      { total: 100, stream },
    );
    for (const [step, columns] of [100, 45, 30, 80, 20].entries()) {
      stream.resize(columns);
      for (const { live } of puppets) live.next(snapshot(step, { loss: 1, accuracy: step, rate: 0.001 }));
      vi.advanceTimersByTime(100);
      expect(stream.screen.map((row) => row.slice(0, 2))).toEqual(['on', 'tw', 'th']);
    }
    shown.stop();
    expect(stream.screen).toHaveLength(3);
  });
});

describe('a total', () => {
  const lineFor = (total: ProgressOptions['total']): string => {
    const stream = new WrappingTerminal(100);
    const { run, live } = puppet('r');
    const shown = progress(run, { total, stream });
    live.next(snapshot(4, { loss: 1 }));
    vi.advanceTimersByTime(100);
    const [line = ''] = stream.screen;
    shown.stop();
    return line;
  };

  it('that is 0, Infinity, NaN or null is unknown, which is told once', async () => {
    const known = lineFor(undefined);
    const warnings = await warningsOf(() => {
      for (const total of [0, Infinity, NaN, null]) expect(lineFor(total)).toBe(known);
      return Promise.resolve();
    });
    expect(warnings).toEqual([expect.stringMatching(/^progress has total 0, so it shows no bar/)]);
    expect(lineFor(10)).toContain('50% 5/10');
  });

  it.each([-1, '10', 10n])('that is %o is refused', (total) => {
    expect(() => lineFor(total as number)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option: 'total' }) as Error,
    );
  });
});
