import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { mergeRuns } from 'expman-rx/interop';
import { type StoredRow, openRun } from 'expman-rx/reader';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('merge-rows');

type Value = number | bigint | string | boolean;
interface Row {
  readonly step: number | null;
  readonly values: Readonly<Record<string, Value>>;
}

const value = fc.oneof(
  fc.double({ noDefaultInfinity: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom<Value>('a text', '7', true, NaN),
);
const rows = fc.array(
  fc.record<Row>({
    step: fc.option(fc.integer({ min: 0, max: 12 }), { nil: null, freq: 8 }),
    values: fc.dictionary(fc.constantFrom('loss', 'acc', 'é'), value, { minKeys: 1 }),
  }),
  { maxLength: 12 },
);
const runs = fc.array(rows, { minLength: 2, maxLength: 4 });
/** Cases of each property: every run has a folder, a lock and a file. */
const few = { numRuns: 12 };

async function logged(base: string, all: readonly (readonly Row[])[]): Promise<string[]> {
  const folders: string[] = [];
  for (const [rank, each] of all.entries()) {
    const config = new ExperimentConfig('exp', base, { runName: `run${rank}`, environment: false });
    const run = new LoggingEngine(config);
    for (const { step, values } of each) run.logMetrics(values, step);
    await run.close();
    folders.push(run.runDir);
  }
  return folders;
}

async function readBack(runDir: string): Promise<StoredRow[]> {
  const all: StoredRow[] = [];
  for await (const row of openRun(runDir).rows()) all.push(row);
  return all;
}

/** A row as one text, which knows -0, NaN and bigints; an integer is the same however it was logged. */
const textOf = ({ step, timestamp, values }: Omit<StoredRow, 'session'>): string =>
  `${step} ${timestamp} ${Object.entries(values)
    .map(
      ([metric, each]) =>
        `${metric}=${typeof each === 'bigint' ? Number(each) : Object.is(each, -0) ? '-0' : String(each)}`,
    )
    .sort()
    .join(' ')}`;

/** The rule for pieces, once more: no piece is read twice, and all are in memory. */
function piecesModel(
  pieces: readonly (readonly StoredRow[])[],
  isKept: boolean,
): Omit<StoredRow, 'session'>[] {
  const placed = pieces.flatMap((piece, index) => {
    let key = -Infinity;
    return piece.map((row) => {
      key = Math.max(key, Number(row.step ?? key));
      const values = Object.entries(row.values).filter(([metric]) => {
        if (isKept || row.step === null) return true;
        return !pieces.slice(index + 1).some((later) => {
          const steps = later.flatMap(({ step, values: other }) =>
            step !== null && metric in other ? [Number(step)] : [],
          );
          return (
            steps.some((step) => step <= Number(row.step)) && steps.some((step) => step >= Number(row.step))
          );
        });
      });
      return { key, index, row: { ...row, values: Object.fromEntries(values) }, isLeft: values.length > 0 };
    });
  });
  return placed
    .filter(({ isLeft }) => isLeft)
    .sort((a, b) => (a.key === b.key ? a.index - b.index : a.key - b.key))
    .map(({ row }) => row);
}

describe('the rows of merged runs', () => {
  it('are those of the pieces by step, without the values that later pieces replace', async () => {
    await fc.assert(
      fc.asyncProperty(runs, fc.boolean(), async (all, isKept) => {
        const folders = await logged(folder(), all);
        const pieces = await Promise.all(folders.map(readBack));
        const overlap = isKept ? 'keep' : 'replace';
        const merged = await mergeRuns(folders, 'whole', { as: 'pieces', order: 'given', overlap });
        const found = await readBack(merged.runDir);
        expect(found.map(textOf)).toEqual(piecesModel(pieces, isKept).map(textOf));
        expect(merged.rows).toBe(found.length);
        expect(merged.runs.reduce((sum, { rows: taken }) => sum + taken, 0)).toBe(found.length);
      }),
      few,
    );
  });

  it('are those of the ranks, each in its order, and one for a step as far as they have one', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (all) => {
        const folders = await logged(folder(), all);
        const ranks = await Promise.all(folders.map(readBack));
        const merged = await mergeRuns(folders, 'whole', { as: 'ranks' });
        const found = await readBack(merged.runDir);
        for (const [rank, own] of ranks.entries()) {
          const label = `rank${rank}/`;
          const part = found.flatMap(({ step, values }) => {
            const mine = Object.entries(values).filter(([metric]) => metric.startsWith(label));
            if (mine.length === 0) return [];
            return [
              {
                step,
                timestamp: 0,
                values: Object.fromEntries(mine.map(([metric, each]) => [metric.slice(label.length), each])),
              },
            ];
          });
          expect(part.map(textOf)).toEqual(own.map((row) => textOf({ ...row, timestamp: 0 })));
        }
        const isRising = ranks.every((own) =>
          own.every(({ step }, at) => step !== null && (at === 0 || step >= (own[at - 1]?.step ?? 0))),
        );
        if (!isRising) return;
        for (const step of new Set(found.map((row) => row.step))) {
          const most = Math.max(...ranks.map((own) => own.filter((row) => row.step === step).length));
          expect(found.filter((row) => row.step === step)).toHaveLength(most);
        }
        expect(found.every(({ step }, at) => at === 0 || Number(step) >= Number(found[at - 1]?.step))).toBe(
          true,
        );
      }),
      few,
    );
  });
});
