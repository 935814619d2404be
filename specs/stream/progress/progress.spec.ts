import { stripVTControlCharacters } from 'node:util';
import { Subject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ExperimentConfig, LoggingEngine, type Health, type LiveSnapshot, type LiveStatus } from 'expman-rx';
import { type ProgressRun, type ProgressStream, progress } from 'expman-rx/progress';
import { runChild } from '../../support/child.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('progress');

/** A terminal that understands what the drawing needs: erase a line, go up, go to the first column. */
class FakeTerminal implements ProgressStream {
  written = '';
  constructor(
    readonly isTTY = true,
    readonly columns = 100,
    readonly rows = 24,
  ) {}

  write(text: string): boolean {
    this.written += text;
    return true;
  }

  /** The lines that stand on it. */
  get screen(): string[] {
    const lines = [''];
    let [row, column] = [0, 0];

    for (const [token] of this.written.matchAll(/\u001b\[(\d*)([A-Za-z])|\n|[^\u001b\n]/g)) {
      const [, count = '', code] = /^\u001b\[(\d*)([A-Za-z])$/.exec(token) ?? [];
      if (token === '\n') [row, column] = [row + 1, 0];
      else if (code === 'A') row = Math.max(0, row - Number(count || 1));
      else if (code === 'G') column = 0;
      else if (code === 'K') lines[row] = '';
      else if (code === undefined) {
        const line = (lines[row] ?? '').padEnd(column);
        lines[row] = line.slice(0, column) + token + line.slice(column + 1);
        column++;
      }
      while (lines.length <= row) lines.push('');
    }
    return lines.map((line) => line.trimEnd()).filter((line) => line !== '');
  }
}

/** A run whose taps are driven by hand. */
function puppet(runName: string): {
  run: ProgressRun;
  live: Subject<LiveSnapshot>;
  status: Subject<LiveStatus>;
} {
  const [live, status] = [new Subject<LiveSnapshot>(), new Subject<LiveStatus>()];
  return { run: { runName, live: () => live, status$: status } as unknown as ProgressRun, live, status };
}
const snapshot = (
  step: number,
  elapsedMs: number,
  values: LiveSnapshot['values'] = {},
  firstStep = 0,
): LiveSnapshot => ({
  step,
  firstStep,
  lastStep: step,
  rows: step - firstStep + 1,
  rowsPerSecond: 0,
  elapsedMs,
  values,
  metrics: new Map(),
});
const closed = (status: string): LiveStatus => ({ kind: 'closed', summary: { status } }) as LiveStatus;

beforeEach(() => {
  vi.useFakeTimers();
  for (const name of ['CI', 'NO_PROGRESS', 'NO_COLOR']) vi.stubEnv(name, '');
  vi.stubEnv('TERM', 'xterm');
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe('progress on a terminal', () => {
  it('is a line with bar, steps, rate, time left, metrics and status', () => {
    const stream = new FakeTerminal();
    const { run, live } = puppet('r1');
    const shown = progress(run, { total: 100, stream });
    live.next(snapshot(0, 0, { loss: 1 }));
    live.next(snapshot(49, 1000, { loss: 0.123456, note: 'x' }));
    vi.advanceTimersByTime(100);
    expect(stream.screen).toEqual([
      'r1  ██████████░░░░░░░░░░  50% 50/100  50/s  ETA 0:01  loss 0.1235  █▁  RUNNING',
    ]);
    shown.stop();
  });

  it('shows three metrics unless it is told which, and how many more there are', () => {
    const stream = new FakeTerminal();
    const { run, live } = puppet('r1');
    const shown = progress(run, { stream });
    live.next(snapshot(0, 0, { a: 1, b: 2, text: 'x', c: 3, d: 4, e: 5 }));
    vi.advanceTimersByTime(100);
    expect(stream.screen).toEqual([expect.stringContaining('a 1  b 2  c 3  +2 more')]);
    shown.stop();
  });

  it('counts the rate of a resumed run, and its time left, from where it was taken up', () => {
    const stream = new FakeTerminal();
    const { run, live } = puppet('r1');
    const shown = progress(run, { total: 10_000, stream });
    for (let second = 1; second <= 4; second++)
      live.next(snapshot(9000 + 10 * second - 1, 1000 * second, {}, 9000));
    vi.advanceTimersByTime(100);
    expect(stream.screen).toEqual([
      expect.stringMatching(/ 90% 9040\/10000 {2}10\/s {2}ETA 1:36 {2}RUNNING$/),
    ]);
    shown.stop();
  });

  it('does not take the first step of a run for progress, when rows without one came before', () => {
    const stream = new FakeTerminal();
    const { run, live } = puppet('r1');
    const shown = progress(run, { stream });
    live.next({ ...snapshot(0, 1000), step: null, firstStep: null, lastStep: null, rows: 2 });
    live.next({ ...snapshot(5001, 2000, {}, 5000), rows: 4 });
    vi.advanceTimersByTime(100);
    expect(stream.screen).toEqual([expect.stringMatching(/^r1 {2}5002 {2}1\.\d+\/s /)]);
    shown.stop();
  });

  it('says how many rows were dropped and values refused', () => {
    const stream = new FakeTerminal();
    const { run, live } = puppet('r1');
    const health = new Subject<Pick<Health, 'dropped' | 'invalid'>>();
    const shown = progress({ ...run, health$: health as unknown as Subject<Health> }, { stream });
    live.next(snapshot(0, 1000, { loss: 1 }));
    health.next({ dropped: 0, invalid: 3 });
    vi.advanceTimersByTime(100);
    expect(stream.screen).toEqual(['r1  1  1/s  0:01  3 invalid  loss 1  RUNNING']);
    health.next({ dropped: 2, invalid: 3 });
    vi.advanceTimersByTime(100);
    expect(stream.screen).toEqual(['r1  1  1/s  0:01  2 dropped  3 invalid  loss 1  RUNNING']);
    shown.stop();
  });

  it('shows many runs at once, leaves the last line of each behind, and ends with the last', () => {
    const stream = new FakeTerminal();
    const [one, two] = [puppet('one'), puppet('two')];
    progress([one.run, two.run], { stream });
    one.live.next(snapshot(9, 1000, { a: 1 }));
    two.live.next(snapshot(4, 1000, { a: 2 }));
    vi.advanceTimersByTime(100);
    expect(stream.screen.map((line) => line.split('  ')[0])).toEqual(['one', 'two']);
    two.status.next(closed('FINISHED'));
    expect(stream.screen).toEqual([
      expect.stringMatching(/^two {2}5 .*FINISHED$/),
      expect.stringMatching(/^one .*RUNNING$/),
    ]);
    one.status.next(closed('FAILED'));
    expect(stream.screen).toEqual([
      expect.stringMatching(/^two .*FINISHED$/),
      expect.stringMatching(/^one .*FAILED$/),
    ]);
    expect([one, two].map(({ live, status }) => live.observed || status.observed)).toEqual([false, false]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('stands below what else is written to the terminal, whole lines and parts of one', () => {
    const stream = new FakeTerminal();
    const { run } = puppet('r1');
    const shown = progress(run, { stream });
    vi.advanceTimersByTime(100);
    stream.write('first line\n');
    expect(stream.screen).toEqual(['first line', expect.stringMatching(/^r1 .*RUNNING$/)]);
    stream.write('a question? ');
    vi.advanceTimersByTime(100);
    expect(stream.screen).toEqual(['first line', 'a question?', expect.stringMatching(/^r1 .*RUNNING$/)]);
    shown.stop();
    stream.write('after\n');
    expect(stream.screen.at(-1)).toBe('after');
    expect(Object.hasOwn(stream, 'write')).toBe(false);
  });

  it('never fills more than the terminal, in width and in height', () => {
    const stream = new FakeTerminal(true, 40, 5);
    const runs = Array.from({ length: 10 }, (_, at) => puppet(`run-${at}`));
    const shown = progress(
      runs.map(({ run }) => run),
      { stream, total: 10, metrics: ['loss', 'accuracy'] },
    );
    for (const { live } of runs) live.next(snapshot(3, 1000, { loss: 1, accuracy: 2 }));
    vi.advanceTimersByTime(100);
    expect(stream.screen).toHaveLength(4);
    expect(stream.screen.at(-1)).toBe('... and 7 more');
    expect(Math.max(...stream.screen.map((line) => line.length))).toBeLessThan(40);
    shown.stop();
  });

  it.each([
    [
      120,
      '20261127_220642  ██████████░░░░░░░░░░  50% 3192/6384  3192/s  ETA 0:01  loss 0.1235  █▁  accuracy 0.9  RUNNING',
    ],
    [80, '…27_220642  50% 3192/6384  3192/s  ETA 0:01  loss 0.1235  accuracy 0.9  RUNNING'],
    [60, '20261127_220642  50% 3192/6384  3192/s  ETA 0:01  RUNNING'],
  ])('has the metrics before the looks, in %d columns', (columns, expected) => {
    const stream = new FakeTerminal(true, columns);
    const { run, live } = puppet('20261127_220642');
    const shown = progress(run, { total: 6384, metrics: ['loss', 'accuracy'], stream });
    live.next(snapshot(0, 0, { loss: 1, accuracy: 0 }));
    live.next(snapshot(3191, 1000, { loss: 0.123456, accuracy: 0.9 }));
    vi.advanceTimersByTime(100);
    expect(stream.screen).toEqual([expected]);
    shown.stop();
  });

  it('obeys nothing that a name or a value says', () => {
    const stream = new FakeTerminal();
    const { run, live } = puppet('r1');
    const shown = progress(run, { stream, metrics: ['\u001b[2Jx'] });
    live.next(snapshot(0, 1, { '\u001b[2Jx': '\u001b[31mred\n' }));
    vi.advanceTimersByTime(100);
    expect(stripVTControlCharacters(stream.written)).toContain('\\u001b[2Jx \\u001b[31mred\\u000a');
    shown.stop();
  });

  it('is drawn by a loop that never yields', async () => {
    vi.useRealTimers();
    const stream = new FakeTerminal();
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    progress(run, { stream, periodMs: 1 });
    for (let step = 0; stream.written === ''; step++) run.logMetrics({ a: step }, step);
    expect(stream.screen[0]).toMatch(/RUNNING$/);
    await run.close();
    expect(stream.screen).toEqual([expect.stringMatching(/FINISHED$/)]);
  });
});

describe('progress elsewhere', () => {
  it('is a plain line each interval and a last one', () => {
    const stream = new FakeTerminal(false);
    const { run, live, status } = puppet('r1');
    progress(run, { stream, total: 10, lineMs: 1000 });
    live.next(snapshot(0, 1));
    live.next(snapshot(4, 1000, { loss: 0.5 }));
    vi.advanceTimersByTime(2000);
    status.next(closed('FINISHED'));
    const lines = stream.written.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/^r1 {2}50% 5\/10 .*loss 0.5 .*RUNNING$/);
    expect(lines[3]).toMatch(/FINISHED$/);

    expect(stream.written).not.toMatch(/\u001b/);
  });

  it.each(['NO_PROGRESS', 'CI'])('is nothing where %s is set, but with force', (name) => {
    vi.stubEnv(name, '1');
    const stream = new FakeTerminal();
    const { run, live } = puppet('r1');
    progress(run, { stream });
    expect(live.observed).toBe(false);
    progress(run, { stream, force: true }).stop();
    expect(stream.written).not.toBe('');
  });

  it('neither keeps the process alive nor outlives it', async () => {
    const { ended, said } = await runChild(
      folder(),
      `const { progress } = await import('expman-rx/progress');
       const run = open(); progress(run, { stream: { isTTY: true, write: () => true }, force: true }); run.logMetrics({ a: 1 });
       process.on('exit', () => say('end'));`,
    );
    expect([ended, said]).toEqual([0, ['end']]);
  });

  it.each([
    ['total', { total: -1 }],
    ['total', { total: '10' as never }],
    ['periodMs', { periodMs: 0 }],
    ['lineMs', { lineMs: Infinity }],
    ['metrics', { metrics: 'loss' as unknown as string[] }],
    ['totla', { totla: 100 }],
    ['force', { force: 'yes' as unknown as boolean }],
    ['stream', { stream: {} as ProgressStream }],
    ['options', null as unknown as object],
  ])('refuses a wrong %s by name', (option, options) => {
    expect(() => progress(puppet('r1').run, options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option }) as Error,
    );
  });

  it.each([null, undefined, {}, 'run'])(
    'refuses %o for a run, and listens to none of the others',
    (wrong) => {
      const { run, live } = puppet('r1');
      const refused = expect.objectContaining({ code: 'INVALID_OPTION', option: 'run' }) as Error;
      const listeners = process.listenerCount('exit');
      const stream = new FakeTerminal();
      expect(() => progress([run, wrong as ProgressRun], { stream })).toThrow(refused);
      expect(live.observed).toBe(false);
      const shown = progress([], { stream });
      expect(() => shown.add(wrong as ProgressRun)).toThrow(refused);
      expect(() => shown.add(run, { totla: 1 } as never)).toThrow(/did you mean "total"/);
      expect(process.listenerCount('exit')).toBe(listeners);
    },
  );
});
