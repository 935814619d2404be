import { join } from 'node:path';
import { type ParamValue, isParamGroup } from '../model/param-value.js';
import { mergeParams, type Params } from '../model/params.js';
import { callsLost } from '../model/losses.js';
import type { Loss, RunFile, RunIdentity } from '../model/run-file.js';
import { RunStatus } from '../model/run-status.js';
import { VERSION } from '../model/version.js';
import { replaceFile } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { readUpTo } from '../storage/read-all.js';
import {
  CONFIG_NAME,
  LOG_NAME,
  type Mapping,
  RUN_FORMAT,
  RUN_NAME,
  isMapping,
  readMapping,
} from '../run/run-record.js';
import { writeAll } from '../storage/write-all.js';
import { MAX_YAML_BYTES, stringifyYaml } from '../storage/yaml-file.js';
import { lossesIn } from '../run/known-losses.js';
import type { RunState } from '../run/run-state.js';
import { copyOf } from '../run/summaries/summary-copy.js';

/** What run.yaml says of a run that has ended, or is in trouble. */
const SAYS_IT_ENDED: ReadonlySet<string> = new Set(['endedAt', 'error', 'exitCode', 'degraded']);
const NEWLINE = 0x0a;
const END_BYTES = 64;
const FORMAT = { format: RUN_FORMAT, writtenBy: VERSION };
/**
 * Of run.yaml, for what is added before the next one is written whole: marks of resumes, tags, notes.
 *
 * @bound tells: summariesLeftOut and artifactsLeftOut in run.yaml say how many; specs/writer/run-file.spec.ts "of a run with more metrics, artifacts, tags and notes than it has room for together can still be read"
 */
const SPARE_BYTES = 64 * 1024;
/** @bound tells: artifactsLeftOut in run.yaml says how many; specs/writer/run-file.spec.ts "of a run with more metrics and artifacts than it has room for can still be read, and says how many it left out" */
const MAX_ARTIFACT_BYTES = 256 * 1024;
const BYTES_PER_ARTIFACT = 200;

/**
 * Replaces `run.yaml`; `facts` are merged over what the run says of itself.
 *
 * Beside long notes, many tags and the like there is less room for what is also elsewhere: summaries and artifacts.
 */
export function writeRunFile(fs: FsPort, folder: string, run: RunFile, facts: Params): void {
  let bytes = runFileBytes(run, facts, 1);
  for (let share = 0.5; bytes.length > MAX_YAML_BYTES - SPARE_BYTES && share >= 2 ** -6; share /= 2)
    bytes = runFileBytes(run, facts, share);
  replaceFile(fs, join(folder, RUN_NAME), bytes);
}

function runFileBytes(run: RunFile, facts: Params, share: number): Buffer {
  const { metrics, environment, losses, ...rest } = run;
  const told = withRoom(mergeParams({ ...(environment !== undefined && { environment }) }, facts), share);
  const { kept, leftOut } = copyOf(metrics, share);
  const summaries = { metrics: kept, ...(leftOut > 0 && { summariesLeftOut: leftOut }) };
  const said = { ...FORMAT, ...rest, ...(losses.length > 0 && { losses }), ...summaries, ...told };
  return Buffer.from(stringifyYaml(said));
}

/** What `run.yaml` says is lost. */
export const knownLosses = (fs: FsPort, folder: string): Loss[] =>
  lossesIn(readMapping(fs, folder, RUN_NAME) ?? {});

/** Says in `run.yaml` what is lost and how many rows are left; all else that it says stays. */
export function tellLosses(fs: FsPort, folder: string, losses: readonly Loss[], rows: number): void {
  const file = readMapping(fs, folder, RUN_NAME) ?? {};
  const known = isMapping(file['counts']) ? file['counts'] : {};
  const counts = { ...known, rows, lost: callsLost(losses) };
  replaceFile(fs, join(folder, RUN_NAME), Buffer.from(stringifyYaml({ ...file, counts, losses })));
}

/**
 * Says in `run.yaml` that a run goes on with a new owner.
 *
 * What the file says of metrics and counts stays until the writer has read the rows, and so does its format, which tells
 * whether an older version of this package had the run last.
 */
export function reopenRunFile(
  fs: FsPort,
  folder: string,
  file: Mapping,
  identity: RunIdentity,
  now: number,
): void {
  const kept = Object.fromEntries(Object.entries(file).filter(([key]) => !SAYS_IT_ENDED.has(key)));
  const reopened = {
    ...kept,
    ...identity,
    status: RunStatus.Running,
    heartbeatAt: new Date(now).toISOString(),
  };
  replaceFile(fs, join(folder, RUN_NAME), Buffer.from(stringifyYaml(reopened)));
}

/**
 * Replaces `config.yaml` by the state's parameters, as many of them as readers take; returns how many are left out.
 */
