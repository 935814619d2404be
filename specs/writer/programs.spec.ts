import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { EXPORTERS, type ExportFormat, IMPORTERS, exportRun } from '../../src/interop/index.js';
import { followRows } from '../../src/reader/follow-rows.js';
import { openContents } from '../../src/reader/inspect-run.js';
import { queryRuns } from '../../src/reader/query/query-runs.js';
import { columnarRows, metricNames, rowsOf } from '../../src/reader/select-rows.js';
import { recoverRun } from '../../src/writer/recovery/recover-run.js';
import { SEED } from '../conventions/seed.js';
import { MemoryFs } from '../faults/memory-fs.js';
import { Played } from '../faults/played.js';
import { withBase } from '../faults/session.js';
import { type SessionProgram, callsOf, programs } from '../support/programs.js';
import { type Cell, RowModel, cellsOf } from '../support/row-model.js';
import { tempFolders } from '../support/temp-folder.js';

const FOLDER = '/base/faults/run';
const RUNS = Number(process.env['PROGRAMS'] ?? 25);

/** How rows are flushed; of a program under each of them the same comes out. */
const SETTINGS = [
  { flushIntervalMs: 1, flushIntervalRows: 1, sealRows: 1_200 },
  { flushIntervalMs: 1, flushIntervalRows: 7, sealRows: 1 },
  { flushIntervalMs: 1, flushIntervalRows: 64, sealRows: 131_072 },
  { flushIntervalMs: 20, flushIntervalRows: 3, sealRows: 300 },
  { flushIntervalMs: 5, flushIntervalRows: 1_000, sealRows: 2_000 },
  { flushIntervalMs: 3_600_000, flushIntervalRows: 1_000_000, sealRows: 131_072 },
];

interface Reading {
  readonly rows: readonly Cell[][];
  readonly counts: Readonly<Record<string, unknown>>;
}

/** All rows that readers find, and what is said of them. */
function read(fs: MemoryFs): Reading {
  const { info, rows } = openContents(fs, FOLDER);
  try {
    const metricOf = metricNames(rows);
    const all = [...rows.batches({ isWithSession: true })].flatMap((batch) => [
      ...rowsOf(columnarRows(batch, metricOf, true)),
    ]);
    const { rows: count, accepted, rewound, lastStep } = info;
    return {
      rows: all.map(({ session = NaN, step, values }) => cellsOf(session, step, Object.entries(values))),
      counts: { rows: count, accepted, rewound, lastStep: lastStep === null ? null : BigInt(lastStep) },
    };
  } finally {
    rows.close();
  }
}

const wanted = (model: RowModel): Reading => ({
  rows: model.cells(),
  counts: {
    rows: model.rows.length,
    accepted: model.accepted,
    rewound: model.rewound,
    lastStep: model.lastStep,
  },
});

/** Every value without its session, in one order. */
const valuesOf = (rows: readonly (readonly Cell[])[]): string[] =>
  rows
    .flat()
    .map(([, step, metric, value]) => JSON.stringify([step, metric, value]))
    .sort();

/** Plays a program, holding what readers find to the model all the while; returns both at the end. */
async function play(
  sessions: readonly SessionProgram[],
  at: number,
): Promise<{ readonly fs: MemoryFs; readonly model: RowModel }> {
  const { sealRows, ...options } = SETTINGS[at % SETTINGS.length] ?? SETTINGS[0]!;
  let fs = withBase(new MemoryFs());
  let model = new RowModel();
  for (const [index, { ops, end, fromStep }] of sessions.entries()) {
    const rewinds = index > 0 && fromStep !== undefined ? { fromStep } : {};
    const played = new Played(fs, { ...options, ...rewinds }, undefined, undefined, sealRows);
    let kept = model.copy();
    model.begin(played.epoch, rewinds.fromStep);
    const flush = (): void => {
      played.flush();
      kept = model.copy();
    };
    const follows: Promise<string[]>[] = [];
    for (const op of ops) {
      for (const { step, timestamp, values } of callsOf(op)) {
        played.intake.row(values, step as number, timestamp);
        model.log({ step, timestamp, values });
      }
      if (op.kind === 'flush') flush();
      else if (op.kind === 'rest') {
        flush();
        await played.rest(8);
      } else if (op.kind === 'follow') {
        // A follower that begins before the rewind is in the log rightly gives what it will take out.
        if ('fromStep' in rewinds) flush();
        const rows$ = followRows(fs, FOLDER, { pollMs: 1 }).pipe(toArray());
        follows.push(
          lastValueFrom(rows$).then((rows) =>
            valuesOf(rows.map(({ step, values }) => cellsOf(0, step, Object.entries(values)))),
          ),
        );
        await played.rest(1);
      }
    }
    if (end === 'close') {
      const { error, summary } = await played.close();
      expect(error).toBeNull();
      expect(summary).toMatchObject({
        rows: model.rows.length,
        accepted: model.accepted,
        rewound: model.rewound,
      });
    } else {
      if (end === 'flush and die') flush();
      model = kept;
      expect(read(fs)).toEqual(wanted(model));
      fs = played.die();
      expect(read(fs)).toEqual(wanted(model));
      if (end === 'die and recover') await recoverRun(fs, FOLDER);
    }
    expect(read(fs)).toEqual(wanted(model));
    for (const values of await Promise.all(follows)) expect(values).toEqual(valuesOf(model.cells()));
  }
  return { fs, model };
}

