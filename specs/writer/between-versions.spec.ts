import { mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../src/model/experiment-config.js';
import { openRun } from '../../src/engine/open-run.js';
import { inspectRun } from '../../src/reader/inspect-run.js';
import { readContents } from '../../src/reader/read-contents.js';
import { readFacts } from '../../src/reader/read-facts.js';
import { verifyRun } from '../../src/reader/verify-run.js';
import { nodeFs } from '../../src/storage/node-fs.js';
import { RowGroupBatches } from '../../src/columnar/row-group.js';
import { METRICS_NAME, MetricsFile } from '../../src/storage/metrics-file.js';
import { readFooter } from '../../src/storage/metrics-footer.js';
import { SEGMENT_HEAD_BYTES } from '../../src/storage/wal/frame.js';
import { readSegment } from '../../src/storage/wal/segment-reader.js';
import { WalFollower } from '../../src/reader/wal-follower.js';
import { FRAME_HEAD_BYTES_1, HEAD_BYTES_1 } from '../support/wal-v1.js';
import { recoverRun } from '../../src/writer/recovery/recover-run.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('between-versions');
const BETWEEN = new URL('../faults/golden/between-versions/0.1.0.json', import.meta.url);
const ALONE = new URL('../faults/golden/0.1.0.json', import.meta.url);

/** A golden run, on disk as if of long ago. */
function golden(name: string, from = BETWEEN): string {
  const packed = JSON.parse(readFileSync(from, 'utf8')) as Record<string, Record<string, string>>;
  const runDir = join(folder(), 'faults', name);
  mkdirSync(runDir, { recursive: true });
  for (const [file, text] of Object.entries(packed[name] ?? {})) {
    const path = join(runDir, file);
    mkdirSync(join(path, '..'), { recursive: true });
    const bytes = Buffer.from(text, 'base64');
    // Whether a process of another host has died takes 15 s to tell.
    writeFileSync(path, file === 'run.lock' ? bytes.toString().replace('golden', hostname()) : bytes);
    utimesSync(path, 1, 1);
  }
  return runDir;
}

const stepsOf = (runDir: string): number[] =>
  Array.from(readContents(nodeFs, runDir).table.getChild('step') ?? [], Number);
const upTo = (end: number, start = 0): number[] => Array.from({ length: end - start }, (_, at) => start + at);
const segmentsIn = (runDir: string): string[] =>
  readdirSync(runDir).filter((name) => name.startsWith('wal-'));
/** What a run says is lost, by everything that says so. */
const lostOf = (runDir: string): readonly number[] => [
  inspectRun(nodeFs, runDir).lost,
  verifyRun(nodeFs, runDir).lost,
  readFacts(nodeFs, runDir).facts.lost,
];

describe('a run of expman-rx 0.1.0', () => {
  it('that it resumed and was killed in is read, and recovered, with nothing lost', async () => {
    const runDir = golden('resumed-by-old');
    expect(inspectRun(nodeFs, runDir)).toMatchObject({
      rows: 160,
      walRows: 20,
      lost: 0,
      losses: [],
      corrupt: [],
    });
    expect(stepsOf(runDir)).toEqual(upTo(160));
    const recovery = await recoverRun(nodeFs, runDir);
    expect(recovery).toMatchObject({ rows: 160, replayedRows: 20, lost: 0, missingRecords: 0, corrupt: [] });
    expect(stepsOf(runDir)).toEqual(upTo(160));
    expect(verifyRun(nodeFs, runDir).problems).toEqual([]);
    expect(inspectRun(nodeFs, runDir).params).toEqual({ of: { step0: 1, step120: 1 } });
    expect(lostOf(runDir)).toEqual([0, 0, 0]);
  });

  it('whose log is damaged has lost an upper bound, the same before and after a recovery', async () => {
    const runDir = golden('cut-off', ALONE);
    const path = join(runDir, 'wal-0-1.log');
    const bytes = readFileSync(path);
    // The second log of the run: rows 80 to 99, a fact of the artifact, rows 100 to 119, each in frames of their own or not.
    const whole = readSegment(bytes);
    const [, first, second] = whole.frames;
    if (first === undefined || second === undefined)
      throw new Error('the golden log has one frame of records');
    const at =
      HEAD_BYTES_1 + FRAME_HEAD_BYTES_1 + (whole.frames[0]?.payload.length ?? 0) + FRAME_HEAD_BYTES_1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    utimesSync(path, 1, 1);
    const { lost, losses, rows, rowsBehindGap } = inspectRun(nodeFs, runDir);
    expect(losses).toEqual([
      {
        ...{
          epoch: 0,
          firstRecord: first.seq,
          records: second.seq - first.seq,
          calls: second.seq - first.seq,
        },
        ...{ atMost: true, file: 'wal-0-1.log' },
      },
    ]);
    const recovery = await recoverRun(nodeFs, runDir);
    expect(recovery).toMatchObject({ lost, losses, corrupt: ['wal-0-1.log'] });
    expect(stepsOf(runDir).length).toBe(rows + rowsBehindGap);
    expect(120 - stepsOf(runDir).length).toBeLessThanOrEqual(lost);
    expect(lostOf(runDir)).toEqual([lost, lost, lost]);
  });
});

describe('a run that expman-rx 0.1.0 could not read the log of', () => {
  it('and recovered without it is whole again after another recovery', async () => {
    const runDir = golden('recovered-by-old');
    expect(segmentsIn(runDir)).toEqual(['wal-0-0.log.corrupt', 'wal-0-1.log.corrupt']);
    expect(inspectRun(nodeFs, runDir)).toMatchObject({ rows: 80, lost: 0, setAside: segmentsIn(runDir) });
    expect(verifyRun(nodeFs, runDir).problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('`expman recover` restores it'),
      expect.stringContaining('`expman recover` restores it'),
    ]);
    const recovery = await recoverRun(nodeFs, runDir);
    expect(recovery).toMatchObject({
      ...{ rows: 120, replayedRows: 40, lost: 0, corrupt: [] },
      takenBack: ['wal-0-0.log.corrupt', 'wal-0-1.log.corrupt'],
    });
    expect(stepsOf(runDir)).toEqual(upTo(120));
    expect(segmentsIn(runDir)).toEqual([]);
    expect(inspectRun(nodeFs, runDir).params).toEqual({ of: { step0: 1 } });
    expect(verifyRun(nodeFs, runDir).problems).toEqual([]);
    expect(await recoverRun(nodeFs, runDir)).toMatchObject({ changed: false, takenBack: [], lost: 0 });
  });

  it.each(['closed-by-old', 'killed-under-old'])(
    'and went on without, %s, has lost at most the calls in it, and keeps it',
    async (name) => {
      const runDir = golden(name);
      // Which of the 120 rows of the first owner were published, nothing says any more: 80 of them were.
      expect(stepsOf(runDir)).toEqual([...upTo(80), ...upTo(160, 120)]);
      expect(lostOf(runDir)).toEqual([120, 120, 120]);
      const first = await recoverRun(nodeFs, runDir);
      expect(first).toMatchObject({ lost: 120, corrupt: ['wal-0-0.log', 'wal-0-1.log'] });
      expect(first.losses.every(({ atMost }) => atMost)).toBe(true);
      expect(segmentsIn(runDir)).toEqual(['wal-0-0.log.corrupt', 'wal-0-1.log.corrupt']);
      expect(stepsOf(runDir)).toEqual([...upTo(80), ...upTo(160, 120)]);
      expect(lostOf(runDir)).toEqual([120, 120, 120]);
      expect(await recoverRun(nodeFs, runDir)).toMatchObject({ changed: false, lost: 120 });
    },
  );
});

