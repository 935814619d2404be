import { basename, dirname } from 'node:path';
import { ExpmanError, messageOf } from '../../model/errors.js';
import type { Loss } from '../../model/run-file.js';
import { isPolluting } from '../../model/param-value.js';
import { RunStatus } from '../../model/run-status.js';
import { quantity } from '../../pure/quantity.js';
import { type RunInfo, openContents } from '../../reader/inspect-run.js';
import type { OpenRows } from '../../reader/read-rows.js';
import { readIdentity } from '../../run/identity.js';
import type { Mapping } from '../../run/run-record.js';
import { METRICS_NAME } from '../../storage/metrics-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { filesMarks } from '../moving/copy-files.js';
import { readClosedRun } from '../moving/held-run.js';
import { type RunFiles, runFilesIn } from '../source/run-files.js';
import type { MergeNotes } from './merge-notes.js';
import { StepRanges } from './step-ranges.js';

/** The way in which runs belong together. */
export type MergeKind = 'pieces' | 'ranks';

/** A run that is merged, as it was when the merge began; its file of rows is open. */
export interface MergeSource {
  readonly runDir: string;
  /** Names the run in the merged one: `rank0`, or the name of a piece. */
  readonly label: string;
  readonly rank: number | null;
  readonly info: RunInfo;
  readonly rows: OpenRows;
  /** Its run.yaml. */
  readonly file: Mapping;
  readonly files: RunFiles;
  /** The names, sizes and times of its files. */
  readonly marks: string;
}

/** The rows of a run that can be read, and what is known to be lost of it. */
export interface SurveyedRows {
  readonly rows: number;
  /** The steps between the first and the last value of each metric. */
  readonly ranges: StepRanges;
  readonly losses: readonly Loss[];
}

/**
 * Opens closed runs for a merge; the caller closes their rows.
 *
 * @param as - how they belong together; undefined for ranks if all are of one group, each with its
 * own rank, and else pieces
 * @param order - of pieces: by their start, or as given
 * @throws ExpmanError `INVALID_VALUE` for a link, one run given twice, or a rank that two have;
 * `RUN_NOT_FOUND`, `RUN_LOCKED`, `CORRUPT`, `UNSAFE_YAML`, `UNSUPPORTED_VERSION`, `IO`
 */
export function openSources(
  runDirs: readonly string[],
  as: MergeKind | undefined,
  order: 'start' | 'given',
): { readonly kind: MergeKind; readonly sources: readonly MergeSource[] } {
  const opened: Omit<MergeSource, 'label'>[] = [];
  try {
    for (const runDir of runDirs) opened.push(openSource(runDir));
    mustBeDifferent(opened);
    const kind = as ?? (areRanks(opened) ? 'ranks' : 'pieces');
    return { kind, sources: kind === 'ranks' ? asRanks(opened) : asPieces(opened, order) };
  } catch (error) {
    closeSources(opened);
    throw error;
  }
}

/** Closes the files of rows. */
export function closeSources(sources: readonly Pick<MergeSource, 'rows'>[]): void {
  for (const { rows } of sources) rows.close();
}

/**
 * Checks that a run is as it was when the merge began.
 *
 * @throws ExpmanError `RUN_LOCKED` if it was opened, `IO` if its files have changed
 */
export function mustBeUnchanged(source: MergeSource): void {
  readClosedRun(source.runDir);
  mustHaveSameFiles(source);
}

/** Checks the same of a run that nobody can open now. @throws ExpmanError `IO` */
export function mustHaveSameFiles({ runDir, marks }: MergeSource): void {
  if (filesMarks(runDir, runFilesIn(runDir)) !== marks)
    throw new ExpmanError('IO', `${runDir} was changed while it was merged; try again`, { path: runDir });
}

function openSource(runDir: string): Omit<MergeSource, 'label'> {
  readClosedRun(runDir);
  const files = runFilesIn(runDir);
  const marks = filesMarks(runDir, files);
  const { info, rows } = openContents(nodeFs, runDir);
  try {
    const { file } = readIdentity(nodeFs, runDir);
    if (info.status === RunStatus.Running)
      throw new ExpmanError('RUN_LOCKED', `${runDir} is open; merge it once it is closed`, { path: runDir });
    return { runDir, rank: info.identity.rank ?? null, info, rows, file, files, marks };
  } catch (error) {
    rows.close();
    throw error;
  }
}

function mustBeDifferent(opened: readonly Omit<MergeSource, 'label'>[]): void {
  const seen = new Map<string, string>();
  for (const { runDir, info } of opened) {
    const other = seen.get(info.identity.uuid);
    if (other !== undefined)
      throw new ExpmanError(
        'INVALID_VALUE',
        `${other} and ${runDir} are the same run: both have the uuid ${info.identity.uuid}; name it once`,
        { path: runDir, rule: 'different runs', value: info.identity.uuid },
      );
    seen.set(info.identity.uuid, runDir);
  }
}

