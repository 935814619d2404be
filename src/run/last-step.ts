import { eachStep } from '../channel/records.js';
import type { Step } from '../model/step.js';
import type { FsPort } from '../storage/fs-port.js';
import { decodeChunk } from '../storage/parquet/index.js';
import { type Mark, endOf, greatestOf, stretchesOf } from './rows/rewind-rows.js';
import { type SeenFiles, withSteadyFiles } from './steady-files.js';

/**
 * Finds the greatest step of the rows in a run's files, with a pending rewind applied; null if no
 * row has a step.
 *
 * Works while a writer publishes: rows that it moves from the write-ahead log to the file are read
 * again.
 */
export function lastStepIn(fs: FsPort, folder: string, runUuid: string, coming: Mark | null): Step | null {
  return withSteadyFiles(fs, folder, runUuid, ({ published, replay, isSteady }) => {
    if (!isSteady) return null;
    const isKnown = published?.facts.rewinds.some(({ epoch }) => epoch === coming?.epoch) === true;
    const rewinds = [...replay.rewinds, ...(coming === null || isKnown ? [] : [coming])];
    let last = published === null ? null : lastPublished(published, rewinds);
    for (const span of replay.spans) {
      const end = endOf(span.epoch, rewinds);
      eachStep(span, (step) => {
        if (step < end && (last === null || step > last)) last = step;
      });
    }
    return last;
  });
}

function lastPublished(
  { footer, facts, read }: NonNullable<SeenFiles['published']>,
  rewinds: readonly Mark[],
): Step | null {
  const { lastStep, sessions } = facts;
  if (lastStep === null || rewinds.every(({ fromStep }) => fromStep > lastStep)) return lastStep;
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
