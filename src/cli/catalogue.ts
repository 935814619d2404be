import { type Command, command } from './command.js';
import {
  ARCHIVE,
  CLEAN,
  COMPARE,
  EXPORT,
  IMPORT,
  LIST,
  NONE,
  NOTE,
  PLOT,
  QUERY,
  RECOVER,
  REPORT,
  SERVE,
  TAG,
  TAIL,
  UNARCHIVE,
} from './command-options.js';

const ELSEWHERE_DETAILS =
  'Whether a process on another host still runs is not known for certain: without\n--force such a run is refused as RUN_LOCKED.';

/** All commands, in the order the help shows them. */
export const COMMANDS: readonly Command[] = [
  command({
    name: 'list',
    args: '[dir]',
    summary: 'Lists runs: status, start, rows, tags, metrics.',
    options: LIST,
    details:
      'DIR is a folder of experiments (default ./experiments), an experiment, or a run.\n' +
      'Tags have a column where the terminal has 100 of them, or with --columns tags.',
    json: 'an array of one object per run: experiment, run, runDir, uuid, status, startedAt, endedAt, durationMs, rows, accepted, rewound, lastStep, dropped, invalid, lost, tags, notes, group, rank, params, metrics (by name: last, count, min, max, mean, minStep, maxStep, nan, texts), artifacts, error; owner is "unsure" where a process on another host may or may not run. A run that cannot be read has the status UNREADABLE and says why in error.',
    load: () => import('./list.js'),
  }),
  command({
    name: 'inspect',
    args: '<run...>',
    summary: 'Says what a run is: status, counts, metrics, files.',
    options: NONE,
    details: 'Changes nothing. RUN is the folder of a run, with its run.yaml.',
    json: 'an object, of several runs an array of them: what list prints, and identity, owner, rows, publishedRows, walRows, metrics, params, artifacts, files, losses (each: epoch, firstRecord, records, calls, atMost, others, file), tornBytes, corrupt, kept, setAside, malformed, rowsBehindGap.',
    load: () => import('./inspect.js'),
  }),
  command({
    name: 'tail',
    args: '<run>',
    summary: 'Prints the last lines of the log and the last rows.',
    options: TAIL,
    json: 'one object per line: { kind: "log", timestampMs, level, message, meta } or { kind: "row", step, timestamp, values }.',
    load: () => import('./tail.js'),
  }),
  command({
    name: 'plot',
    args: '<run...>',
    summary: 'Plots a metric; several runs are overlaid.',
    options: PLOT,
    details: 'RUN is a run, an experiment, or a folder of experiments: all runs in it.',
    json: '{ metric, curves: [{ name, points: [[x, y], ...] }] }.',
    load: () => import('./plot.js'),
  }),
  command({
    name: 'compare',
    args: '<run...>',
    summary: 'Shows where runs differ: parameters, then metrics.',
    options: COMPARE,
    details: 'RUN is a run, an experiment, or a folder of experiments: all runs in it.',
    json: '{ runs, params: { key: [a value for each run] }, metrics: { name: { last, min, max, mean, count, minStep, maxStep, nan, texts } } }, every list with an entry for each of runs, null where it has none.',
    load: () => import('./compare.js'),
  }),
  command({
    name: 'serve',
    args: '[dir]',
    summary: 'Shows runs and their curves in a browser, live.',
    options: SERVE,
    details:
      'DIR is a folder of experiments (default ./experiments). Prints the address with\n' +
      'its token; anyone with the token can read all runs below DIR. Ctrl-C ends it.\n' +
      'Changes nothing without --write.',
    json: '{ url, port, token } in one line, as soon as it listens.',
    load: () => import('./serve.js'),
  }),
  command({
    name: 'report',
    args: '<run...>',
    summary: 'Writes runs as one HTML file that can be mailed.',
    options: REPORT,
    details:
      'RUN is a run, an experiment, or a folder of experiments: all runs in it. Holds\n' +
      'the curves (2,000 points each, no peak lost), parameters, the last 1,000 lines\n' +
      'of each log and images; opens in any browser and loads nothing from elsewhere.',
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
      '  runs     experiment, run, run_dir, uuid, status, started_at, ended_at,\n' +
      '           duration_ms, rows, accepted, rewound, last_step, dropped, invalid,\n' +
      '           lost, tags, notes, "group", rank, exit_code, error\n' +
      '  params   experiment, run, key, value (text), number\n' +
      '  metrics  experiment, run, step, timestamp, metric, value, text: a row for each\n' +
      '           value\n' +
      '  wide     experiment, run, step, timestamp, and a column for each metric\n' +
      '  logs     experiment, run, timestamp, level, message, meta\n' +
      'A key is a path with dots. Where {"lr.decay": 1, "lr": {"decay": 2}} would be\n' +
      'one twice, the name that has a dot is quoted: the key "lr.decay" is 1. Reads\n' +
      'nothing but the runs below DIR, and changes nothing.\n\n' +
      '  expman query experiments \\\n' +
      '    "SELECT run, min(value) FROM metrics WHERE metric = \'loss\' GROUP BY run"',
    json: 'an array of one object per row; repeated column names get a numeric suffix.',
    load: () => import('./query.js'),
  }),
  command({
    name: 'export',
    args: '<run>',
    summary: 'Writes a run for another tool.',
    options: EXPORT,
    json: '{ runDir, format, path, loses }.',
    load: () => import('./export.js'),
  }),
  command({
    name: 'import',
    args: '<path>',
    summary: 'Imports runs from another tool.',
    options: IMPORT,
    details:
      'Tells the format itself. Knows TensorBoard event files, expman-rs run folders,\n' +
      'W&B histories (CSV, JSON), MLflow file stores, neptune-exporter, and what export\nwrites.',
    json: '{ format, imported: [{ experiment, run, runDir, status, rows, logLines, invalid, leftOut }], failed: [{ run, code, message }] }.',
    load: () => import('./import.js'),
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
    summary: 'Replaces the notes of a run that is closed.',
    options: NOTE,
    json: '{ runDir, notes }.',
    load: () => import('./note.js'),
  }),
  command({
    name: 'clean',
    args: '<dir>',
    summary: 'Deletes old runs; without --force it only says which.',
    options: CLEAN,
    details: 'Never deletes a run that is open, a folder that is no run, or what is not below\nDIR.',
    json: '{ dryRun, deleted: [{ experiment, run, runDir, status, startedAt, bytes }], failed: [{ runDir, message }], kept, bytes }.',
    load: () => import('./clean.js'),
  }),
  command({
    name: 'reap',
    args: '<dir...>',
    summary: 'Ends runs whose process has died.',
    options: RECOVER,
    details: `They become CRASHED, or what they were ended as before the process died.\n${ELSEWHERE_DETAILS}`,
    json: 'what recover prints.',
    load: () => import('./reap.js'),
  }),
  command({
    name: 'archive',
    args: '<run>',
    summary: 'Packs a run into one file.',
    options: ARCHIVE,
    json: '{ runDir, path, files, bytes }.',
    load: () => import('./archive.js'),
  }),
  command({
    name: 'unarchive',
    args: '<file>',
    summary: 'Unpacks a run that archive has packed.',
    options: UNARCHIVE,
    details: 'Nothing that is there is replaced; an archive may come from anywhere.',
    json: '{ runDir, experiment, run, files }.',
    load: () => import('./unarchive.js'),
  }),
  command({
    name: 'recover',
    args: '<dir...>',
    summary: 'Brings runs that were cut off to their end.',
    options: RECOVER,
    details: `DIR is a run, an experiment, or a folder of experiments.\nThe exit code is 2 where something is damaged or calls are lost, now or earlier.\n${ELSEWHERE_DETAILS}`,
    json: '{ recovered: [{ runDir, changed, status, rows, replayedRows, tornBytes, corrupt, missingRecords, lost, losses, takenBack, malformed }], failed: [{ runDir, code, message }] }.',
    load: () => import('./recover.js'),
  }),
  command({
    name: 'verify',
    args: '<dir...>',
    summary: 'Compares every checksum of runs; changes nothing.',
    options: NONE,
    details:
      'DIR is a run, an experiment, or a folder of experiments; every byte is read.\n' +
      'The exit code is 2 where something is damaged or calls are lost, now or earlier.',
    json: 'an array of { runDir, status, rows, checkedBytes, tornBytes, lost, losses, problems: [{ file, code, message }] }.',
    load: () => import('./verify.js'),
  }),
  command({
    name: 'doctor',
    args: '[dir]',
    summary: 'Says what is wrong with a folder and this machine.',
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
