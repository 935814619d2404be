import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { describe, expect, it } from 'vitest';
import { ChannelReader } from '../../src/channel/channel-reader.js';
import { ChannelWriter } from '../../src/channel/channel-writer.js';
import { ChunkPool } from '../../src/channel/chunk-pool.js';
import { RecordKind } from '../../src/channel/chunk-layout.js';
import { definitionsIn } from '../../src/channel/record-heads.js';
import { RowEncoder } from '../../src/channel/row-encoder.js';
import { decodeSpans } from '../../src/run/rows/decode-spans.js';
import { JOIN_WINDOW_ROWS } from '../../src/run/rows/row-joiner.js';
import { encodeCheckpoint } from '../../src/run/replay/checkpoint.js';
import { NOTHING_PUBLISHED, replayWal } from '../../src/run/replay/replay.js';
import { RunState } from '../../src/run/run-state.js';
import { readMapping } from '../../src/run/run-record.js';
import { readFooter } from '../../src/storage/metrics-footer.js';
import { nodeFs } from '../../src/storage/node-fs.js';
import {
  FRAME_HEAD_BYTES,
  FrameType,
  SEGMENT_HEAD_BYTES,
  decodeSegmentStart,
  encodeSegmentStart,
  sealFrame,
} from '../../src/storage/wal/frame.js';
import { framed } from '../../src/storage/wal/segment-writer.js';
import { tempFolders } from '../support/temp-folder.js';
import { expectedArtifacts, unpackArtifacts } from './expected-artifacts.js';
import { expectedOf } from './expected-run.js';
import { expectedSweeps, unpackSweeps } from './expected-sweeps.js';
import { GOLDEN_RUNS, expectedName, unpackGolden } from './golden-runs.js';

const folder = tempFolders('format');
const text = readFileSync(new URL('../../src/storage/FORMAT.md', import.meta.url), 'utf8');
const expectedDir = new URL('expected/', import.meta.url);

/** The bytes that the text shows in lines of an offset and sixteen pairs of hex digits. */
const example = Buffer.from(
  [...text.matchAll(/^[0-9a-f]{4} {2}((?:[0-9a-f]{2} ?){1,16})$/gm)]
    .map(([, digits = '']) => digits.replaceAll(' ', ''))
    .join(''),
  'hex',
);

describe('what a reader must say of a golden run', () => {
  it.each(GOLDEN_RUNS)('is what this version says: $golden $run', (golden) => {
    const expected: unknown = JSON.parse(readFileSync(new URL(expectedName(golden), expectedDir), 'utf8'));
    expect(expectedOf(golden, unpackGolden(golden, folder()))).toEqual(expected);
  });

  it('is written down for each of them, and for no other', () => {
    expect(readdirSync(expectedDir).sort()).toEqual(GOLDEN_RUNS.map(expectedName).sort());
    for (const { run } of GOLDEN_RUNS) expect(text).toMatch(new RegExp(`^\\| .*${run} \\|`, 'm'));
  });
});

describe('what a reader must say of the golden artifacts', () => {
  it('is what this version says', async () => {
    const base = folder();
    unpackArtifacts(base);
    const expected = readFileSync(new URL('expected-artifacts.json', import.meta.url), 'utf8');
    expect(await expectedArtifacts(base)).toEqual(JSON.parse(expected));
  });
});

describe('what a reader must say of the golden sweeps', () => {
  it('is what this version says', () => {
    const base = folder();
    const names = unpackSweeps(base);
    const expected = readFileSync(new URL('expected-sweeps.json', import.meta.url), 'utf8');
    expect(expectedSweeps(base, names)).toEqual(JSON.parse(expected));
    for (const name of names) expect(text).toContain(`| \`vectors/sweeps\` ${name} |`);
  });
});

