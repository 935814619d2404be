import type { CommandOption } from './command.js';

// The options of each command: as commander writes them, and what the help says. The types that the commands read their options by
// come from these texts; they stand apart from the catalogue, which loads the commands.

type Declared = readonly CommandOption[];

const WHERE = [
  '--where <filter>',
  `only runs that match the filter, for example "params.lr < 0.01 AND metrics.loss.min < 0.2 AND tags HAS 'baseline'"`,
] as const;
const FORCE = ['--force', 'really delete; without it, only list what would be deleted'] as const;
const FORCE_ELSEWHERE = [
  '--force',
  'also a run of another host, if its process writes nothing into run.lock for 15 s, for which it is watched',
] as const;

/** No options of its own. */
export const NONE = [] as const satisfies Declared;

/** The options of `expman list`. */
export const LIST = [
  WHERE,
  ['--sort <field>', 'sort by a field, ascending; "-startedAt" sorts descending'],
  ['--limit <n>', 'show at most n runs'],
  ['--columns <fields>', 'more columns, comma-separated: params.lr,metrics.loss.min'],
  ['--no-cache', 'read every run again'],
] as const satisfies Declared;

/** The options of `expman tail`. */
export const TAIL = [
  ['-f, --follow', 'keep printing as lines and rows come, until the run ends'],
  ['-n, --lines <n>', 'how many log lines and rows to show (default 10)'],
  ['--level <level>', 'only log lines of this level or more severe'],
  ['--grep <text>', 'only log lines that contain the text, ignoring case'],
  ['--metrics <names>', 'only these metrics, comma-separated'],
  ['--no-log', 'no log lines'],
  ['--no-rows', 'no rows'],
] as const satisfies Declared;

/** The options of `expman plot`. */
export const PLOT = [
  ['-m, --metric <name>', 'the metric (default: the first with numbers)'],
  ['-x, --x <axis>', 'step (default) or time, in seconds since the first row'],
  ['--smooth <weight>', 'exponential moving average, from 0 to 0.999, debiased as TensorBoard does it'],
  ['--log', 'a logarithmic axis'],
  ['--width <n>', 'width of the plot in columns'],
  ['--height <n>', 'height of the plot in lines'],
] as const satisfies Declared;

/** The options of `expman compare`. */
export const COMPARE = [
  WHERE,
  ['--all', 'also parameters that are the same in all runs'],
  ['--metrics <names>', 'only these metrics, comma-separated'],
  ['--markdown', 'as a Markdown table'],
] as const satisfies Declared;

/** The options of `expman serve`. */
export const SERVE = [
  ['--port <n>', 'the port; 0, the default, takes a free one'],
  ['--host <address>', 'where it listens (default 127.0.0.1, this machine alone)'],
  ['--allowed-host <names>', 'other host names to answer to, comma-separated'],
  ['--open', 'also open the browser'],
  ['--write', 'let the page change tags and notes of closed runs'],
  ['--no-token', 'ask for no token: every user of this machine can read the runs'],
] as const satisfies Declared;

/** The options of `expman report`. */
export const REPORT = [
  ['-o, --output <path>', 'the file to write'],
  ['--force', 'replace the file if it is there already'],
  ['--title <text>', 'what heads it (default: the name of the first RUN)'],
  WHERE,
] as const satisfies Declared;

/** The options of `expman query`. */
export const QUERY = [
  ['--timeout <time>', 'give up after this time (default 60s)'],
  ['--limit <n>', 'return at most n rows (default 10,000)'],
] as const satisfies Declared;

/** The options of `expman export`. */
export const EXPORT = [
  ['-f, --format <format>', 'csv, json, ndjson, arrow, parquet, neptune or tensorboard'],
  ['-o, --output <path>', 'the file or folder to write; it must not be there yet'],
] as const satisfies Declared;

/** The options of `expman import`. */
export const IMPORT = [
  ['--dir <dir>', 'the folder of experiments they go to (default ./experiments)'],
  ['-f, --format <format>', 'the format, where it cannot be recognised'],
  ['--experiment <name>', 'the experiment they belong to, whatever the source says'],
  ['--run-name <name>', 'the name of the run'],
] as const satisfies Declared;

/** The options of `expman tag`. */
export const TAG = [
  ['--add <tags>', 'tags to add, comma-separated'],
  ['--remove <tags>', 'tags to remove, comma-separated'],
] as const satisfies Declared;

/** The options of `expman note`. */
export const NOTE = [['--append', 'append to the existing notes']] as const satisfies Declared;

/** The options of `expman clean`. */
export const CLEAN = [
  ['--keep <n>', 'the newest n of each experiment stay'],
  ['--older-than <time>', 'only runs that began longer ago: 90s, 12h, 30d'],
  WHERE,
  FORCE,
  ['--dry-run', 'only list what would be deleted, whatever else is given'],
] as const satisfies Declared;

/** The options of `expman recover` and `reap`. */
export const RECOVER = [FORCE_ELSEWHERE] as const satisfies Declared;

/** The options of `expman archive`. */
export const ARCHIVE = [
  ['-o, --output <file>', 'the .tar.gz to write (default RUN.tar.gz)'],
] as const satisfies Declared;

/** The options of `expman unarchive`. */
export const UNARCHIVE = [
  ['--dir <dir>', 'the folder of experiments it goes to (default ./experiments)'],
  ['--experiment <name>', 'the experiment to put it in, whatever the archive says'],
  ['--run-name <name>', 'the name to give it'],
] as const satisfies Declared;