function areRanks(opened: readonly Omit<MergeSource, 'label'>[]): boolean {
  const ranks = opened.map(({ rank }) => rank);
  const groups = new Set(opened.map(({ info }) => info.identity.group));
  return (
    groups.size === 1 && !groups.has(null) && !ranks.includes(null) && new Set(ranks).size === ranks.length
  );
}

function asRanks(opened: readonly Omit<MergeSource, 'label'>[]): MergeSource[] {
  const known = opened.filter(({ rank }) => rank !== null);
  const ranked = known.length === 0 ? opened.map((each, rank) => ({ ...each, rank })) : opened;
  const taken = new Map<number, string>();
  for (const { rank, runDir } of ranked) {
    if (rank === null)
      throw new ExpmanError(
        'INVALID_VALUE',
        `${runDir} has no rank, but others have one; merge runs that all have one, or that all have none and are numbered as they are given`,
        { path: runDir, rule: 'a rank for all runs or for none', value: null },
      );
    const other = taken.get(rank);
    if (other !== undefined)
      throw new ExpmanError('INVALID_VALUE', `${other} and ${runDir} both have the rank ${rank}`, {
        ...{ path: runDir, rule: 'a different rank for each run', value: rank },
      });
    taken.set(rank, runDir);
  }
  return ranked
    .map((each) => ({ ...each, label: `rank${each.rank}` }))
    .sort((a, b) => Number(a.rank) - Number(b.rank));
}

function asPieces(opened: readonly Omit<MergeSource, 'label'>[], order: 'start' | 'given'): MergeSource[] {
  const startOf = ({ info }: Pick<MergeSource, 'info'>): number => Date.parse(info.identity.startedAt) || 0;
  const ordered = order === 'given' ? opened : [...opened].sort((a, b) => startOf(a) - startOf(b));
  const taken = new Set<string>();
  return ordered.map((each) => {
    const name = basename(each.runDir);
    let label = isPolluting(name) ? `${name}_` : name;
    for (let n = 2; taken.has(label); n++) label = `${name}_${n}`;
    taken.add(label);
    return { ...each, label };
  });
}

/**
 * Reads the rows of a run once: how many can be read, and which steps each metric spans; notes what
 * cannot be read.
 */
export function surveyRows(source: MergeSource, notes: MergeNotes): SurveyedRows {
  const { info, rows, label } = source;
  const ranges = new StepRanges(rows);
  const losses: Loss[] = info.losses.map((loss) => ({
    ...loss,
    epoch: -1,
    file: loss.file === '' ? label : `${label}/${loss.file}`,
  }));
  const lose = (calls: number, file: string): void => {
    losses.push({ epoch: -1, firstRecord: 0, records: calls, calls, file: `${label}/${file}` });
  };
  if (info.lost > 0) notes.leftOut(source, `${quantity(info.lost, 'calls')} were lost before the merge`);
  if (info.rowsBehindGap > 0) {
    lose(info.rowsBehindGap, 'wal');
    notes.leftOut(
      source,
      `${quantity(info.rowsBehindGap, 'rows')} behind damaged bytes of its log were not read; \`expman recover\` restores them`,
    );
  }
  if (info.tornBytes > 0)
    notes.leftOut(source, `the last ${quantity(info.tornBytes, 'bytes')} of its log were cut off`);
  let read = 0;
  let damage: string | null = info.corrupt.includes(METRICS_NAME) ? 'it is damaged or missing' : null;
  try {
    for (const batch of rows.batches()) {
      ranges.add(batch);
      read += batch[0]?.length ?? 0;
    }
  } catch (error) {
    if (!(error instanceof ExpmanError) || error.code !== 'CORRUPT') throw error;
    damage = messageOf(error);
  }
  if (damage !== null) {
    const known = Math.max(rows.rows, readIdentity(nodeFs, source.runDir).rows);
    lose(Math.max(0, known - read), METRICS_NAME);
    notes.leftOut(
      source,
      `${METRICS_NAME}: ${damage}; of ${quantity(known, 'rows')}, the first ${read} were read`,
    );
  }
  for (const name of info.corrupt)
    if (name !== METRICS_NAME)
      notes.leftOut(source, `${name} is damaged, and was read as far as it is whole`);
  return { rows: read, ranges, losses };
}

/** Describes a run by experiment and name, as its folders are called. */
export const namesOf = ({ runDir }: MergeSource): { readonly experiment: string; readonly run: string } => ({
  experiment: basename(dirname(runDir)),
  run: basename(runDir),
});
