import type { Command, CommandOption } from './command.js';

const WHERE: CommandOption = [
  '--where <filter>',
  `only runs for which it holds: "params.lr < 0.01 AND metrics.loss.min < 0.2 AND tags HAS 'baseline'"`,
];
const FORCE: CommandOption = ['--force', 'do it; without, only what would be done is said'];

/** All commands, in the order the help shows them. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'list',
    args: '[dir]',
    summary: 'Lists runs: status, start, rows, tags, metrics.',
    options: [
      WHERE,
      ['--sort <field>', 'by a field, from the least up; "-startedAt" from the greatest down'],
      ['--limit <n>', 'at most so many'],
      ['--columns <fields>', 'further columns, with commas: params.lr,metrics.loss.min'],
      ['--no-cache', 'read every run anew'],
    ],
    details:
      'DIR is a folder of experiments (default ./experiments), an experiment, or a run.\n' +
      'Tags have a column where the terminal has 100 of them, or with --columns tags.',
    json: 'an array with one object a run: experiment, run, runDir, uuid, status, startedAt, endedAt, durationMs, rows, dropped, invalid, lost, tags, notes, group, rank, params, metrics (by name: last, count, min, max, mean, minStep, maxStep, nan), artifacts, error. A run that cannot be read has the status UNREADABLE and says why in error.',
    load: () => import('./list.js'),
  },
  {
    name: 'inspect',
    args: '<run...>',
    summary: 'Says what a run is: status, counts, metrics, files.',
    options: [],
    details: 'Changes nothing. RUN is the folder of a run, with its run.yaml.',
    json: 'an object, of several runs an array of them: what list prints, and identity, owner, rows, publishedRows, walRows, metrics, params, artifacts, files, losses (each: epoch, firstRecord, records, calls, atMost, others, file), tornBytes, corrupt, kept, setAside, malformed, rowsBehindGap.',
    load: () => import('./inspect.js'),
  },
  {
    name: 'tail',
    args: '<run>',
    summary: 'Prints the last lines of the log and the last rows.',
    options: [
      ['-f, --follow', 'go on with what comes, until the run ends'],
      ['-n, --lines <n>', 'so many lines and rows (default 10)'],
      ['--level <level>', 'this level of the log and graver ones'],
      ['--grep <text>', 'lines that hold a text, whatever its case'],
      ['--metrics <names>', 'only these metrics, with commas'],
      ['--no-log', 'no lines of the log'],
      ['--no-rows', 'no rows'],
    ],
    json: 'an object a line: { kind: "log", timestampMs, level, message, meta } or { kind: "row", step, timestamp, values }.',
    load: () => import('./tail.js'),
  },
  {
    name: 'plot',
    args: '<run...>',
    summary: 'Draws a metric, that of several runs over each other.',
    options: [
      ['-m, --metric <name>', 'the metric (default: the first with numbers)'],
      ['-x, --x <axis>', 'step (default) or time, in seconds since the first row'],
      ['--smooth <weight>', 'exponential moving average, from 0 to 0.999, debiased as TensorBoard does it'],
      ['--log', 'a logarithmic axis'],
      ['--width <n>', 'columns of the drawing'],
      ['--height <n>', 'lines of the drawing'],
    ],
    details: 'RUN is a run, an experiment, or a folder of experiments: all runs in it.',
    json: '{ metric, curves: [{ name, points: [[x, y], ...] }] }.',
    load: () => import('./plot.js'),
  },
  {
    name: 'compare',
    args: '<run...>',
    summary: 'Shows in what runs differ: parameters, then metrics.',
    options: [
      WHERE,
      ['--all', 'parameters that are the same in all, too'],
      ['--metrics <names>', 'only these metrics, with commas'],
      ['--markdown', 'as a Markdown table'],
    ],
    details: 'RUN is a run, an experiment, or a folder of experiments: all runs in it.',
    json: '{ runs, params: { key: [a value for each run] }, metrics: { name: { last, min, max, mean, count, minStep, maxStep } } }, every list with an entry for each of runs, null where it has none.',
    load: () => import('./compare.js'),
  },
  {
    name: 'serve',
    args: '[dir]',
    summary: 'Shows runs and their curves in a browser, live.',
    options: [
      ['--port <n>', 'the port; 0, the default, takes a free one'],
      ['--host <address>', 'where it listens (default 127.0.0.1, this machine alone)'],
      ['--allowed-host <names>', 'further names it may be asked under, with commas'],
      ['--open', 'open the browser, too'],
      ['--write', 'let the page change tags and notes of closed runs'],
      ['--no-token', 'ask for no token: every user of this machine can read the runs'],
    ],
    details:
      'DIR is a folder of experiments (default ./experiments). Prints the address with\n' +
      'its token; whoever has it can read all runs below DIR. Ctrl-C ends it. Changes\n' +
      'nothing without --write.',
    json: '{ url, port, token } in one line, as soon as it listens.',
    load: () => import('./serve.js'),
  },
  {
    name: 'report',
    args: '<run...>',
    summary: 'Writes runs as one HTML file that can be mailed.',
    options: [
      ['-o, --output <path>', 'the file to write; it must not be there yet'],
      ['--title <text>', 'what heads it (default: the name of the first RUN)'],
      WHERE,
    ],
    details:
      'RUN is a run, an experiment, or a folder of experiments: all runs in it. Holds\n' +
      'the curves (2,000 points each, no peak lost), parameters, the last 1,000 lines\n' +
      'of each log and images; opens in any browser and asks nobody for anything.',
    json: '{ path, runs, bytes }.',
    load: () => import('./report.js'),
  },
  {
    name: 'query',
    args: '<dir> <sql>',
    summary: 'Asks SQL about all runs, with DuckDB.',
    options: [
      ['--timeout <time>', 'give up after so long (default 60s)'],
      ['--limit <n>', 'at most so many rows (default 10,000)'],
    ],
    details:
      'Views are runs, params, metrics (a row for each value), wide (a column for each\n' +
      'metric) and logs. Reads nothing but the runs below DIR, and changes nothing.\n\n' +
      '  expman query experiments \\\n' +
      '    "SELECT run, min(value) FROM metrics WHERE metric = \'loss\' GROUP BY run"',
    json: 'an array with one object a row; of columns with one name each further one has a number behind it.',
    load: () => import('./query.js'),
  },
  {
    name: 'export',
    args: '<run>',
    summary: 'Writes a run for another tool.',
    options: [
      ['-f, --format <format>', 'csv, json, ndjson, arrow, parquet, neptune or tensorboard'],
      ['-o, --output <path>', 'the file or folder to write; it must not be there yet'],
    ],
    json: '{ runDir, format, path, loses }.',
    load: () => import('./export.js'),
  },
  {
    name: 'import',
    args: '<path>',
    summary: 'Takes in the runs of another tool.',
    options: [
      ['--dir <dir>', 'the folder of experiments they go to (default ./experiments)'],
      ['-f, --format <format>', 'when it cannot be told'],
      ['--experiment <name>', 'the experiment they belong to, whatever the source says'],
      ['--run-name <name>', 'the name of the run'],
    ],
    details:
      'Tells the format itself. Knows TensorBoard event files, expman-rs run folders,\n' +
      'W&B histories (CSV, JSON), MLflow file stores, neptune-exporter, and what export\nwrites.',
    json: '{ format, imported: [{ experiment, run, runDir, status, rows, logLines, invalid }], failed: [{ run, code, message }] }.',
    load: () => import('./import.js'),
  },
  {
    name: 'tag',
    args: '<run...>',
    summary: 'Adds tags to closed runs, or takes them away.',
    options: [
      ['--add <tags>', 'with commas'],
      ['--remove <tags>', 'with commas'],
    ],
    json: 'an array of { runDir, tags }.',
    load: () => import('./tag.js'),
  },
  {
    name: 'note',
    args: '<run> <text>',
    summary: 'Replaces the notes of a run that is closed.',
    options: [['--append', 'put the text behind what is there']],
    json: '{ runDir, notes }.',
    load: () => import('./note.js'),
  },
  {
    name: 'clean',
    args: '<dir>',
    summary: 'Deletes old runs; without --force it only says which.',
    options: [
      ['--keep <n>', 'the newest n of each experiment stay'],
      ['--older-than <time>', 'only runs that began longer ago: 90s, 12h, 30d'],
      WHERE,
      FORCE,
      ['--dry-run', 'only say which, whatever else is given'],
    ],
    details: 'Never deletes a run that is open, a folder that is no run, or what is not below\nDIR.',
    json: '{ dryRun, deleted: [{ experiment, run, runDir, status, startedAt, bytes }], failed: [{ runDir, message }], kept, bytes }.',
    load: () => import('./clean.js'),
  },
  {
    name: 'reap',
    args: '<dir...>',
    summary: 'Ends runs whose process has died.',
    options: [],
    details: 'They become CRASHED, or what they were ended as before the process died.',
    json: 'what recover prints.',
    load: () => import('./reap.js'),
  },
  {
    name: 'archive',
    args: '<run>',
    summary: 'Packs a run into one file.',
    options: [['-o, --output <file>', 'the .tar.gz to write (default RUN.tar.gz)']],
    json: '{ runDir, path, files, bytes }.',
    load: () => import('./archive.js'),
  },
  {
    name: 'unarchive',
    args: '<file>',
    summary: 'Unpacks a run that archive has packed.',
    options: [
      ['--dir <dir>', 'the folder of experiments it goes to (default ./experiments)'],
      ['--experiment <name>', 'the experiment to put it in, whatever the archive says'],
      ['--run-name <name>', 'the name to give it'],
    ],
    details: 'Nothing that is there is replaced; an archive may come from anywhere.',
    json: '{ runDir, experiment, run, files }.',
    load: () => import('./unarchive.js'),
  },
  {
    name: 'recover',
    args: '<dir...>',
    summary: 'Brings runs that were cut off to their end.',
    options: [],
    details:
      'DIR is a run, an experiment, or a folder of experiments.\n' +
      'The exit code is 2 where something is damaged or calls are lost, now or earlier.',
    json: '{ recovered: [{ runDir, changed, status, rows, replayedRows, tornBytes, corrupt, missingRecords, lost, losses, takenBack, malformed }], failed: [{ runDir, code, message }] }.',
    load: () => import('./recover.js'),
  },
  {
    name: 'verify',
    args: '<dir...>',
    summary: 'Compares every checksum of runs; changes nothing.',
    options: [],
    details:
      'DIR is a run, an experiment, or a folder of experiments; every byte is read.\n' +
      'The exit code is 2 where something is damaged or calls are lost, now or earlier.',
    json: 'an array of { runDir, status, rows, checkedBytes, tornBytes, lost, losses, problems: [{ file, code, message }] }.',
    load: () => import('./verify.js'),
  },
  {
    name: 'doctor',
    args: '[dir]',
    summary: 'Says what is wrong with a folder and this machine.',
    options: [],
    json: 'an array of { kind: "fine" | "warning" | "problem", what, advice }.',
    load: () => import('./doctor.js'),
  },
  {
    name: 'completion',
    args: '<shell>',
    summary: 'Prints a completion script for bash, zsh or fish.',
    options: [],
    details: '  source <(expman completion bash)',
    json: 'the same script.',
    load: async () => {
      const { completionFor } = await import('./completion.js');
      return { run: completionFor(COMMANDS) };
    },
  },
];
