import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { EXPORTERS, exportRun } from 'expman-rx/interop';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Terminal } from '../../dist/modules/cli/terminal.js';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('progress');
const { isTTY } = process.stderr;
const ROWS = 2500;
const CLEARED = '\r\u001b[K';

beforeEach(() => {
  process.stderr.isTTY = true;
});
afterEach(() => {
  process.stderr.isTTY = isTTY;
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Every look at the clock finds it two seconds on, so that all work takes long. */
function slowly(): void {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 2000));
}

async function run(base: string): Promise<string> {
  const engine = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'run', environment: false }));
  for (let step = 0; step < ROWS; step++) engine.logMetrics({ loss: 1 / step }, step);
  await engine.close();
  return engine.runDir;
}

/** What was said, line by line, and that nothing of it is left on the screen. */
function told({ stderr }: { readonly stderr: string }): string[] {
  expect(stderr.endsWith(CLEARED)).toBe(true);
  return stderr.split(CLEARED).slice(1, -1);
}

describe('work that takes long says how far it is:', () => {
  it('export, in rows', async () => {
    const runDir = await run(folder());
    const args = ['export', runDir, '--format', 'csv', '--output', join(folder(), 'run.csv')];
    slowly();
    expect(told(await expmanHere(...args))).toEqual(
      ['1,000', '2,000', '2,500'].map((rows) => `exporting row ${rows} of 2,500`),
    );
  });

  it('archive, in bytes packed and compared, and unarchive', async () => {
    const [base, path] = [folder(), join(folder(), 'run.tar.gz')];
    const runDir = await run(base);
    slowly();
    const lines = told(await expmanHere('archive', runDir, '--output', path));
    expect(lines[0]).toMatch(/^packed [\d.]+ k?B$/);
    expect(lines.at(-1)).toMatch(/^compared [\d.]+ kB$/);
    const all = lines.at(-1)?.split(' ').slice(1).join(' ') ?? '';
    const unpacked = told(await expmanHere('unarchive', path, '--dir', join(folder(), 'other')));
    expect(unpacked.at(-1)).toBe(`unpacked ${all}`);
  });

  it('query, in seconds', async () => {
    const base = folder();
    await run(base);
    slowly();
    const ticks: NodeJS.Timeout[] = [];
    const setReal = globalThis.setInterval;
    vi.spyOn(globalThis, 'setInterval').mockImplementation((tick, ms) => {
      const timer = setReal(() => undefined, ms);
      ticks.push(timer);
      tick();
      return timer;
    });
    const cleared = vi.spyOn(globalThis, 'clearInterval');
    const end = await expmanHere('query', base, 'SELECT count(*) FROM runs', '--json');
    expect(told(end).at(-1)).toBe('querying 1 run with DuckDB, 2 s');
    expect(ticks).toHaveLength(1);
    expect(cleared).toHaveBeenCalledWith(ticks[0]);
  });

  it('nothing where stderr is no terminal', async () => {
    process.stderr.isTTY = false;
    const [base, path] = [folder(), join(folder(), 'run.tar.gz')];
    const runDir = await run(base);
    slowly();
    for (const args of [
      ['export', runDir, '--format', 'csv', '--output', join(folder(), 'run.csv')],
      ['archive', runDir, '--output', path],
      ['unarchive', path, '--dir', join(folder(), 'other')],
    ])
      expect(await expmanHere(...args)).toMatchObject({ exit: 0, stderr: '' });
  });
});

describe('a terminal that waits', () => {
  it('says every second how long it does, until something is printed', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const written: string[] = [];
    for (const stream of [process.stdout, process.stderr])
      vi.spyOn(stream, 'write').mockImplementation((text) => {
        written.push(String(text));
        return true;
      });
    const terminal = new Terminal(process.stdout, process.stderr);
    terminal.waiting('asking');
    vi.advanceTimersByTime(3500);
    terminal.print('answer');
    vi.advanceTimersByTime(10_000);
    expect(written).toEqual([
      ...[1, 2, 3].map((seconds) => `${CLEARED}asking, ${seconds} s`),
      CLEARED,
      'answer\n',
    ]);
  });
});

describe('a terminal that waits and is interrupted', () => {
  it('takes its line back before the process ends', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const written: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    const kill = vi.spyOn(process, 'kill').mockImplementation(() => true);
    const before = process.listenerCount('SIGINT');
    new Terminal(process.stdout, process.stderr).waiting('asking');
    vi.advanceTimersByTime(1500);
    process.emit('SIGINT');
    expect(written).toEqual([`${CLEARED}asking, 1 s`, CLEARED]);
    expect(kill).toHaveBeenCalledWith(process.pid, 'SIGINT');
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});

describe('exporting a run', () => {
  it.each(EXPORTERS.map(({ format }) => format))('tells of its rows, to the last: %s', async (format) => {
    const runDir = await run(folder());
    const calls: (readonly [number, number])[] = [];
    await exportRun(runDir, format, join(folder(), 'out'), {
      onRows: (rows, total) => calls.push([rows, total]),
    });
    expect(calls.slice(0, 3)).toEqual([1000, 2000, ROWS].map((rows) => [rows, ROWS]));
    expect(calls.at(-1)).toEqual([ROWS, ROWS]);
  });
});
