import { basename, dirname, join } from 'node:path';
import { copyParent } from '../../engine/files/fork.js';
import { messageOf } from '../../model/errors.js';
import { PARENT_FOLDER, type RunParent } from '../../model/run-parent.js';
import type { RunStatus } from '../../model/run-status.js';
import { readIdentity } from '../../run/identity.js';
import { findParent, forksIn } from '../../run/lineage.js';
import { isPrivateFolder, nodeFs } from '../../storage/node-fs.js';
import { asyncOf } from '../exchange/async-of.js';
import { inReadyExperiment } from '../moving/in-ready-experiment.js';
import { destinationOf } from '../moving/move-run.js';
import { mustNotBeTrial } from '../moving/trials.js';
import { deleteClosedRun } from '../target/delete-run.js';
import type { Destination } from '../target/draft-run.js';
import { mustBeFree } from '../target/place-folder.js';
import { writeRunBy } from '../target/write-run.js';
import { mergeArtifacts } from './merge-artifacts.js';
import { mergeCheckpoints, mergeMedia } from './merge-files.js';
import { joinedLog } from './merge-header.js';
import { MergeNotes } from './merge-notes.js';
import { MERGE_OPTIONS, type MergeOptions, type Merging, checkRuns, placeFor } from './merge-options.js';
import type { ParamConflict } from './merge-params.js';
import { noteReplaced, type Plan, planned, rowsOf } from './merge-plan.js';
import {
  type MergeKind,
  type MergeSource,
  closeSources,
  mustBeUnchanged,
  mustHaveSameFiles,
  namesOf,
  openSources,
} from './merge-sources.js';
import { mergedFile } from './merged-file.js';

/** A run that was merged into another. */
export interface MergedSource {
  readonly runDir: string;
  readonly experiment: string;
  readonly run: string;
  /** 32 hex digits. */
  readonly uuid: string;
  /** Its name in the new run: `rank0`, or the name of the run. */
  readonly label: string;
  /** Its rows that are in the new run, as rows or as a part of one. */
  readonly rows: number;
  /** Its values that are not, because those of a later piece replace them. */
  readonly replaced: number;
  /** True if its folder was deleted. */
  readonly deleted: boolean;
  /** The reason why it was not deleted, though that was asked for; null otherwise. */
  readonly kept: string | null;
}

/** The result of merging runs. */
export interface MergedRun {
  /** The folder of the new run; the one it would have, if nothing was written. */
  readonly runDir: string;
  readonly experiment: string;
  readonly run: string;
  /** 32 hex digits; null if nothing was written. */
  readonly uuid: string | null;
  readonly as: MergeKind;
  readonly status: RunStatus;
  readonly rows: number;
  /** The runs that it is made of, in the order in which they were merged. */
  readonly runs: readonly MergedSource[];
  /** The parameters for which the runs have different values. */
  readonly conflicts: readonly ParamConflict[];
  /** What was chosen and what was left out, in words; the log of the new run says it, too. */
  readonly notes: readonly string[];
  readonly dryRun: boolean;
}

/**
 * Merges closed runs into a new one: pieces of one training that were logged as several runs, or the
 * ranks of a distributed one. The runs are only read, unless `deleteSources` is true.
 *
 * Pieces: rows come in the order of their steps. Where a later piece has values of a metric before
 * and after a step (or at it), those of earlier ones at that step are left out. Ranks: metrics get the names
 * `rank0/loss` and so on, and the rows of one step become one.
 *
 * It is written in a hidden folder and renamed once it is complete: there is a whole run or none. Of
 * a damaged run, what is whole is taken, and the rest is noted and counted as lost. Rows are read and
 * written one after another: memory does not grow with their number.
 *
 * @param into - the new run: NAME, in the experiment of the first run; EXPERIMENT/NAME, below the
 * same folder of experiments; or a path
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `RUN_LOCKED` while the owner of a run is or may be
 * alive, `RUN_EXISTS`, `INVALID_NAME`, `INVALID_OPTION`; `INVALID_VALUE` for a link, for ranks that do not
 * fit together, and for what a strict merge refuses; `CORRUPT`, `IO`, `WRITE_FAILED`
 * @example
 * await mergeRuns(['./experiments/digits/monday', './experiments/digits/tuesday'], 'digits/whole');
 */
