import { join } from 'node:path';
import { encodeParams, mergeParams, sanitiseParams } from '../../model/params.js';
import type { Loss } from '../../model/run-file.js';
import type { FsPort } from '../../storage/fs-port.js';
import { readUpTo } from '../../storage/read-all.js';
import { CONFIG_NAME, LOG_NAME, RUN_NAME } from '../file-names.js';
import { type Mapping, readMapping } from '../run-record.js';
import type { LostLines } from './checkpoint.js';
import type { MergedParams } from '../merged-params.js';
import type { Replay } from './replay.js';
import { FACT_KEYS, type RunState } from '../run-state.js';

/**
 * Completes the state of a replay from the other files of the run: all of it for a closed run,
 * which has no WAL; the damaged parts of a checkpoint for any other.
 *
 * Returns the parts that are in none of them as a loss.
 */
export function restoreState(
  fs: FsPort,
  folder: string,
  { state, unrestored, end }: Pick<Replay, 'state' | 'unrestored' | 'end'>,
): Loss[] {
  const isClosed = end.epoch < 0;
  if (!isClosed && unrestored === null) return [];
  const params = mappingOf(fs, folder, CONFIG_NAME, isClosed);
  const known = mappingOf(fs, folder, RUN_NAME, isClosed);
  const paramsFound = complete(state.paramRecords, params);
  const factsFound = complete(
    state.factRecords,
    Object.fromEntries(FACT_KEYS.flatMap((key) => (key in known ? [[key, known[key]]] : []))),
  );
  const log = join(folder, LOG_NAME);
  if (isClosed || unrestored?.knowsOffset === false) state.log.offset = fs.stat(log)?.size ?? 0;
  if (unrestored === null) return [];
  const others =
    Math.max(0, unrestored.params - paramsFound) +
    Math.max(0, unrestored.facts - factsFound) +
    linesNotIn(fs, log, state, unrestored.lines);
  const { epoch, seq, file } = unrestored;
  return others > 0 ? [{ epoch, firstRecord: seq, records: 0, calls: 0, others, file }] : [];
}

/**
 * The mapping in a file; empty for a damaged file that was only needed to complete a damaged log.
 */
function mappingOf(fs: FsPort, folder: string, name: string, mustBeWhole: boolean): Mapping {
  try {
    return readMapping(fs, folder, name) ?? {};
  } catch (error) {
    if (mustBeWhole) throw error;
    return {};
  }
}

/** Adds the entries missing from the records; returns their number. */
function complete(records: MergedParams, known: Mapping): number {
  const { params } = sanitiseParams(known);
  const absent = Object.entries(params).filter(([key]) => !Object.hasOwn(records.merged, key));
  if (absent.length > 0)
    records.restore(encodeParams(mergeParams(Object.fromEntries(absent), records.merged)));
  return absent.length;
}

/**
 * Inserts the lines that a checkpoint lost and that run.log has by now; returns the number of lines
 * still missing.
 */
function linesNotIn(fs: FsPort, path: string, state: RunState, lost: readonly LostLines[]): number {
  const { pending, offset: from } = state.log;
  let missing = 0;
  let offset = from;
  let at = 0;
  let found = 0;
  for (const { at: place, lines, bytes } of lost) {
    offset += Buffer.byteLength(pending.slice(at, place + found).join(''));
    at = place + found;
    const text = fs.stat(path) === null ? '' : readUpTo(fs, path, offset, bytes).toString('utf8');
    const present = text.split(/(?<=\n)/).filter((line) => line.endsWith('\n'));
    pending.splice(at, 0, ...present);
    state.pendingText += present.join('').length;
    at += present.length;
    found += present.length;
    missing += Math.max(0, lines - present.length);
    offset += bytes;
  }
  return missing;
}