const folder = tempFolders('programs');

/** Puts the files of a run onto a real disk, where the database and the exports read them. */
function onDisk(fs: MemoryFs): string {
  const runDir = join(folder(), 'faults', 'run');
  mkdirSync(runDir, { recursive: true });
  for (const name of fs.list(FOLDER)) {
    const path = join(FOLDER, name);
    if (fs.stat(path)?.kind === 'file') writeFileSync(join(runDir, name), fs.bytesOf(path));
  }
  return runDir;
}

/** What the view `metrics` must hold of a model: numbers and booleans as the nearest double, texts as texts. */
const answersOf = (model: RowModel): string[] =>
  model.rows
    .flatMap(({ step, values }) =>
      [...values].map(([metric, value]) =>
        JSON.stringify([
          String(step),
          metric,
          ...(typeof value === 'string' ? [null, value] : [String(Number(value)), null]),
        ]),
      ),
    )
    .sort();

async function askedOf(runDir: string): Promise<string[]> {
  const { rows, skipped, truncated } = await queryRuns(
    join(runDir, '..', '..'),
    'SELECT step, metric, value, text FROM metrics',
  );
  expect([skipped, truncated]).toEqual([[], false]);
  return rows
    .map(([step, metric, value, text]) =>
      JSON.stringify([String(step), metric, value === null ? null : String(Number(value)), text]),
    )
    .sort();
}

/** Formats that give back every value as it was logged, and the session of its row; the others say what they lose. */
const EXACT: readonly ExportFormat[] = ['json', 'ndjson', 'csv', 'parquet'];

async function exportedAs(format: ExportFormat, runDir: string): Promise<Cell[][]> {
  const path = join(folder(), `run.${format}`);
  await exportRun(runDir, format, path);
  const importer = IMPORTERS.find((known) => known.format === format);
  for await (const run of importer?.runs(path) ?? []) {
    if (run instanceof Error) throw run;
    const rows: Cell[][] = [];
    const { sessions = [{ session: NaN, firstRow: 0 }] } = run;
    for await (const { step = null, values } of run.rows()) {
      const session = sessions.findLast(({ firstRow }) => firstRow <= rows.length)?.session ?? NaN;
      rows.push(cellsOf(session, step, Object.entries(values)));
    }
    return rows;
  }
  throw new Error(`nothing was exported as ${format}`);
}

/** An export of one session does not number it. */
function exportOf(model: RowModel): Cell[][] {
  const isOne = new Set(model.rows.map(({ session }) => session)).size <= 1;
  return model.cells().map((cells) => cells.map(([session, ...rest]) => [isOne ? NaN : session, ...rest]));
}

/** Programs of one test: few enough that one ends every few minutes on a slow machine, which the runner's watchdog asks for. */
const AT_ONCE = 25;
const PORTIONS = Array.from({ length: Math.ceil(RUNS / AT_ONCE) }, (_, index) => ({
  portion: index + 1,
  seed: SEED + index,
  runs: Math.min(AT_ONCE, RUNS - index * AT_ONCE),
}));

describe('a run', () => {
  it.each(PORTIONS)(
    'holds what was logged by one rule, whatever the flush settings ($runs programs, portion $portion)',
    async ({ seed, runs }) => {
      await fc.assert(
        fc.asyncProperty(programs, async (sessions) => {
          for (const at of SETTINGS.keys()) await play(sessions, at);
        }),
        { seed, numRuns: runs },
      );
    },
    600_000,
  );

  it.each(PORTIONS)(
    'is told alike by queries and exports ($runs programs, portion $portion)',
    async ({ seed, runs }) => {
      let played = 0;
      await fc.assert(
        fc.asyncProperty(programs, async (sessions) => {
          const { fs, model } = await play(sessions, played++);
          const runDir = onDisk(fs);
          expect(await askedOf(runDir)).toEqual(answersOf(model));
          for (const format of EXACT) expect(await exportedAs(format, runDir)).toEqual(exportOf(model));
        }),
        // Other programs than those of the first test.
        { seed: ~seed, numRuns: Math.ceil(runs / 5) },
      );
    },
    600_000,
  );

  it('keeps every value in the exports of which nothing says otherwise', () => {
    const lossy = EXPORTERS.filter(({ loses }) => /number|integer|text in some/.test(loses));
    expect(
      EXPORTERS.filter((exporter) => !lossy.includes(exporter))
        .map(({ format }) => format)
        .sort(),
    ).toEqual([...EXACT].sort());
  });
});
