import { CHECKPOINTS_FOLDER } from '../model/checkpoint.js';
import { MANIFEST_NAME } from '../model/media.js';
import {
  type CheckpointList,
  type StoredCheckpoint,
  checkpointsIn,
  sizeProblem,
  storedCheckpoint,
} from '../run/stored-checkpoint.js';
import type { FsPort } from '../storage/fs-port.js';
import { rewindsOf } from './read-media.js';

/** The name of the list of a run's checkpoints, in its folder. */
export const CHECKPOINT_LIST = `${CHECKPOINTS_FOLDER}/${MANIFEST_NAME}`;

/** Lists the checkpoints of a run that are there in full size, in the order they were saved. */
export const checkpointsOf = (fs: FsPort, runDir: string): StoredCheckpoint[] =>
  checkpointListOf(fs, runDir)
    .lines.map((line) => storedCheckpoint(fs, runDir, line))
    .filter((each) => sizeProblem(fs, each) === null);

/** Reads the list of a run's checkpoints, without those that rewinds have removed. */
export const checkpointListOf = (fs: FsPort, runDir: string): CheckpointList =>
  checkpointsIn(fs, runDir, rewindsOf(fs, runDir));
