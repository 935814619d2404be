import { type Command, command } from './command.js';
import {
  ARCHIVE,
  ARTIFACTS,
  CLEAN,
  EXPORT,
  IMPORT,
  MERGE,
  NONE,
  NOTE,
  PLACING,
  PROJECT,
  RECOVER,
  TAG,
  UNARCHIVE,
} from './command-options.js';

/** What is said of commands that take over runs. */
export const ELSEWHERE_DETAILS =
  'Whether a process on another host is still running cannot be known for certain:\nwithout --force such a run is refused with RUN_LOCKED.';

/** The commands that bring runs in and out, and arrange them, in the order of the help. */
export const KEEPING_COMMANDS: readonly Command[] = [
  command({
    name: 'export',
    args: '<run>',
    summary: 'Exports a run, or all of an experiment.',
    options: EXPORT,
    details:
      'RUN may also be an experiment: then PATH is a new folder, with RUN.FORMAT or a\n' +
      'folder RUN for each of its runs, and copies of experiment.yaml and sweep.yaml.',
    json: '{ runDir, format, path, loses }; of an experiment { dir, runs, format, path, loses }.',
    load: () => import('./export.js'),
  }),
  command({
    name: 'import',
    args: '<path>',
    summary: 'Imports runs from another tool.',
    options: IMPORT,
    details:
      'Detects the format: TensorBoard event files, what W&B keeps offline and its\n' +
      'histories (CSV, JSON), file stores and databases of MLflow, databases of\n' +
      'trackio, DVCLive, Sacred, expman-rs, neptune-exporter, tables of anybody\n' +
      '(CSV, Parquet, Arrow), and everything that export writes.\n\n' +
      'Imports what is whole, and says what was left out or guessed. A run that was\n' +
      'imported before and is unchanged is skipped.',
    json: '{ format, imported: [{ experiment, run, runDir, status, rows, params, summary, files, media, logLines, invalid, leftOut, guessed }], skipped: [{ run, runDir }], failed: [{ run, code, message }] }.',
    load: () => import('./import.js'),
  }),
  command({
    name: 'artifacts',
    args: '[artifact]',
    summary: 'Lists artifacts with versions, and their lineage.',
    options: ARTIFACTS,
    details:
      'ARTIFACT is a name, such as model, for all its versions; or one version with the\n' +
      'runs that made and used it: model:v3, model:best, model:latest.\n\n' +
      '--verify and --prune are for all artifacts; --verify also for one, or one\n' +
      'version. --prune deletes nothing younger than 24 hours, and no number of a\n' +
      'version is used again. The exit code is 2 if anything is damaged.',
    json: 'without ARTIFACT an array of { name, type, versions, newest, aliases, bytes, problems }; for a name an array of versions, each { name, version, ref, type, createdAt, createdBy, aliases, digest, bytes, files, usedBy }; for a version that object with lineage { loggedBy, usedBy, ancestors, descendants, leftOut }. With --output { ref, dir, files, references }; with --verify { versions, checkedBytes, problems }; with --prune { dryRun, versions, contents, bytes, leftovers }.',
    load: () => import('./artifacts.js'),
  }),
  command({
    name: 'tag',
    args: '<run...>',
    summary: 'Adds tags to closed runs, or removes them.',
    options: TAG,
    json: 'an array of { runDir, tags }.',
    load: () => import('./tag.js'),
  }),
  command({
    name: 'note',
    args: '<run> <text>',
    summary: 'Replaces the notes of a closed run, or adds to them.',
    options: NOTE,
    json: '{ runDir, notes }.',
    load: () => import('./note.js'),
  }),
  command({
    name: 'project',
    args: '<dir> [name]',
    summary: 'Shows or sets the project of an experiment.',
    options: PROJECT,
    details:
      'DIR is the folder of an experiment. The project stands above experiments: a\n' +
      'column of list and of the view runs, and a field of filters, as in\n' +
      '--where "project = \'vision\'".',
    json: '{ dir, project }.',
    load: () => import('./project.js'),
  }),
  command({
    name: 'mv',
    args: '<run...>',
    usage: '<run...> <experiment>',
    summary: 'Moves closed runs to an experiment.',
    options: PLACING,
    details:
      'EXPERIMENT is a name, for an experiment beside that of the run, or the path of\n' +
      "an experiment's folder; a new one is made. Each run is moved whole or not at\n" +
      'all, and keeps its uuid; all are checked before the first is moved. A run that\n' +
      'was cut off is recovered first; one that is open, or is a trial of a sweep, is\n' +
      'refused.',
    json: '{ moved: [{ from, runDir, experiment, run, uuid, recovered, copied }], failed: [{ runDir, code, message }] }; copied is true if the place is on another file system.',
    load: () => import('./mv.js'),
  }),
  command({
    name: 'cp',
    args: '<run...>',
    usage: '<run...> <experiment>',
    summary: 'Copies closed runs to an experiment.',
    options: PLACING,
    details:
      'EXPERIMENT is named as for mv. A copy holds everything of its run, under a uuid\n' +
      'of its own; copiedFrom in its run.yaml names the original, which is only read.\n' +
      'The copy of a run that was cut off is recovered; a run that is open is refused.',
    json: '{ copied: [{ from, runDir, experiment, run, uuid, recovered, skipped }], failed: [{ runDir, code, message }] }; skipped names links and the like, which are left out.',
    load: () => import('./cp.js'),
  }),
  command({
    name: 'rename',
    args: '<run> <name>',
    summary: 'Gives a closed run another name.',
    options: NONE,
    details: 'It stays in its experiment; otherwise the same as mv.',
    json: '{ from, runDir, experiment, run, uuid, recovered, copied }.',
    load: () => import('./rename.js'),
  }),
  command({
    name: 'merge',
    args: '<run...>',
    summary: 'Merges closed runs into a new one.',
    options: MERGE,
    details:
      'For pieces of one training that were logged as several runs, or its ranks.\n' +
      'NAME is in the experiment of the first run, EXPERIMENT/NAME beside it.\n\n' +
      'Pieces: rows in the order of steps. Where a later piece has values of a metric\n' +
      'on both sides of a step, those of earlier pieces are left out and counted.\n' +
      'Ranks: metrics become rank0/loss and so on, and the rows of a step one row.\n' +
      'Parameters that differ are kept for each run, artifacts of one name likewise.\n\n' +
      'The new run is whole or not there at all; its run.yaml names the others, which\n' +
      'are only read. Of a damaged run, what is whole is taken, and the rest reported.\n\n' +
      '  expman merge experiments/digits/rank* --into digits/all',
    json: '{ runDir, experiment, run, uuid, as, status, rows, runs: [{ runDir, experiment, run, uuid, label, rows, replaced, deleted, kept }], conflicts: [{ param, values }], notes, dryRun }; uuid is null with --dry-run.',
    load: () => import('./merge.js'),
  }),
  command({
    name: 'clean',
    args: '<dir>',
    summary: 'Deletes old runs; without --force, only lists them.',
    options: CLEAN,
    details:
      'Never deletes an open run, a folder that is not a run, or anything outside DIR.\n' +
      'With --keep-best, runs that do not have the field are not kept, which is\n' +
      'reported; an experiment in which no run has it stays as it is. --keep and\n' +
      '--keep-best together keep the newest and the best.\n' +
      'Trials of a sweep that has not finished stay, unless --unfinished-sweeps is\n' +
      'given.\n\n' +
      '  expman clean experiments --keep-best 3 --by metrics.val_loss.min \\\n' +
      '    --protect-tag keep',
    json: '{ dryRun, deleted: [{ experiment, run, runDir, status, startedAt, bytes }], failed: [{ runDir, message }], unfinishedSweeps: [{ dir, status, trials }], kept, bytes, best: [{ runDir, value }], protected (folders that only their tag keeps), withoutValue, unranked (experiments without the field) }.',
    load: () => import('./clean.js'),
  }),
  command({
    name: 'reap',
    args: '<dir...>',
    summary: 'Closes runs whose process has died.',
    options: RECOVER,
    details: `They become CRASHED, or get the status that was set before the process died.\n${ELSEWHERE_DETAILS}`,
    json: 'the same as recover.',
    load: () => import('./reap.js'),
  }),
  command({
    name: 'archive',
    args: '<run>',
    summary: 'Packs a run, or an experiment, into one file.',
    options: ARCHIVE,
    details:
      'RUN may also be an experiment: all its runs, experiment.yaml, sweep.yaml and\n' +
      'sweep.journal. A run or a sweep that is open is refused.',
    json: '{ runDir, path, files, bytes, skipped }; of an experiment { dir, experiment, runs, path, files, bytes, skipped }.',
    load: () => import('./archive.js'),
  }),
  command({
    name: 'unarchive',
    args: '<file>',
    summary: 'Unpacks a run or an experiment from an archive.',
    options: UNARCHIVE,
    details:
      'Replaces no existing file. The archive may come from an untrusted source. A\n' +
      'whole experiment is unpacked as one that does not exist yet, all or nothing.',
    json: '{ runDir, experiment, run, files }; of an experiment { dir, experiment, runs, files }.',
    load: () => import('./unarchive.js'),
  }),
];