export async function mergeRuns(
  runDirs: readonly string[],
  into: string,
  options: MergeOptions = {},
): Promise<MergedRun> {
  const folders = checkRuns(runDirs);
  const merging = MERGE_OPTIONS.resolve(options);
  const to = placeFor(into, folders[0] ?? '');
  const target = join(to.dir, to.experiment, to.run);
  const { kind, sources } = openSources(folders, merging.as, merging.order);
  let merged: Merged;
  const notes = new MergeNotes(merging.strict);
  try {
    for (const { runDir } of sources) {
      destinationOf(runDir, { ...to, runName: to.run, whenTaken: 'fail', onBytes: undefined });
      if (merging.deleteSources) mustNotBeTrial(runDir);
    }
    if (merging.whenTaken === 'fail') mustBeFree(target);
    merged = await merge(planned(kind, sources, notes), to, merging);
  } finally {
    closeSources(sources);
  }
  const { plan, rows, runDir } = merged;
  const isDeleting = merging.deleteSources && !merging.dryRun;
  const reasons = isDeleting ? deleteSources(sources, notes) : new Map<string, string>();
  return {
    ...{ runDir, experiment: to.experiment, run: basename(runDir) },
    uuid: merging.dryRun ? null : readIdentity(nodeFs, runDir).identity.uuid,
    ...{ as: kind, status: merged.status, rows },
    runs: plan.sources.map((source, index) => {
      const { rows: taken = 0, replaced = 0 } = plan.tallies[index] ?? {};
      const kept = reasons.get(source.runDir) ?? null;
      return {
        ...{
          runDir: source.runDir,
          ...namesOf(source),
          uuid: source.info.identity.uuid,
          label: source.label,
        },
        ...{ rows: taken, replaced, deleted: isDeleting && kept === null, kept },
      };
    }),
    ...{ conflicts: plan.conflicts, notes: notes.texts, dryRun: merging.dryRun },
  };
}

/** A merge that is done. */
interface Merged {
  readonly plan: Plan;
  readonly runDir: string;
  readonly rows: number;
  readonly status: RunStatus;
}

async function merge(plan: Plan, to: Destination, merging: Merging): Promise<Merged> {
  const { sources, header } = plan;
  const first = sources[0]?.runDir ?? to.dir;
  if (!merging.dryRun) return inReadyExperiment(first, to, [], () => write(plan, to, merging));
  const all = rowsOf(plan, merging);
  let rows = 0;
  while (all.next().done !== true) rows++;
  noteReplaced(plan);
  return { plan, runDir: join(to.dir, to.experiment, to.run), rows, status: header.status };
}

async function write(plan: Plan, to: Destination, merging: Merging): Promise<Merged> {
  const { kind, sources, tallies, header, notes, parent } = plan;
  let artifacts = {};
  const { runDir, rows, status } = await writeRunBy(
    {
      ...header,
      ...{ experiment: to.experiment, run: to.run, fields: [] },
      rows: () => asyncOf(rowsOf(plan, merging)),
      log: () => asyncOf(joinedLog(sources)),
    },
    to,
    {
      ...{ work: 'merge', whenTaken: merging.whenTaken },
      // A run that was private stays so.
      fileMode: sources.some(({ runDir: from }) => isPrivateFolder(from)) ? 'private' : 'umask',
      fill: async (folder) => {
        noteReplaced(plan);
        await mergeMedia(folder, kind, sources, notes);
        const parts = await mergeCheckpoints(folder, kind, sources, notes);
        artifacts = await mergeArtifacts(folder, sources, parts, notes);
        if (parent !== null) takeParent(sources[0], parent, to, folder);
        for (const source of sources) mustBeUnchanged(source);
        return notes.texts;
      },
      amend: (file) => mergedFile(file, { kind, sources, tallies, artifacts, parent }),
    },
  );
  return { plan, runDir, rows, status };
}

/** Takes a copy of the run that the first piece was forked from along, if it is not found otherwise. */
function takeParent(
  piece: MergeSource | undefined,
  parent: RunParent,
  { dir }: Destination,
  folder: string,
): void {
  if (piece === undefined) return;
  const base = dirname(dirname(piece.runDir));
  const found = findParent(nodeFs, base, piece.runDir, parent);
  if (found === null) return;
  if (dir !== base || found.runDir === join(piece.runDir, PARENT_FOLDER))
    copyParent(nodeFs, found.runDir, folder);
}

/**
 * Deletes runs that were merged, the last first, which may be forks of earlier ones; returns the
 * reasons why some have to stay.
 */
function deleteSources(sources: readonly MergeSource[], notes: MergeNotes): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  for (const source of [...sources].reverse()) {
    const { runDir, info } = source;
    const stays = (why: string): unknown => reasons.set(runDir, why);
    try {
      const fork = forksIn(nodeFs, dirname(dirname(runDir))).find(({ parentDir }) => parentDir === runDir);
      if (!notes.isWhole(source)) stays('not all of it is in the new run');
      else if (fork !== undefined) stays(`${fork.runDir} was forked from it`);
      else
        deleteClosedRun(runDir, info.identity.uuid, () => {
          mustHaveSameFiles(source);
        });
    } catch (error) {
      stays(messageOf(error));
    }
  }
  return reasons;
}
