import { join } from 'node:path';
import { callsLost } from '../../model/losses.js';
import { isParamGroup } from '../../model/param-value.js';
import { encodeParams, mergeParams, type Params, type ParamValue } from '../../model/params.js';
import type { Loss, RunFile, RunIdentity } from '../../model/run-file.js';
import { RunStatus } from '../../model/run-status.js';
import { VERSION } from '../../model/version.js';
import { RUN_NAME } from '../../run/file-names.js';
import { lossesIn } from '../../run/known-losses.js';
import { type Mapping, RUN_FORMAT, isMapping, readMapping } from '../../run/run-record.js';
import { copyOf } from '../../run/summaries/summary-copy.js';
import { replaceFile } from '../../storage/atomic-file.js';
import type { FsPort } from '../../storage/fs-port.js';
import { MAX_YAML_BYTES, stringifyYaml } from '../../storage/yaml-file.js';

/** The keys of run.yaml that only an ended or a degraded run has. */
const SAYS_IT_ENDED: ReadonlySet<string> = new Set(['endedAt', 'error', 'exitCode', 'degraded']);
const FORMAT = { format: RUN_FORMAT, writtenBy: VERSION };
/**
 * The room reserved in run.yaml for additions before it is next written as a whole: marks of
 * resumes, tags, notes.
 *
 * @bound tells: summariesLeftOut and artifactsLeftOut in run.yaml say how many; specs/writer/run-file.spec.ts "of a run with more metrics, artifacts, tags and notes than it has room for together can still be read"
 */
const SPARE_BYTES = 64 * 1024;
/** @bound tells: artifactsLeftOut in run.yaml says how many; specs/writer/run-file.spec.ts "of a run with more metrics and artifacts than it has room for can still be read, and says how many it left out" */
const MAX_ARTIFACT_BYTES = 256 * 1024;
const BYTES_PER_ARTIFACT = 200;
/**
 * The room for the versions that a run has logged, and for those that it has used.
 *
 * @bound tells: loggedArtifactsLeftOut and usedArtifactsLeftOut in run.yaml say how many; specs/writer/run-file.spec.ts "of a run with more versions of artifacts than it has room for says how many it left out"
 */
const MAX_LINK_BYTES = 192 * 1024;
/**
 * The room for the values of a summary, for its headline and for definitions, each; a run accepts
 * less.
 *
 * @bound tells: summaryLeftOut, headlineLeftOut and definitionsLeftOut in run.yaml say how many; specs/writer/run-file.spec.ts "of a log with more summary values than a run accepts can still be read, and says how many it left out"
 */
const MAX_SUMMARY_BYTES = 160 * 1024;
/**
 * The room for alerts, which sessions that were cut off may have exceeded together.
 *
 * @bound tells: alertsLeftOut in run.yaml says how many; specs/writer/run-file.spec.ts "of a log with more alerts than a run accepts can still be read, and says how many it left out"
 */
const MAX_ALERT_BYTES = 128 * 1024;

/**
 * Replaces `run.yaml`; `facts` are merged over the run's own entries.
 *
 * Long notes and many tags leave less room for summaries and artifacts, which are in other files
 * too.
 */
export function writeRunFile(fs: FsPort, folder: string, run: RunFile, facts: Params): void {
  let bytes = runFileBytes(run, facts, 1);
  for (let share = 0.5; bytes.length > MAX_YAML_BYTES - SPARE_BYTES && share >= 2 ** -6; share /= 2)
    bytes = runFileBytes(run, facts, share);
  replaceFile(fs, join(folder, RUN_NAME), bytes);
}

function runFileBytes(run: RunFile, facts: Params, share: number): Buffer {
  const { metrics, environment, losses, ...rest } = run;
  const params = withRoom(mergeParams({ ...(environment !== undefined && { environment }) }, facts), share);
  const { kept, leftOut } = copyOf(metrics, share);
  const summaries = { metrics: kept, ...(leftOut > 0 && { summariesLeftOut: leftOut }) };
  const said = { ...FORMAT, ...rest, ...(losses.length > 0 && { losses }), ...summaries, ...params };
  return Buffer.from(stringifyYaml(said));
}

/** Reads the losses listed in `run.yaml`. */
export const knownLosses = (fs: FsPort, folder: string): Loss[] =>
  lossesIn(readMapping(fs, folder, RUN_NAME) ?? {});

/** Writes the losses and the number of rows left into `run.yaml`; its other entries stay. */
export function tellLosses(fs: FsPort, folder: string, losses: readonly Loss[], rows: number): void {
  const file = readMapping(fs, folder, RUN_NAME) ?? {};
  const known = isMapping(file['counts']) ? file['counts'] : {};
  const counts = { ...known, rows, lost: callsLost(losses) };
  replaceFile(fs, join(folder, RUN_NAME), Buffer.from(stringifyYaml({ ...file, counts, losses })));
}

/**
 * Records in `run.yaml` that a run continues with a new owner.
 *
 * Metrics and counts stay until the writer has read the rows, and so does the format, which shows
 * if an older version of this package had the run last.
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
 * Returns the facts with as many artifacts and summary values as there is room for, and the numbers left
 * out: the files of artifacts exist all the same, and only a damaged or forged log has more summary
 * values than a run accepts.
 */
export function withRoom(facts: Params, share: number): Params {
  return {
    ...facts,
    ...cutTo(facts, 'artifacts', share * MAX_ARTIFACT_BYTES, artifactBytes),
    ...linksWithRoom(facts, share),
    ...cutTo(facts, 'summary', MAX_SUMMARY_BYTES, textBytes),
    ...cutTo(facts, 'headline', MAX_SUMMARY_BYTES, textBytes),
    ...cutTo(facts, 'definitions', MAX_SUMMARY_BYTES, textBytes),
    ...cutTo(facts, 'alerts', MAX_ALERT_BYTES, textBytes),
  };
}

/** The versions that a run has logged and used, as many as there is room for, and the numbers left out. */
export const linksWithRoom = (facts: Params, share = 1): Params => ({
  ...cutTo(facts, 'loggedArtifacts', share * MAX_LINK_BYTES, artifactBytes),
  ...cutTo(facts, 'usedArtifacts', share * MAX_LINK_BYTES, artifactBytes),
});

/** The first entries of a fact that fit into `room` bytes of text, and the number left out. */
function cutTo(
  facts: Params,
  key: string,
  room: number,
  sizeOf: (name: string, value: ParamValue) => number,
): Params {
  const fact = facts[key];
  if (!isParamGroup(fact)) return {};
  const all = Object.entries(fact);
  let bytes = 0;
  const kept = all.filter(([name, value]) => (bytes += sizeOf(name, value)) <= room);
  const leftOut = all.length - kept.length;
  return { [key]: Object.fromEntries(kept), ...(leftOut > 0 && { [`${key}LeftOut`]: leftOut }) };
}

const artifactBytes = (name: string): number => BYTES_PER_ARTIFACT + 2 * Buffer.byteLength(name);

const textBytes = (name: string, value: ParamValue): number =>
  Buffer.byteLength(encodeParams({ [name]: value }));
