import type { CommandOption } from './command.js';

// The options of each command: the flags as commander writes them, and their help. The types of the
// parsed options are derived from these texts. They are kept apart from the catalogue, which loads
// the commands.

type Declared = readonly CommandOption[];

const WHERE = [
  '--where <filter>',
  `only runs that match the filter, for example "params.lr < 0.01 AND metrics.loss.min < 0.2 AND tags HAS 'baseline'"`,
] as const;
const FORCE = ['--force', 'really delete; without it, only list what would be deleted'] as const;
const FORCE_ELSEWHERE = [
  '--force',
  'also close a run owned by another host, if its process writes nothing to run.lock while it is watched for 15 s',
] as const;

const ALLOW_PRIVATE = [
  '--allow-private',
  'let the webhook in EXPMAN_WEBHOOK be at a private or link-local address',
] as const;

const CSV = ['--csv', 'print CSV with a header, for spreadsheets and data frames'] as const;

/** For a command with no options of its own. */
export const NONE = [] as const satisfies Declared;

/** The options of `expman list`. */
export const LIST = [
  WHERE,
  ['--sort <field>', 'sort by a field, ascending; "-startedAt" sorts descending'],
  ['--limit <n>', 'show at most n runs'],
  ['--columns <fields>', 'more columns, comma-separated: params.lr,metrics.loss.min'],
  ['--group-by <field>', 'one row per group: by group, tag, params.lr or any other field'],
  CSV,
  ['--no-cache', 'read every run again instead of using the cache'],
] as const satisfies Declared;

/** The options of `expman tail`. */
export const TAIL = [
  ['-f, --follow', 'keep printing new lines and rows until the run ends'],
  ['-n, --lines <n>', 'how many log lines and rows to show (default 10)'],
  ['--level <level>', 'only log lines of this level or more severe'],
  ['--grep <text>', 'only log lines that contain the text, ignoring case'],
  ['--metrics <names>', 'only these metrics, comma-separated'],
  ['--no-log', 'print no log lines'],
  ['--no-rows', 'print no rows'],
] as const satisfies Declared;

/** The options of `expman plot`. */
export const PLOT = [
  ['-m, --metric <name>', 'the metric to plot (default: the first with numbers)'],
  WHERE,
  ['-x, --x <axis>', 'step (default), time in seconds since the first row, or a metric'],
  ['--by <field>', 'one point per run, over startedAt, params.lr or any other field'],
  ['--last <n>', 'one point per run, of the last n that started'],
  ['--smooth <weight>', 'weight of the exponential moving average, 0 to 0.999, debiased as in TensorBoard'],
  ['--log', 'use a logarithmic y axis'],
  ['--width <n>', 'width of the plot in columns'],
  ['--height <n>', 'height of the plot in lines'],
] as const satisfies Declared;

/** The options of `expman compare`. */
export const COMPARE = [
  WHERE,
  ['--all', 'also show parameters that are the same in all runs'],
  ['--metrics <names>', 'only these metrics, comma-separated'],
  ['--cases', 'compare two evaluations case by case: BEFORE AFTER'],
  ['--tolerance <n>', 'with --cases, a difference of scores that is no change'],
  ['--markdown', 'print a Markdown table'],
] as const satisfies Declared;

/** The options of `expman gate`. */
export const GATE = [
  ['-m, --metric <name>', 'the summary value to check, else the last value of a metric'],
  ['--min <n>', 'the least value that passes'],
  ['--max <n>', 'the greatest value that passes'],
  ['--max-drop <n>', 'how much worse than the baseline it may be'],
  ['--baseline <run>', 'tag:NAME, last, the path of a run, or a name in the experiment'],
  ['--goal <goal>', 'what is better: min or max (default: as defined, else max)'],
  ['--no-tag', 'do not tag a run that fails with gate:failed'],
  ['--markdown', 'print a Markdown table, for a pull request'],
  ['--junit <path>', 'also write JUnit XML to a file'],
] as const satisfies Declared;

/** The options of `expman serve`. */
export const SERVE = [
  ['--port <n>', 'the port to listen on (default 0: any free port)'],
  ['--host <address>', 'the address to listen on (default 127.0.0.1: this machine only)'],
  ['--allowed-host <names>', 'other host names to answer to, comma-separated'],
  ['--open', 'also open the page in a browser'],
  ['--write', 'let the page change tags and notes of closed runs'],
  ['--no-token', 'require no token: every user of this machine can read the runs'],
] as const satisfies Declared;

/** The options of `expman report`. */
export const REPORT = [
  ['-o, --output <path>', 'the file to write'],
  ['--force', 'replace the file if it exists'],
  ['--title <text>', 'the title of the report (default: the name of the first RUN)'],
  WHERE,
] as const satisfies Declared;

/** The options of `expman query`. */
export const QUERY = [
  ['--timeout <time>', 'give up after this time (default 60s)'],
  ['--limit <n>', 'return at most n rows (default 10,000)'],
  CSV,
] as const satisfies Declared;

/** The options of `expman export`. */
export const EXPORT = [
  ['-f, --format <format>', 'csv, json, ndjson, arrow, parquet, neptune or tensorboard'],
  ['-o, --output <path>', 'the file or folder to write; it must not exist yet'],
] as const satisfies Declared;

