import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { readRun } from '../../src/dashboard/data/read-run.js';
import { FrameType, SEGMENT_START_BYTES } from '../../src/storage/wal/frame.js';
import { readSegment } from '../../src/storage/wal/segment-reader.js';
import { cutOffRun, type CutOff } from '../faults/cut-off-run.js';
import { rowOf } from '../faults/rows.mjs';
import { expmanHere } from '../support/cli-here.js';
import { yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('losses');
const SEGMENT = 'wal-1-0.log';
/** Rows of a frame of the run that is damaged here. */
const FRAME_ROWS = 12;

let cutOff: CutOff | undefined;
let base = '';
let runDir = '';

/** A run of 600 rows that was closed after 360, resumed, and killed; the rest is in its write-ahead log alone. */
beforeEach(async () => {
  cutOff ??= await cutOffRun();
  base = folder();
  runDir = join(base, 'faults/run');
  mkdirSync(runDir, { recursive: true });
  for (const [name, bytes] of cutOff.files) writeFileSync(join(runDir, name), bytes);
});

/** Where each frame of the log begins, with its type. */
function framesOf(bytes: Buffer): { readonly at: number; readonly type: FrameType }[] {
  let at = SEGMENT_START_BYTES;
  return readSegment(bytes).frames.map(({ type, payload }) => {
    const placed = { at, type };
    at += 32 + payload.length;
    return placed;
  });
}

function flip(at: number): void {
  const bytes = readFileSync(join(runDir, SEGMENT));
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(join(runDir, SEGMENT), bytes);
}

const framesHere = (type: FrameType): { readonly at: number }[] =>
  framesOf(readFileSync(join(runDir, SEGMENT))).filter((frame) => frame.type === type);

const json = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse((await expmanHere(...args, '--json')).stdout) as unknown;

/** What every command that says anything of losses says, and how it ends. */
async function told(): Promise<object> {
  const [inspected, verified, listed] = [
    (await json('inspect', runDir)) as { lost: number; losses: unknown[] },
    (await json('verify', runDir)) as { lost: number }[],
    (await json('list', base, '--no-cache')) as { lost: number }[],
  ];
  const doctor = (await json('doctor', base)) as { kind: string; what: string }[];
  return {
    lost: [inspected.lost, verified[0]?.lost, listed[0]?.lost],
    page: (
      JSON.parse(readRun({ id: 'faults/run', runDir, startedMs: 0 }, () => null)) as {
        facts: { lost: number };
      }
    ).facts.lost,
    doctor: doctor.find(({ what }) => /ha(?:ve|s) lost [\d,]+ calls/.test(what))?.what.split(':')[0],
    exits: {
      verify: (await expmanHere('verify', runDir)).exit,
      list: (await expmanHere('list', base, '--no-cache')).exit,
      inspect: (await expmanHere('inspect', runDir)).exit,
    },
  };
}

const LOST = {
  lost: [FRAME_ROWS, FRAME_ROWS, FRAME_ROWS],
  page: FRAME_ROWS,
  doctor: `1 run has lost ${FRAME_ROWS} calls`,
  exits: { verify: 2, list: 0, inspect: 0 },
};
const NOTHING = { lost: [0, 0, 0], page: 0, doctor: undefined, exits: { verify: 0, list: 0, inspect: 0 } };

/** How a recovery ended, and the part of its word that is the same whenever it is asked. */
async function recovered(): Promise<object> {
  const { exit, stdout } = await expmanHere('recover', runDir, '--json');
  const { recovered: runs } = JSON.parse(stdout) as { recovered: Record<string, unknown>[] };
  const { lost, missingRecords, corrupt, losses, rows } = runs[0] ?? {};
  return { exit, rows, lost, missingRecords, corrupt, losses };
}

/** Goes on with the run and closes it. */
async function resume(rows: number): Promise<void> {
  const run = new LoggingEngine(
    new ExperimentConfig('faults', base, { runName: 'run', resume: 'must', environment: false }),
  );
  for (let step = 600; step < 600 + rows; step++) run.logMetrics(rowOf('mixed', 0, step), step);
  await run.close();
}

describe('a run that was cut off and has lost nothing', () => {
  it('is recovered without a word of loss, exit code 0, however often', async () => {
    expect(await told()).toEqual(NOTHING);
    const end = { exit: 0, rows: 600, lost: 0, missingRecords: 0, corrupt: [], losses: [] };
    expect(await recovered()).toEqual(end);
    expect(await recovered()).toEqual(end);
    expect(await told()).toEqual(NOTHING);
    expect(yamlOf(runDir)).toMatchObject({ counts: { lost: 0 } });
    expect(yamlOf(runDir)).not.toHaveProperty('losses');
    expect((await expmanHere('recover', runDir)).stdout).not.toMatch(/lost|missing|corrupt/);
  });
});

describe('a run whose log lost a frame of rows', () => {
  beforeEach(() => {
    flip((framesHere(FrameType.records)[5]?.at ?? 0) + 40);
  });

  it('says so before a recovery and after it, and after another one', async () => {
    expect(await told()).toEqual(LOST);
    const end = await recovered();
    expect(end).toMatchObject({
      ...{ exit: 2, rows: 600 - FRAME_ROWS, lost: FRAME_ROWS, corrupt: [SEGMENT] },
      losses: [{ epoch: 1, calls: FRAME_ROWS, file: SEGMENT }],
    });
    expect(await told()).toEqual(LOST);
    expect(await recovered()).toEqual(end);
    expect(yamlOf(runDir)).toMatchObject({ counts: { lost: FRAME_ROWS }, losses: [{ file: SEGMENT }] });
  });

  it('says so when it was resumed, and resumed again, and when the damaged file is gone', async () => {
    await resume(10);
    expect(await told()).toEqual(LOST);
    await resume(10);
    expect(await told()).toEqual(LOST);
    rmSync(join(runDir, `${SEGMENT}.corrupt`));
    expect(await told()).toEqual(LOST);
    expect(yamlOf(runDir)).toMatchObject({ counts: { rows: 620 - FRAME_ROWS, lost: FRAME_ROWS } });
    expect((await expmanHere('verify', runDir)).stdout).toMatch(
      /INCOMPLETE[^]*lost: 12 calls(?: and \d+ other records)? \(wal-1-0\.log\)/,
    );
  });

  it('says how many, where, and what is kept, in words', async () => {
    const before = (await expmanHere('inspect', runDir)).stdout;
    expect(before).toMatch(/lost +12 calls(?: and \d+ other records)? \(wal-1-0\.log\)/);
    expect(before).toMatch(/\d+ rows after damaged bytes; `expman recover` saves them/);
    expect((await expmanHere('recover', runDir)).stdout).toMatch(
      /corrupt, kept unchanged: wal-1-0\.log\n +lost: 12 calls/,
    );
    expect((await expmanHere('list', base, '--no-cache')).stdout).toMatch(/rows +lost[^]*588 +12 /);
    const { exit, stdout } = await expmanHere('inspect', runDir);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/lost +12 calls/);
    expect(stdout).toMatch(/kept as found +wal-1-0\.log\.corrupt/);
    expect((await expmanHere('verify', runDir)).stdout).toMatch(
      /wal-1-0\.log\.corrupt: CORRUPT: it was found damaged/,
    );
    expect((await expmanHere('doctor', base)).stdout).toMatch(/1 run holds damaged files/);
  });
});

describe('a run whose log is damaged where nothing is lost', () => {
  it.each([
    ['its start', (): number => 60],
    ['what rows rest on', (): number => (framesHere(FrameType.checkpoint)[0]?.at ?? 0) + 50],
    ['definitions of metrics', (): number => (framesHere(FrameType.definitions)[0]?.at ?? 0) + 50],
  ])('in %s keeps all rows, and the damaged file', async (_what, placeOf) => {
    flip(placeOf());
    expect(await told()).toEqual({ ...NOTHING, exits: { verify: 2, list: 0, inspect: 0 } });
    expect(await recovered()).toMatchObject({ exit: 2, rows: 600, lost: 0, losses: [], corrupt: [SEGMENT] });
    expect(await told()).toEqual({ ...NOTHING, exits: { verify: 2, list: 0, inspect: 0 } });
  });
});
