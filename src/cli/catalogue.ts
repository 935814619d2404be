import type { Command, CommandOption } from './command.js';

const WHERE: CommandOption = [
  '--where <filter>',
  `only runs that match the filter, for example "params.lr < 0.01 AND metrics.loss.min < 0.2 AND tags HAS 'baseline'"`,
];
const FORCE: CommandOption = ['--force', 'really delete; without it, only list what would be deleted'];
const FORCE_ELSEWHERE: CommandOption = [
  '--force',
  'also a run of another host, if its process writes nothing into run.lock for 15 s, for which it is watched',
];
const ELSEWHERE_DETAILS =
  'Whether a process on another host still runs is not known for certain: without\n--force such a run is refused as RUN_LOCKED.';

/** All commands, in the order the help shows them. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'list',
    args: '[dir]',
    summary: 'Lists runs: status, start, rows, tags, metrics.',
    options: [
      WHERE,
      ['--sort <field>', 'sort by a field, ascending; "-startedAt" sorts descending'],
      ['--limit <n>', 'show at most n runs'],
      ['--columns <fields>', 'more columns, comma-separated: params.lr,metrics.loss.min'],
      ['--no-cache', 'read every run again'],
    ],
    details:
      'DIR is a folder of experiments (default ./experiments), an experiment, or a run.\n' +
      'Tags have a column where the terminal has 100 of them, or with --columns tags.',
    json: 'an array of one object per run: experiment, run, runDir, uuid, status, startedAt, endedAt, durationMs, rows, accepted, rewound, lastStep, dropped, invalid, lost, tags, notes, group, rank, params, metrics (by name: last, count, min, max, mean, minStep, maxStep, nan, texts), artifacts, error; owner is "unsure" where a process on another host may or may not run. A run that cannot be read has the status UNREADABLE and says why in error.',
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
      ['-f, --follow', 'keep printing as lines and rows come, until the run ends'],
      ['-n, --lines <n>', 'how many log lines and rows to show (default 10)'],
      ['--level <level>', 'only log lines of this level or more severe'],
      ['--grep <text>', 'only log lines that contain the text, ignoring case'],
      ['--metrics <names>', 'only these metrics, comma-separated'],
      ['--no-log', 'no log lines'],
      ['--no-rows', 'no rows'],
    ],
    json: 'one object per line: { kind: "log", timestampMs, level, message, meta } or { kind: "row", step, timestamp, values }.',
    load: () => import('./tail.js'),
  },
  {
    name: 'plot',
    args: '<run...>',
    summary: 'Plots a metric; several runs are overlaid.',
    options: [
      ['-m, --metric <name>', 'the metric (default: the first with numbers)'],
      ['-x, --x <axis>', 'step (default) or time, in seconds since the first row'],
      ['--smooth <weight>', 'exponential moving average, from 0 to 0.999, debiased as TensorBoard does it'],
      ['--log', 'a logarithmic axis'],
      ['--width <n>', 'width of the plot in columns'],
      ['--height <n>', 'height of the plot in lines'],
    ],
    details: 'RUN is a run, an experiment, or a folder of experiments: all runs in it.',
    json: '{ metric, curves: [{ name, points: [[x, y], ...] }] }.',
    load: () => import('./plot.js'),
  },
  {
    name: 'compare',
    args: '<run...>',
    summary: 'Shows where runs differ: parameters, then metrics.',
    options: [
      WHERE,
      ['--all', 'also parameters that are the same in all runs'],
      ['--metrics <names>', 'only these metrics, comma-separated'],
      ['--markdown', 'as a Markdown table'],
    ],
    details: 'RUN is a run, an experiment, or a folder of experiments: all runs in it.',
    json: '{ runs, params: { key: [a value for each run] }, metrics: { name: { last, min, max, mean, count, minStep, maxStep, nan, texts } } }, every list with an entry for each of runs, null where it has none.',
    load: () => import('./compare.js'),
  },
  {
    name: 'serve',
    args: '[dir]',
    summary: 'Shows runs and their curves in a browser, live.',
    options: [
      ['--port <n>', 'the port; 0, the default, takes a free one'],
      ['--host <address>', 'where it listens (default 127.0.0.1, this machine alone)'],
      ['--allowed-host <names>', 'other host names to answer to, comma-separated'],
      ['--open', 'also open the browser'],
      ['--write', 'let the page change tags and notes of closed runs'],
      ['--no-token', 'ask for no token: every user of this machine can read the runs'],
    ],
    details:
      'DIR is a folder of experiments (default ./experiments). Prints the address with\n' +
      'its token; anyone with the token can read all runs below DIR. Ctrl-C ends it.\n' +
      'Changes nothing without --write.',
    json: '{ url, port, token } in one line, as soon as it listens.',
    load: () => import('./serve.js'),
  },
  {
    name: 'report',
    args: '<run...>',
    summary: 'Writes runs as one HTML file that can be mailed.',
    options: [
      ['-o, --output <path>', 'the file to write'],
      ['--force', 'replace the file if it is there already'],
      ['--title <text>', 'what heads it (default: the name of the first RUN)'],
      WHERE,
    ],
    details:
      'RUN is a run, an experiment, or a folder of experiments: all runs in it. Holds\n' +
      'the curves (2,000 points each, no peak lost), parameters, the last 1,000 lines\n' +
      'of each log and images; opens in any browser and loads nothing from elsewhere.',
    json: '{ path, runs, bytes }.',
    load: () => import('./report.js'),
  },
  {
    name: 'query',
    args: '<dir> <sql>',
    summary: 'Runs a SQL query over all runs, with DuckDB.',
    options: [
      ['--timeout <time>', 'give up after this time (default 60s)'],
      ['--limit <n>', 'return at most n rows (default 10,000)'],
    ],
    details:
      'Views and their columns:\n' +
      '  runs     experiment, run, run_dir, uuid, status, started_at, ended_at,\n' +
      '           duration_ms, rows, dropped, invalid, lost, tags, notes, "group",\n' +
      '           rank, exit_code, error\n' +
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
    summary: 'Imports runs from another tool.',
    options: [
      ['--dir <dir>', 'the folder of experiments they go to (default ./experiments)'],
      ['-f, --format <format>', 'the format, where it cannot be recognised'],
      ['--experiment <name>', 'the experiment they belong to, whatever the source says'],
      ['--run-name <name>', 'the name of the run'],
    ],
    details:
      'Tells the format itself. Knows TensorBoard event files, expman-rs run folders,\n' +
      'W&B histories (CSV, JSON), MLflow file stores, neptune-exporter, and what export\nwrites.',
    json: '{ format, imported: [{ experiment, run, runDir, status, rows, logLines, invalid, leftOut }], failed: [{ run, code, message }] }.',
    load: () => import('./import.js'),
  },
  {
    name: 'tag',
    args: '<run...>',
    summary: 'Adds tags to closed runs, or removes them.',
    options: [
      ['--add <tags>', 'tags to add, comma-separated'],
      ['--remove <tags>', 'tags to remove, comma-separated'],
    ],
    json: 'an array of { runDir, tags }.',
    load: () => import('./tag.js'),
  },
  {
    name: 'note',
    args: '<run> <text>',
    summary: 'Replaces the notes of a run that is closed.',
    options: [['--append', 'append to the existing notes']],
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
      ['--dry-run', 'only list what would be deleted, whatever else is given'],
    ],
    details: 'Never deletes a run that is open, a folder that is no run, or what is not below\nDIR.',
    json: '{ dryRun, deleted: [{ experiment, run, runDir, status, startedAt, bytes }], failed: [{ runDir, message }], kept, bytes }.',
    load: () => import('./clean.js'),
  },
  {
    name: 'reap',
    args: '<dir...>',
    summary: 'Ends runs whose process has died.',
    options: [FORCE_ELSEWHERE],
    details: `They become CRASHED, or what they were ended as before the process died.\n${ELSEWHERE_DETAILS}`,
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
    options: [FORCE_ELSEWHERE],
    details: `DIR is a run, an experiment, or a folder of experiments.\nThe exit code is 2 where something is damaged or calls are lost, now or earlier.\n${ELSEWHERE_DETAILS}`,
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