/** The options of `expman import`. */
export const IMPORT = [
  ['--dir <dir>', 'the folder of experiments to import into (default ./experiments)'],
  ['-f, --format <format>', 'the format, if it cannot be detected'],
  ['--experiment <name>', 'the experiment to put the runs in, whatever the source says'],
  ['--run-name <name>', 'the name to give the run'],
  ['--strict', 'fail a run of whose source a part is damaged, instead of leaving it out'],
  ['--again', 'import runs once more that were imported before'],
  ['--step-column <name>', 'for a table, the column of steps'],
  ['--time-column <name>', 'for a table, the column of times'],
  ['--run-column <name>', 'for a table of several runs, the column that tells them apart'],
  ['--delimiter <char>', "the character between the cells of a text file, or 'tab'"],
] as const satisfies Declared;

/** The options of `expman tag`. */
export const TAG = [
  ['--add <tags>', 'tags to add, comma-separated'],
  ['--remove <tags>', 'tags to remove, comma-separated'],
] as const satisfies Declared;

/** The options of `expman note`. */
export const NOTE = [['--append', 'append to the existing notes']] as const satisfies Declared;

/** The options of `expman artifacts`. */
export const ARTIFACTS = [
  ['--dir <dir>', 'the folder of experiments (default ./experiments)'],
  ['-o, --output <dir>', 'write the files of the version into this folder'],
  ['--alias <names>', 'move these aliases to the version, comma-separated'],
  ['--remove-alias <names>', 'remove these aliases of the artifact, comma-separated'],
  ['--verify', 'read all contents and compare them with their checksums'],
  ['--prune', 'list contents that no version refers to; delete them with --force'],
  ['--versions', 'with --prune, also versions that no run and no alias refers to'],
  ['--force', 'with --prune, really delete'],
] as const satisfies Declared;

/** The options of `expman clean`. */
export const CLEAN = [
  ['--keep <n>', 'keep the newest n runs of each experiment'],
  ['--keep-best <n>', 'keep the best n runs of each experiment, by the field of --by'],
  ['--by <field>', 'the figure by which runs are the best: metrics.val_loss.min'],
  ['--goal <goal>', 'what is better: min or max (default: as defined, else by .min or .max)'],
  ['--protect-tag <tags>', 'keep runs with one of these tags, comma-separated; can be repeated'],
  ['--older-than <time>', 'only runs that started longer ago than this: 90s, 12h, 30d'],
  ['--unfinished-sweeps', 'delete trials of sweeps that have not finished, too'],
  WHERE,
  FORCE,
  ['--dry-run', 'only list what would be deleted, even with --force'],
] as const satisfies Declared;

/** The options of `expman stop`. */
export const STOP = [
  ['--reason <text>', 'why, for the run and its log'],
  ['--wait', 'wait until the run has ended'],
  ['--timeout <time>', 'wait no longer than this: 90s, 10m'],
] as const satisfies Declared;

/** The options of `expman monitor`. */
export const MONITOR = [
  ['--on <conditions>', "crashed, stalled, and filters, comma-separated: crashed,'metrics.loss.last > 10'"],
  ['--every <time>', 'the time between two looks (default 10s)'],
  ['--stalled-after <time>', 'without a new row for this long a run is stalled (default 10m)'],
  ['--once', 'look once, and exit with 5 if anything was found'],
  ALLOW_PRIVATE,
] as const satisfies Declared;

/** The options of `expman recover` and `reap`. */
export const RECOVER = [FORCE_ELSEWHERE, ALLOW_PRIVATE] as const satisfies Declared;

/** The options of `expman archive`. */
export const ARCHIVE = [
  ['-o, --output <file>', 'the .tar.gz file to write (default RUN.tar.gz)'],
] as const satisfies Declared;

/** The options of `expman unarchive`. */
export const UNARCHIVE = [
  ['--dir <dir>', 'the folder of experiments to unpack into (default ./experiments)'],
  ['--experiment <name>', 'the experiment to put the run in, whatever the archive says'],
  ['--run-name <name>', 'the name to give the run'],
] as const satisfies Declared;

/** The options of `expman project`. */
export const PROJECT = [['--remove', 'remove the project']] as const satisfies Declared;

/** The options of `expman mv` and `cp`. */
export const PLACING = [
  ['--run-name <name>', 'the name to give the run'],
  ['--suffix', 'append a number to a name that is taken, instead of failing'],
] as const satisfies Declared;

/** The options of `expman sweep`. */
export const SWEEP = [['--limit <n>', 'show at most n trials, the best first']] as const satisfies Declared;

/** The options of `expman work`. */
export const WORK = [
  ['--sweep <name>', 'the name of the sweep whose trials to take'],
  ['--module <path>', 'the module that trains, as `worker` of sweep() has it'],
  ['--dir <dir>', 'the folder for the runs (default ./experiments)'],
  ['--concurrency <n>', 'the number of trials at a time (default 1)'],
  ['--env <variable>', 'KEY=value for the trials; may be repeated; {slot} is the number of the slot'],
  ['--any-params', 'take any parameters, from a module that exports no `space`'],
] as const satisfies Declared;

/** The options of `expman merge`. */
export const MERGE = [
  ['--into <name>', 'the new run: NAME, EXPERIMENT/NAME or a path'],
  ['--as <kind>', 'pieces or ranks (default: ranks by group and rank, else pieces)'],
  ['--order <order>', 'of pieces: start (default) or given'],
  ['--overlap <rule>', 'steps that a later piece has, too: replace (default) or keep'],
  ['--strict', 'refuse what would be a choice between values, or left out'],
  ['--suffix', 'append a number to a name that is taken, instead of failing'],
  ['--delete-sources', 'delete the runs afterwards; without --force, only list them'],
  ['--force', 'with --delete-sources, really delete'],
  ['--dry-run', 'read everything, report, and write nothing'],
] as const satisfies Declared;
