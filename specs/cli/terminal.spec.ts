import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../dist/modules/cli/catalogue.js';
import { GAP, fitColumns } from '../../dist/modules/cli/fit-columns.js';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('terminal');
const COLUMNS = 80;
const { isTTY, columns } = process.stdout;

beforeEach(() => {
  Object.assign(process.stdout, { isTTY: true, columns: COLUMNS });
});
afterEach(() => {
  Object.assign(process.stdout, { isTTY, columns });
});

const plain = (text: string): string => text.replace(/\u001b\[\d+m/g, '');
const tooWide = (text: string): string[] =>
  plain(text)
    .split('\n')
    .filter((line) => stringWidth(line) > COLUMNS);

async function someRuns(base: string): Promise<void> {
  const run = new LoggingEngine(
    new ExperimentConfig('exp', base, {
      runName: 'a-rather-long-name-of-a-run-with-lr-0.001-and-seed-42',
      environment: false,
      tags: ['baseline', 'a-tag-that-is-long'],
    }),
  );
  run.logParams({ lr: 0.1, text: 'x'.repeat(100) });
  run.logMetrics(Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`metric_${at}`, at / 7])), 1);
  await run.close();
  for (const name of ['b', '日本語'.repeat(8), 'c', 'd', 'e', 'f'])
    cpSync(run.runDir, join(base, 'exp', name), { recursive: true });
}

describe('in a terminal of 80 columns', () => {
  it('help fits, of all commands and of each', async () => {
    for (const args of [['--help'], ...COMMANDS.map(({ name }) => [name, '--help'])])
      expect(tooWide((await expmanHere(...args)).stdout)).toEqual([]);
  });

  it('tables fit: columns are cut, and stand below each other where that is not enough', async () => {
    const base = folder();
    await someRuns(base);
    for (const args of [
      ['list', base],
      ['list', base, '--columns', 'params.text,tags,metrics.metric_0.min,notes'],
      ['compare', base, '--all'],
      ['inspect', join(base, 'exp/b')],
      ['query', base, 'SELECT * FROM runs'],
      ['query', base, 'SELECT * FROM wide'],
      ['clean', base, '--keep', '1'],
    ]) {
      const { exit, stdout } = await expmanHere(...args);
      expect(exit).toBe(0);
      expect(tooWide(stdout)).toEqual([]);
    }
    expect(plain((await expmanHere('compare', base)).stdout)).toMatch(/\n\n {10,}d/);
  });

  it('colours are shown, and not where NO_COLOR asks for none', async () => {
    const base = folder();
    await someRuns(base);
    const colour = (text: string): boolean => text.includes('\u001b[');
    const both = [
      ['list', base],
      ['plot', join(base, 'exp/b'), join(base, 'exp/c')],
    ];
    for (const args of both) expect(colour((await expmanHere(...args)).stdout)).toBe(true);
    process.env['NO_COLOR'] = '1';
    try {
      for (const args of both) expect(colour((await expmanHere(...args)).stdout)).toBe(false);
    } finally {
      delete process.env['NO_COLOR'];
    }
  });
});

describe('what is asked wrongly', () => {
  it.each([
    [['lst'], 1, /did you mean list\?\n\nrun `expman --help`/],
    [
      ['query', '.'],
      1,
      /SQL is missing\n\nusage: expman query DIR SQL \[OPTIONS\]\n\nrun `expman query --help` for details\n$/,
    ],
    [['tail'], 1, /a path is missing: RUN\n/],
    [['list', '.', '--columns', 'nothing'], 2, /unknown field "nothing"[^]*\^/],
    [['inspect', '.'], 2, /is not a run: it has no run\.yaml\n`expman list DIR`/],
  ])('is told with what is allowed: %j', async (args, exit, message) => {
    const end = await expmanHere(...args);
    expect(end).toMatchObject({ exit, stdout: '' });
    expect(end.stderr).toMatch(message);
  });

  it('is told with the levels of a log, and with the metrics of a run', async () => {
    const base = folder();
    await someRuns(base);
    const run = join(base, 'exp/b');
    expect((await expmanHere('tail', run, '--level', 'loud')).stderr).toMatch(
      /silly, debug, .*error; got "loud"/,
    );
    expect((await expmanHere('plot', run, '-m', 'x')).stderr).toMatch(
      /it has numbers of metric_0, .*, … and 192 more\n/,
    );
  });

  it('is not held against who names all of an experiment: the files beside runs, and a run without the metric', async () => {
    const base = folder();
    await someRuns(base);
    const other = new LoggingEngine(
      new ExperimentConfig('exp', base, { runName: 'other', environment: false }),
    );
    other.logMetrics({ text: 'x' }, 1);
    await other.close();
    const all = readdirSync(join(base, 'exp')).map((name) => join(base, 'exp', name));
    expect(all).toContain(join(base, 'exp/experiment.yaml'));
    for (const command of ['plot', 'compare', 'inspect', 'verify', 'reap'])
      expect(await expmanHere(command, ...all)).toMatchObject({ exit: 0 });
    const { stderr } = await expmanHere('plot', join(base, 'exp'), '-m', 'metric_1');
    expect(stderr).toBe('expman: left out: other has no numbers of metric_1; none of its metrics has any\n');
  });

  it('is explained in a folder without runs', async () => {
    const base = folder();
    mkdirSync(join(base, 'notes/today'), { recursive: true });
    expect((await expmanHere('list', base)).stdout).toMatch(/no runs in .*\n.*DIR\/EXPERIMENT\/RUN/);
  });
});

describe('columns that are to fit', () => {
  const widths = fc.array(fc.nat(60), { minLength: 1, maxLength: 30 });

  it('are all there, no wider than the room, and as they are where there is room', () => {
    fc.assert(
      fc.property(widths, fc.integer({ min: 40, max: 200 }), (natural, room) => {
        const fitted = fitColumns(natural, room);
        const total = (block: readonly number[]): number =>
          block.reduce((sum, column) => sum + (fitted.widths[column] ?? 0) + GAP, -GAP);
        for (const block of fitted.blocks) {
          expect(block[0]).toBe(0);
          expect(total(block)).toBeLessThanOrEqual(room);
        }
        expect(new Set(fitted.blocks.flat()).size).toBe(natural.length);
        expect(
          fitted.widths.every((width, at) => width <= (natural[at] ?? 0) || at === natural.length - 1),
        ).toBe(true);
        if (natural.reduce((sum, width) => sum + width + GAP, -GAP) <= room) {
          expect(fitted.widths).toEqual(natural);
          expect(fitted.blocks).toHaveLength(1);
        }
      }),
    );
  });

  it('have no bounds where there is no terminal', () => {
    expect(fitColumns([500, 3, 9000], Infinity)).toEqual({ widths: [500, 3, 9000], blocks: [[0, 1, 2]] });
  });
});
