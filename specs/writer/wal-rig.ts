import { ChannelReader } from '../../src/channel/channel-reader.js';
import { ChannelWriter } from '../../src/channel/channel-writer.js';
import { ChunkPool } from '../../src/channel/chunk-pool.js';
import { RecordKind } from '../../src/channel/chunk-layout.js';
import { eachStep } from '../../src/channel/records.js';
import { RowEncoder } from '../../src/channel/row-encoder.js';
import { encodeParams, type Params } from '../../src/model/params.js';
import { DescriptorCache } from '../../src/storage/descriptor-cache.js';
import type { Replay } from '../../src/run/replay/replay.js';
import { RunState } from '../../src/run/run-state.js';
import { RowJoiner } from '../../src/run/rows/row-joiner.js';
import { WalStage } from '../../src/writer/session/wal-stage.js';
import { MemoryFs } from '../faults/memory-fs.js';

export const FOLDER = '/run';
export const UUID = 'ab'.repeat(16);

/** A file system with the folder of a run. */
export function runFolder(): MemoryFs {
  const fs = new MemoryFs();
  fs.makeFolder(FOLDER);
  fs.syncFolder('/');
  return fs;
}

/** A producer and the first stage of a writer, for the owner of one epoch. */
export interface WalRig {
  readonly channel: ChannelWriter;
  readonly state: RunState;
  readonly stage: WalStage;
  readonly files: DescriptorCache;
  /** Logs rows of these steps and drains; returns how many bytes got through. */
  readonly log: (...steps: readonly number[]) => number;
  readonly say: (line: string) => void;
  readonly param: (params: Params) => void;
  readonly drain: () => number;
  /** Another writer for the same producer, as after the death of a thread; it has read nothing of the WAL. */
  readonly successor: (firstSegment: number, state?: RunState, replayedTo?: number) => WalRig;
}

export function walRig(fs: MemoryFs, epoch = 0, power = false, segmentBytes?: number): WalRig {
  const pool = new ChunkPool();
  const channel = new ChannelWriter(pool);
  const ignore = (): void => undefined;
  const encoder = new RowEncoder(channel, {
    maxMetrics: 100,
    onRejection: ignore,
    onExcess: ignore,
    onMetric: ignore,
  });
  const writer = (firstSegment: number, state: RunState, replayedTo: number): WalRig => {
    const files = new DescriptorCache(fs);
    const stage = new WalStage({
      place: { fs, files, folder: FOLDER, runUuid: UUID, epoch },
      reader: new ChannelReader(channel.control, pool),
      control: channel.control,
      state,
      joiner: new RowJoiner(),
      power,
      maxSpanRows: 100,
      firstSegment,
      replayedTo,
      ...(segmentBytes !== undefined && { segmentBytes }),
    });
    const drain = (): number => stage.drain(ignore);
    return {
      channel,
      state,
      stage,
      files,
      drain,
      log: (...steps) => {
        for (const step of steps) encoder.write({ loss: step }, step, 0);
        return drain();
      },
      say: (line) => {
        channel.text(RecordKind.log, 0, Buffer.from(line));
      },
      param: (params) => {
        channel.text(RecordKind.params, 0, Buffer.from(encodeParams(params)));
      },
      successor: (first, next = new RunState(), to = 0) => writer(first, next, to),
    };
  };
  return writer(0, new RunState(), 0);
}

/** The steps of a replay's rows, in order. */
export function stepsOf({ spans }: Pick<Replay, 'spans'>): number[] {
  const steps: number[] = [];
  for (const span of spans) eachStep(span, (step) => steps.push(Number(step)));
  return steps;
}