describe('the worked example', () => {
  it('is read as the text says', () => {
    const start = decodeSegmentStart(example);
    expect(start).toMatchObject({
      runUuid: 'df66e1ef9d171f60f78955083a0ab123',
      epoch: 0,
      number: 0,
      version: 2,
    });
    const runDir = folder();
    writeFileSync(join(runDir, 'wal-0-0.log'), example);
    const replay = replayWal(nodeFs, runDir, start?.runUuid ?? '', NOTHING_PUBLISHED);
    expect(replay).toMatchObject({
      calls: 1,
      rows: 1,
      losses: [],
      tornBytes: 0,
      end: { epoch: 0, seq: 3, calls: 1 },
    });
    const { steps, timestamp, metrics } = decodeSpans(replay.spans);
    expect([...steps]).toEqual([1]);
    expect([...(timestamp.type === 'TIMESTAMP' ? timestamp.values : [])]).toEqual([1795989730919000n]);
    expect(
      metrics.map(({ metric, column }) => [metric, [...(column.type === 'DOUBLE' ? column.values : [])]]),
    ).toEqual([['loss', [0.5]]]);
  });

  it('is what this version writes, but for the number of the version', () => {
    const {
      runUuid = '',
      epoch = 0,
      number = 0,
      salt = new Uint8Array(),
    } = decodeSegmentStart(example) ?? {};
    const start = encodeSegmentStart({ runUuid, epoch, number, salt });
    for (const at of [0, SEGMENT_HEAD_BYTES]) {
      example.copy(start, at + 42, at + 42, at + 48);
      start.writeUInt32LE(crc32(start.subarray(at, at + 52)), at + 52);
    }
    const pool = new ChunkPool();
    const writer = new ChannelWriter(pool);
    const ignore = (): void => undefined;
    const tells = { onRejection: ignore, onExcess: ignore, onMetric: ignore };
    new RowEncoder(writer, { maxMetrics: 10, ...tells }).write({ loss: 0.5 }, 1, 1795989730919000);
    const payload = new ChannelReader(writer.control, pool).read(2 ** 16, FRAME_HEAD_BYTES);
    if (payload === null) throw new Error('the row is not in the channel');
    const sealed = (
      frame: Buffer,
      type: FrameType,
      part: number,
      [seq, calls]: readonly [number, number],
    ): Buffer => {
      sealFrame(frame, { type, seq, calls, part }, crc32(salt));
      return frame;
    };
    const { core } = encodeCheckpoint(new RunState());
    const written = [
      start,
      ...[0, 1].map((part) => sealed(framed(core), FrameType.checkpoint, part, [0, 0])),
      sealed(payload, FrameType.records, 0, [0, 0]),
      sealed(framed(definitionsIn(payload.subarray(FRAME_HEAD_BYTES))), FrameType.definitions, 0, [3, 1]),
    ];
    expect(Buffer.concat(written).toString('hex')).toBe(example.toString('hex'));
  });
});

describe('the text', () => {
  it('names every key of the files of a run', async () => {
    const base = folder();
    mkdirSync(join(base, 'e'), { recursive: true });
    const open = (options: object): LoggingEngine =>
      new LoggingEngine(new ExperimentConfig('e', base, { runName: 'r', rank: 1, ...options }));
    const first = open({});
    first.logMetrics({ loss: 1, mixed: 'a' }, 1);
    first.logMetrics({ mixed: 1 }, 2);
    first.logParams({ rate: 1 });
    first.summary({ best: 1 }, { headline: true });
    first.defineMetric('loss', { goal: 'min', x: 'step', summary: 'best' });
    first.alert('an alert', { text: 'more' });
    first.alert('an alert', { text: 'more' });
    await first.saveArtifact('a.txt', Buffer.from('a'));
    await first.close();
    const second = open({ resume: 'must', fromStep: 2 });
    second.metrics.error(new Error('an error'));
    await second.closed;
    const keys = (value: unknown): string[] => Object.keys(value ?? {});
    const file = readMapping(nodeFs, second.runDir, 'run.yaml') ?? {};
    const metadata = readFooter(nodeFs, join(second.runDir, 'metrics.parquet')).metadata;
    const named = [
      ...[...keys(file), ...keys(file['counts']), ...keys(file['environment']), ...keys(file['error'])],
      ...(file['resumed'] as object[]).flatMap(keys),
      ...Object.values(file['definitions'] as object).flatMap(keys),
      ...Object.values(file['alerts'] as object).flatMap(keys),
      ...Object.values(file['metrics'] as object).flatMap(keys),
      ...[...metadata.keys(), ...keys(JSON.parse(metadata.get('summary') ?? '{}'))],
    ];
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
  });

  it('numbers records, frames and the window of joining as the code does', () => {
    for (const [name, kind] of Object.entries(RecordKind)) {
      const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      expect(text).toContain(`| ${kind} | ${words} |`);
    }
    for (const [name, type] of Object.entries(FrameType)) expect(text).toContain(`${type} ${name}`);
    expect(text).toContain(`session.rows - ${JOIN_WINDOW_ROWS} `);
  });
});