describe('a run of a later version', () => {
  const unsupported = expect.objectContaining({
    code: 'UNSUPPORTED_VERSION',
    message: expect.stringContaining('Install expman-rx 0.7.2 or later') as string,
  }) as Error;

  const refusesAll = async (runDir: string): Promise<void> => {
    expect(() => inspectRun(nodeFs, runDir)).toThrow(unsupported);
    await expect(recoverRun(nodeFs, runDir)).rejects.toThrow(unsupported);
    expect(verifyRun(nodeFs, runDir).problems.map(({ code }) => code)).toContain('UNSUPPORTED_VERSION');
  };

  it('is refused by the format of its run.yaml, also for going on', async () => {
    const runDir = golden('recovered-by-old');
    const path = join(runDir, 'run.yaml');
    const text = readFileSync(path, 'utf8').replace(/^format: .*\nwrittenBy: .*\n/m, '');
    writeFileSync(path, `format: 3\nwrittenBy: 0.7.2\n${text}`);
    const before = readFileSync(path, 'utf8');
    await refusesAll(runDir);
    const config = new ExperimentConfig('faults', join(runDir, '../..'), {
      runName: 'recovered-by-old',
      resume: 'must',
    });
    expect(() => openRun(nodeFs, config, undefined, Date.now())).toThrow(unsupported);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('is refused by its log', async () => {
    const runDir = golden('killed-under-old');
    const path = join(runDir, 'wal-0-1.log');
    const bytes = readFileSync(path);
    bytes.write('EXPMWAL3', SEGMENT_HEAD_BYTES, 'latin1');
    for (const at of [0, SEGMENT_HEAD_BYTES]) {
      bytes.writeUInt16LE(3, at + 40);
      for (const [place, part] of [0, 7, 2].entries()) bytes.writeUInt16LE(part, at + 42 + 2 * place);
      bytes.writeUInt32LE(crc32(bytes.subarray(at, at + 52)), at + 52);
    }
    writeFileSync(path, bytes);
    utimesSync(path, 1, 1);
    await refusesAll(runDir);
    expect(() => new WalFollower(nodeFs, runDir, uuidOf(runDir)).read({ epoch: -1, seq: 0 })).toThrow(
      unsupported,
    );
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('is refused by its file of rows', async () => {
    const runDir = golden('recovered-by-old');
    const metadata = new Map([
      ...readFooter(nodeFs, join(runDir, METRICS_NAME)).metadata,
      ['schema_version', '2'],
      ['written_by', '0.7.2'],
    ]);
    const publishing = new MetricsFile(nodeFs, runDir).publish({
      ...{ fields: [], tail: new RowGroupBatches(), metadata, compression: 'none', final: true },
      mayReplace: () => true,
    });
    while (publishing.next().done !== true);
    await refusesAll(runDir);
  });
});

const uuidOf = (runDir: string): string =>
  /^uuid: (\w+)$/m.exec(readFileSync(join(runDir, 'run.yaml'), 'utf8'))?.[1] ?? '';
