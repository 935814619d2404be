import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  CHECKPOINTS_FOLDER,
  type CheckpointLine,
  MAX_CHECKPOINT_LIST,
  parseCheckpointLine,
} from '../model/checkpoint.js';
import { ExpmanError } from '../model/errors.js';
import { MANIFEST_NAME } from '../model/media.js';
import type { Step } from '../model/step.js';
import { readWhole, unreadable } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { mostInMemory } from '../storage/most-in-memory.js';
import { type Mark, endOf } from './rows/rewind-rows.js';
import { problemOf, readSlices, sliceBuffer } from './saved-file.js';

/** The facts about a checkpoint of a run. */
export interface CheckpointFacts {
  readonly step: Step;
  /** The path of its file, absolute. */
  readonly path: string;
  /** The size of its file in bytes. */
  readonly size: number;
  /** The digest of the content, in hex. */
  readonly sha256: string;
  /** ISO 8601, UTC. */
  readonly savedAt: string;
  /** The values by which it was ranked when it was saved, by metric. */
  readonly values: Readonly<Record<string, number>>;
  /** The rules by which checkpoints were to stay when it was saved; empty if all were. */
  readonly keep: readonly string[];
}

/** A checkpoint of a run, to go on from. */
export interface StoredCheckpoint extends CheckpointFacts {
  /**
   * Reads its content, in pieces between which other work gets its turn, and compares the checksum.
   *
   * @throws {@link ExpmanError} as a rejection: `CORRUPT` if it is not what was saved, `IO`, also for
   * a file too large for one buffer
   */
  bytes(): Promise<Uint8Array>;
}

/** The list of a run's checkpoints, as it can be read. */
export interface CheckpointList {
  /** Those that rewinds have left, in the order in which they were saved. */
  readonly lines: readonly CheckpointLine[];
  /** The lines that are damaged. */
  readonly damaged: readonly string[];
}

/**
 * Reads the list of a run's checkpoints; it is empty for a run without any.
 *
 * @throws ExpmanError `CORRUPT` if it is too large or its folder is a link, `IO`
 */
export function checkpointsIn(fs: FsPort, runDir: string, rewinds: readonly Mark[]): CheckpointList {
  const folder = join(runDir, CHECKPOINTS_FOLDER);
  const path = join(folder, MANIFEST_NAME);
  const kind = fs.stat(folder)?.kind;
  if (kind !== undefined && kind !== 'folder')
    throw new ExpmanError('CORRUPT', `${folder} is not a folder; checkpoints are read from none other`, {
      path: folder,
    });
  if (kind === undefined || fs.stat(path) === null) return { lines: [], damaged: [] };
  const texts = readWhole(fs, path, MAX_CHECKPOINT_LIST).toString().split('\n');
  const parsed = texts
    .filter((text) => text !== '')
    .map((text) => ({ text, line: parseCheckpointLine(text) }));
  return {
    lines: parsed.flatMap(({ line }) =>
      line === null || line.step >= endOf(line.epoch, rewinds) ? [] : [line],
    ),
    damaged: parsed.flatMap(({ text, line }) => (line === null ? [text] : [])),
  };
}

/** Describes a checkpoint that is in the list of its run. */
export function checkpointFacts(runDir: string, line: CheckpointLine): CheckpointFacts {
  const { step, file, size, sha256, savedAt, values, keep = [] } = line;
  return { step, path: join(runDir, CHECKPOINTS_FOLDER, file), size, sha256, savedAt, values, keep };
}

/** Gives a checkpoint that is in the list of its run, to be read. */
export function storedCheckpoint(fs: FsPort, runDir: string, line: CheckpointLine): StoredCheckpoint {
  const facts = checkpointFacts(runDir, line);
  return { ...facts, bytes: () => contentOf(fs, facts) };
}

/** Returns what is wrong with the file of a checkpoint by its size; null if nothing is. */
export const sizeProblem = (fs: FsPort, { path, size }: CheckpointFacts): string | null =>
  problemOf(fs.stat(path), size, 'saved');

/**
 * Reads the file of a checkpoint and compares its checksum.
 *
 * @throws ExpmanError `CORRUPT`, `IO`
 */
export const checkContent = (fs: FsPort, facts: CheckpointFacts): Promise<void> =>
  readInTurns(fs, facts, sliceBuffer(facts.size));

async function contentOf(fs: FsPort, facts: CheckpointFacts): Promise<Uint8Array> {
  const most = mostInMemory();
  if (facts.size > most)
    throw new ExpmanError(
      'IO',
      `${facts.path} has ${facts.size} bytes, more than fit in memory (${most}); read it in pieces from its path`,
      { path: facts.path },
    );
  const bytes = new Uint8Array(facts.size);
  await readInTurns(fs, facts, (at, length) => bytes.subarray(at, at + length));
  return bytes;
}

async function readInTurns(
  fs: FsPort,
  facts: CheckpointFacts,
  into: (at: number, length: number) => Uint8Array,
): Promise<void> {
  try {
    const slices = readSlices(fs, facts, 'saved', into);
    while (slices.next().done !== true) await nextTurn();
  } catch (error) {
    throw unreadable(facts.path, error);
  }
}
