import { type Command, command } from './command.js';
import {
  ARCHIVE,
  ARTIFACTS,
  CLEAN,
  COMPARE,
  EXPORT,
  GATE,
  IMPORT,
  LIST,
  MERGE,
  MONITOR,
  NONE,
  NOTE,
  PLACING,
  PLOT,
  PROJECT,
  QUERY,
  RECOVER,
  REPORT,
  SERVE,
  STOP,
  SWEEP,
  TAG,
  TAIL,
  UNARCHIVE,
  WORK,
} from './command-options.js';

const ELSEWHERE_DETAILS =
  'Whether a process on another host is still running cannot be known for certain:\nwithout --force such a run is refused with RUN_LOCKED.';

const CSV_DETAILS =
  '--csv prints values as exact as --json does. Null is an empty cell, an empty\n' +
  'text is "", a list is JSON. A text that a spreadsheet would treat as a formula\n' +
  "gets a leading ', and so does one that looks like a number in a column that also\n" +
  'holds numbers. Lines end in a line feed.';

/** All commands, in the order the help shows them. */
export const COMMANDS: readonly Command[] = [
  command({
    name: 'list',
    args: '[dir]',
    summary: 'Lists runs: status, start, rows, tags, metrics.',
    options: LIST,
    details:
      'DIR is a folder of experiments (default ./experiments), an experiment, or a run.\n' +
      'Tags are shown on terminals at least 100 columns wide, or with --columns tags.\n\n' +
      '--csv prints a row per run: the columns of the view runs of `expman query`, then\n' +
      'params.PATH for every parameter, and last, min, max, mean, count, stepOfMin and\n' +
      'stepOfMax of every metric, as metrics.NAME.last; with --columns, experiment, run\n' +
      'and those fields. Runs that cannot be read are reported on stderr.\n\n' +
      '--group-by prints a row per group: the number of runs in it, with the ranks of a\n' +
      'distributed run as one, and the mean and sample deviation of summary values and\n' +
      `metrics, or of the fields of --columns.\n${CSV_DETAILS}`,
    json: 'an array of one object per run: experiment, run, runDir, project, uuid, status, startedAt, endedAt, durationMs, rows, accepted, rewound, lastStep, dropped, invalid, lost, tags, notes, group, rank, parent ({ uuid, experiment, run, step, epoch } of a fork), params, metrics (by name: last, count, min, max, mean, stepOfMin, stepOfMax and the same as minStep, maxStep, nan, texts), summary, headline, definitions, artifacts, loggedArtifacts and usedArtifacts (by version: type, digest, at), artifactLinksLeftOut, alerts (each: id, at, level, title, text, repeats, delivery, sentAt), alertsLeftOut, error; owner is "unsure" if a process on another host may or may not be running. A run that cannot be read has the status UNREADABLE and the reason in error. With --group-by one object per group: group, count, runs (their folders), figures (by name: count, mean, deviation, min, max, best with value and runDir where a goal is defined).',
    load: () => import('./list.js'),
  }),
  command({
    name: 'inspect',
    args: '<run...>',
    summary: 'Shows everything about a run except its rows and log.',
    options: NONE,
    details:
      'Changes nothing. RUN is the folder of a run, with its run.yaml. Shows status,\n' +
      'counts, alerts, summary, parameters, metrics, artifacts, media, resumes, losses,\n' +
      'environment and files: at most 40 of each, and how many more there are.',
    json: 'an object (for several runs, an array of objects) with the keys that list prints, and identity, owner, rows, publishedRows, walRows, metrics, params, artifacts, media (each: name, step, file, kind, type, bytes, sha256, caption, timestamp, path; null if they cannot be read), files, losses (each: epoch, firstRecord, records, calls, atMost, others, file), tornBytes, corrupt, kept, setAside, malformed, rowsBehindGap.',
    load: () => import('./inspect.js'),
  }),
  command({
    name: 'tail',
    args: '<run>',
    summary: 'Prints the last log lines and rows of a run.',
    options: TAIL,
    json: 'one object per line: { kind: "log", timestampMs, level, message, meta } or { kind: "row", step, timestamp, values }.',
    load: () => import('./tail.js'),
  }),
  command({
    name: 'plot',
    args: '<run...>',
    summary: 'Plots a metric of runs, or one point per run.',
    options: PLOT,
    details:
      'RUN is a run, an experiment, or a folder of experiments (all runs in it).\n' +
      'The x axis is the one of run.defineMetric unless --x is given. With --by or\n' +
      '--last each run is one point: its summary value of that name, else its metric\n' +
      'by run.defineMetric (the last value without one), else a field such as duration.',
    json: '{ metric, x, curves: [{ name, points: [[x, y], ...] }] }; with --by or --last { metric, by, points: [{ experiment, run, runDir, x, value }] }.',
    load: () => import('./plot.js'),
  }),
  command({
    name: 'compare',
    args: '<run...>',
    summary: 'Shows where runs differ: parameters, then metrics.',
    options: COMPARE,
    details:
      'RUN is a run, an experiment, or a folder of experiments (all runs in it). With\n' +
      '--cases, two runs that were made with evaluate: which cases broke, were mended,\n' +
      'or changed a score.',
    json: '{ runs, params: { key: [one value per run] }, summary: { name: [one value per run] }, metrics: { name: { last, min, max, mean, count, minStep, maxStep, nan, texts, goal } } }; each list has one entry per run, null if the run has none. With --cases { before, after, broke, mended, changed: [{ id, before, after, scores }], same, removed, added }.',
    load: () => import('./compare.js'),
  }),
  command({
    name: 'gate',
    args: '<run>',
    summary: 'Checks a figure of a run against limits, for CI.',
    options: GATE,
    details:
      'Exit code 0 if the run passes, 5 if it fails; the others as of every command.\n' +
      'A run must be FINISHED to pass. --baseline tag:NAME is the newest finished run\n' +
      'of the experiment with that tag, last the newest one that started before (a run\n' +
      'of that name is given by its path); one tagged gate:failed is never a baseline.\n' +
      'The first run of an experiment has nothing before it, and passes --max-drop.',
    json: '{ passed, runDir, experiment, run, metric, value, goal, baseline: { runDir, run, value } or null, checks: [{ name, passed, message }], tagged, failedBefore, tagProblem: text or null }.',
    load: () => import('./gate.js'),
  }),
  command({
    name: 'serve',
    args: '[dir]',
    summary: 'Shows runs and their curves in a browser, live.',
    options: SERVE,
    details:
      'DIR is a folder of experiments (default ./experiments). Prints the address with\n' +
      'its token; anyone with the token can read all runs below DIR. Ctrl-C stops it.\n' +
      'Changes nothing without --write.',
    json: '{ url, port, token } on one line, as soon as the server listens.',
    load: () => import('./serve.js'),
  }),
  command({
    name: 'report',
    args: '<run...>',
    summary: 'Writes runs to a single HTML file for sharing.',
    options: REPORT,
    details:
      'RUN is a run, an experiment, or a folder of experiments (all runs in it). The\n' +
      'file holds the curves (2,000 points each, peaks kept), parameters, images, and\n' +
      'the last 1,000 log lines of each run. It opens in any browser, also offline.',
    json: '{ path, runs, bytes }.',
    load: () => import('./report.js'),
  }),
  command({
    name: 'query',
    args: '<dir> <sql>',
    summary: 'Runs a SQL query over all runs, with DuckDB.',
    options: QUERY,
    details:
      'Views and their columns:\n' +
      '  runs       experiment, run, run_dir, uuid, status, started_at, ended_at,\n' +
      '             duration_ms, rows, accepted, rewound, last_step, dropped, invalid,\n' +
      '             lost, tags, notes, "group", rank, parent, exit_code, error, alerts,\n' +
      '             project, and "summary.NAME" for each summary value\n' +
      '  summaries  experiment, run, name, value (text), number, headline\n' +
      '  params     experiment, run, key, value (text), number\n' +
      '  metrics    experiment, run, step, timestamp, metric, value, text: one row per\n' +
      '             value\n' +
      '  wide       experiment, run, step, timestamp, and one column per metric\n' +
      '  logs       experiment, run, timestamp, level, message, meta\n' +
      '  tables     experiment, run, step, name, row, data (JSON): one row per row of a\n' +
      '             logged table\n' +
      '  artifact_versions  name, version, ref, type, created_at, experiment, run,\n' +
      '             run_uuid, aliases, digest, bytes, files\n' +
      '  artifact_links  experiment, run, run_uuid, link (logged or used), ref, name,\n' +
      '             version, type, digest, at\n' +
      'A key is a dotted path. A name that contains a dot is quoted if the path would\n' +
      'be ambiguous: in {"lr.decay": 1, "lr": {"decay": 2}} the key "lr.decay", with\n' +
      'its quotes, is 1. A query reads only the runs below DIR, and changes nothing.\n' +
      `${CSV_DETAILS}\n\n` +
      '  expman query experiments \\\n' +
      '    "SELECT run, min(value) FROM metrics WHERE metric = \'loss\' GROUP BY run"',
    json: 'an array of one object per row; repeated column names get a numeric suffix.',
    load: () => import('./query.js'),
  }),
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
  command({
    name: 'monitor',
    args: '[dir]',
    summary: 'Watches runs for crashes, stalls, or a filter.',
    options: MONITOR,
    details:
      'DIR is a folder of experiments (default ./experiments), an experiment, or a run.\n' +
      'Prints a run once for each condition, and again after it was resumed. Sends it\n' +
      'to the webhook in EXPMAN_WEBHOOK, if that is set, with the alerts that ended\n' +
      'runs have left unsent. Runs until Ctrl-C; with --once the exit code is 5 if\n' +
      'anything was found.',
    json: 'one object per line: { kind: "crashed", "stalled" or "matched", condition, message, runDir, experiment, run, uuid, epoch, at }, { kind: "alerts", runDir, sent, unproven, failure } or { kind: "problem", runDir, code, message }.',
    load: () => import('./monitor.js'),
  }),
  command({
    name: 'sweep',
    args: '<dir>',
    summary: 'Shows the trials of a sweep and where they run.',
    options: SWEEP,
    details:
      'DIR is the folder of a sweep: the experiment, with its sweep.yaml.\n' +
      'Workers are the hosts that have run its trials; without a host, a trial ran in\n' +
      'the process of the sweep.',
    json: '{ dir, status, uuid, metric, mode, searcher, scheduler, best, trials, workers }; each trial: trial, attempt, status, params, value, step, run, host, slot, runDir, error; each worker: host, slots, running, ended. best is the number of a trial.',
    load: () => import('./sweep.js'),
  }),
  command({
    name: 'work',
    args: '[url]',
    summary: 'Runs trials that a sweep offers in a queue.',
    options: WORK,
    details:
      '--sweep and --module are required.\n' +
      'URL is the Redis or Valkey server of the sweep, redis://host:6379; without it,\n' +
      'EXPMAN_QUEUE is used, which keeps a password out of the list of processes. Waits\n' +
      'for a sweep that has not begun, and ends with exit code 0 when it has ended.\n' +
      'SIGTERM and SIGINT let running trials finish first; a second one ends at once.\n' +
      'Every trial has a worker thread; with --env, each slot is a process of its own.\n' +
      'Parameters must be of the space that the module exports as `space`.',
    json: 'one line per event: { event: "begun" | "ended", trial, attempt, slot, status, value, error } or { event: "note", text }.',
    load: () => import('./work.js'),
  }),
  command({
    name: 'stop',
    args: '<run...>',
    summary: 'Asks running runs, or a sweep, to end.',
    options: STOP,
    details:
      'RUN is the folder of a run, or that of a sweep. A run ends when its program\n' +
      'reacts to run.stop$ or run.signal; a later owner of the run is not asked. The\n' +
      'exit code is 2 if nobody runs it, and 4 if it has not ended within --timeout.',
    json: 'an array of { runDir, hasEnded }.',
    load: () => import('./stop.js'),
  }),
  command({
    name: 'recover',
    args: '<dir...>',
    summary: 'Recovers interrupted runs and closes them.',
    options: RECOVER,
    details: `DIR is a run, an experiment, or a folder of experiments.\nThe exit code is 2 if anything is damaged or calls were lost, now or earlier.\n${ELSEWHERE_DETAILS}`,
    json: '{ recovered: [{ runDir, changed, status, rows, replayedRows, tornBytes, corrupt, missingRecords, lost, losses, takenBack, alertsSent, malformed }], failed: [{ runDir, code, message }] }.',
    load: () => import('./recover.js'),
  }),
  command({
    name: 'verify',
    args: '<dir...>',
    summary: 'Verifies all checksums of runs; changes nothing.',
    options: NONE,
    details:
      'DIR is a run, an experiment, or a folder of experiments; every byte is read.\n' +
      'The exit code is 2 if anything is damaged or calls were lost, now or earlier.',
    json: 'an array of { runDir, status, rows, checkedBytes, tornBytes, lost, losses, problems: [{ file, code, message }] }.',
    load: () => import('./verify.js'),
  }),
  command({
    name: 'doctor',
    args: '[dir]',
    summary: 'Checks a folder and this machine for problems.',
    options: NONE,
    json: 'an array of { kind: "fine" | "warning" | "problem", what, advice }.',
    load: () => import('./doctor.js'),
  }),
  command({
    name: 'completion',
    args: '<shell>',
    summary: 'Prints a completion script for bash, zsh or fish.',
    options: NONE,
    details: '  source <(expman completion bash)',
    json: 'the same script.',
    load: async () => {
      const { completionFor } = await import('./completion.js');
      return { run: completionFor(COMMANDS) };
    },
  }),
];