export function writeConfigFile(fs: FsPort, folder: string, { paramRecords }: RunState): number {
  const { merged: params, refused } = paramRecords;
  const whole = Buffer.from(stringifyYaml(params));
  if (whole.length <= MAX_YAML_BYTES) {
    replaceFile(fs, join(folder, CONFIG_NAME), whole);
    return refused;
  }
  const { kept, leftOut } = fitting(params, MAX_YAML_BYTES - END_BYTES, '');
  replaceFile(fs, join(folder, CONFIG_NAME), Buffer.from(stringifyYaml(kept)));
  return leftOut + refused;
}

/** As many parameters as fit into so many bytes of YAML, of a group that does not fit a part. */
function fitting(params: Params, room: number, indent: string): Fitted {
  const kept: [string, ParamValue][] = [];
  let leftOut = 0;
  let bytes = 0;
  for (const [key, value] of Object.entries(params)) {
    const size = indentedBytes(stringifyYaml({ [key]: value }), indent);
    if (bytes + size <= room) {
      kept.push([key, value]);
      bytes += size;
    } else if (isParamGroup(value)) {
      const part = fitting(value, room - bytes - Buffer.byteLength(key), `${indent}  `);
      if (part.bytes > 0) kept.push([key, part.kept]);
      leftOut += part.leftOut;
      bytes += part.bytes + Buffer.byteLength(key);
    } else leftOut++;
  }
  return { kept: Object.fromEntries(kept), leftOut, bytes };
}

interface Fitted {
  readonly kept: Params;
  /** Entries that are not in it. */
  readonly leftOut: number;
  readonly bytes: number;
}

const indentedBytes = (yaml: string, indent: string): number =>
  Buffer.byteLength(yaml) + (yaml.split('\n').length - 1) * indent.length;

/** Where a run.log is, and whether its lines are on the device before the state takes them for written. */
export interface LogPlace {
  readonly fs: FsPort;
  readonly folder: string;
  readonly power: boolean;
}

/**
 * Brings run.log up to the state's last line in one append.
 *
 * What the file holds behind the state's offset decides what is missing: a cut-off append is completed, and no line is
 * written twice. Lines the WAL has lost and the file has stay where they are.
 */
export function healLog(place: LogPlace, state: RunState): void {
  const { fs, folder } = place;
  const { offset, pending } = state.log;
  if (pending.length === 0) return;
  const wanted = Buffer.from(pending.join(''));
  const path = join(folder, LOG_NAME);
  const size = fs.stat(path)?.size ?? 0;
  const present = readUpTo(fs, path, offset, Math.min(wanted.length, Math.max(0, size - offset)));
  const known = wanted.subarray(0, present.length).equals(present) ? present.length : 0;
  const torn = known === 0 && size > 0 && readUpTo(fs, path, size - 1, 1)[0] !== NEWLINE;
  appendLog(
    place,
    state,
    pending.length,
    Buffer.concat([torn ? Buffer.of(NEWLINE) : Buffer.alloc(0), wanted.subarray(known)]),
  );
}

/** Appends the state's first `count` pending lines to run.log, as one write. */
export function appendLines(place: LogPlace, state: RunState, count: number): void {
  appendLog(place, state, count, Buffer.from(state.log.pending.slice(0, count).join('')));
}

function appendLog({ fs, folder, power }: LogPlace, state: RunState, count: number, bytes: Buffer): void {
  const file = fs.open(join(folder, LOG_NAME), 'append');
  try {
    writeAll(fs, file, bytes, null);
    const { size } = fs.statOpen(file);
    // The next checkpoint, which takes the place of all before it, has these lines no more.
    if (power) fs.syncData(file);
    if (power && size === bytes.length) fs.syncFolder(folder);
    state.logged(count, size);
  } finally {
    fs.close(file);
  }
}

/** Syncs run.log, if there is one. */
export function syncLog(fs: FsPort, folder: string): void {
  const path = join(folder, LOG_NAME);
  if (fs.stat(path) === null) return;
  const file = fs.open(path, 'append');
  try {
    fs.sync(file);
  } finally {
    fs.close(file);
  }
}

/** The facts with as many artifacts as there is room for, and the number of the others; their files are there all the same. */
function withRoom({ artifacts, ...facts }: Params, share: number): Params {
  if (artifacts === undefined || !isParamGroup(artifacts))
    return { ...facts, ...(artifacts !== undefined && { artifacts }) };
  const all = Object.entries(artifacts);
  let bytes = 0;
  const kept = all.filter(
    ([name]) => (bytes += BYTES_PER_ARTIFACT + 2 * Buffer.byteLength(name)) <= share * MAX_ARTIFACT_BYTES,
  );
  const leftOut = all.length - kept.length;
  return {
    ...facts,
    artifacts: Object.fromEntries(kept),
    ...(leftOut > 0 && { artifactsLeftOut: leftOut }),
  };
}
