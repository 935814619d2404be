import { join } from 'node:path';
import { encodeParams, mergeParams, type Params, plainParams, sanitiseParams } from '../../model/params.js';
import { bareObject } from '../../model/param-value.js';
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
 * which has no WAL; the damaged parts of a checkpoint for any other. Facts are not added: see
 * {@link restoreFacts}.
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
  const paramsFound = complete(state.paramRecords, mappingOf(fs, folder, CONFIG_NAME, isClosed));
  const log = join(folder, LOG_NAME);
  if (isClosed || unrestored?.knowsOffset === false) state.log.offset = fs.stat(log)?.size ?? 0;
  if (unrestored === null) return [];
  const known = mappingOf(fs, folder, RUN_NAME, isClosed);
  const factsFound = FACT_KEYS.filter((key) => key in known && !unrestored.factsThere.includes(key)).length;
  const others =
    Math.max(0, unrestored.params - paramsFound) +
    Math.max(0, unrestored.facts - factsFound) +
    linesNotIn(fs, log, state, unrestored.lines);
  const { epoch, seq, file } = unrestored;
  return others > 0 ? [{ epoch, firstRecord: seq, records: 0, calls: 0, others, file }] : [];
}

/**
 * Merges the facts in run.yaml under those of a replay, for the next owner: a closed run has no
 * others, and a log that is damaged, or was not synced before a power loss, may lack some.
 */
export function restoreFacts(
  fs: FsPort,
  folder: string,
  { state, end }: Pick<Replay, 'state' | 'end'>,
): void {
  const known = factsIn(mappingOf(fs, folder, RUN_NAME, end.epoch < 0));
  if (Object.keys(known).length > 0)
    state.factRecords.restore(encodeParams(mergeParams(known, state.factRecords.merged)));
}

/**
 * The facts in a run.yaml. Secrets in them were redacted when they were logged; names are not
 * looked at, because a value may be called `token`, and an artifact `model.key`.
 */
export const factsIn = (file: Mapping): Params =>
  bareObject(FACT_KEYS.flatMap((key) => Object.entries(plainParams({ [key]: file[key] }))));

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
