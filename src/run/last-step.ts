import { join } from 'node:path';
import { eachStep } from '../channel/records.js';
import type { Rewind } from '../channel/rewind.js';
import type { Step } from '../model/step.js';
import { openIfThere } from '../storage/atomic-file.js';
import { chunkReader } from '../storage/chunk-reader.js';
import type { FsPort } from '../storage/fs-port.js';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { readFooterOf } from '../storage/metrics-footer.js';
import { decodeChunk } from '../storage/parquet/index.js';
import { type PublishedFile, publishedFile } from './summaries/file-metadata.js';
import { NOTHING_PUBLISHED, replayWal } from './replay/replay.js';
import { endOf, greatestOf, stretchesOf } from './rows/rewind-rows.js';
import { untilSteady } from './until-steady.js';

/**
 * Finds the greatest step of the rows in a run's files, with a pending rewind applied; null if no
 * row has a step.
 *
 * Works while a writer publishes: rows that it moves from the write-ahead log to the file are read
 * again.
 */
export function lastStepIn(
  fs: FsPort,
  folder: string,
  runUuid: string,
  coming: Pick<Rewind, 'epoch' | 'fromStep'> | null,
): Step | null {
  return untilSteady(() => lookOnce(fs, folder, runUuid, coming)) ?? null;
}

/** Returns undefined if the file was replaced meanwhile. */
function lookOnce(
  fs: FsPort,
  folder: string,
  runUuid: string,
  coming: Pick<Rewind, 'epoch' | 'fromStep'> | null,
): Step | null | undefined {
  const path = join(folder, METRICS_NAME);
  const file = openIfThere(fs, path);
  try {
    const published = file === null ? null : publishedFile(readFooterOf(fs, file, path), path);
    const replay = replayWal(fs, folder, runUuid, published?.facts.watermark ?? NOTHING_PUBLISHED, {
      salvage: true,
    });
    if (fs.stat(path)?.inode !== (file === null ? undefined : fs.statOpen(file).inode)) return undefined;
    const isKnown = published?.facts.rewinds.some(({ epoch }) => epoch === coming?.epoch) === true;
    const rewinds = [...replay.rewinds, ...(coming === null || isKnown ? [] : [coming])];
    let last = published === null || file === null ? null : lastPublished(fs, file, path, published, rewinds);
    for (const span of replay.spans) {
      const end = endOf(span.epoch, rewinds);
      eachStep(span, (step) => {
        if (step < end && (last === null || step > last)) last = step;
      });
    }
    return last;
  } finally {
    if (file !== null) fs.close(file);
  }
}

function lastPublished(
  fs: FsPort,
  file: number,
  path: string,
  { footer, facts }: PublishedFile,
  rewinds: readonly Pick<Rewind, 'epoch' | 'fromStep'>[],
): Step | null {
  const { lastStep, sessions } = facts;
  if (lastStep === null || rewinds.every(({ fromStep }) => fromStep > lastStep)) return lastStep;
  const read = chunkReader(fs, file, path);
  let last: Step | null = null;
  let firstRow = 0;
  for (const { rows, chunks } of footer.groups) {
    const [chunk] = chunks;
    if (chunk !== undefined)
      last = greatestOf(
        decodeChunk(read(chunk), chunk),
        stretchesOf(sessions, rewinds, firstRow, rows),
        last,
      );
    firstRow += rows;
  }
  return last;
}
