import { type Command, command } from './command.js';
import { COMPARE, GATE, LIST, NONE, PLOT, QUERY, REPORT, SERVE, TAIL } from './command-options.js';

const CSV_DETAILS =
  '--csv prints values as exact as --json does. Null is an empty cell, an empty\n' +
  'text is "", a list is JSON. A text that a spreadsheet would treat as a formula\n' +
  "gets a leading ', and so does one that looks like a number in a column that also\n" +
  'holds numbers. Lines end in a line feed.';

/** The commands that show what runs say, in the order of the help. */
export const READING_COMMANDS: readonly Command[] = [
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
      'metrics, or of the fields of --columns; the best value where run.defineMetric\n' +
      `gives a goal; and how many runs have the figure if some lack it.\n${CSV_DETAILS}`,
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
];
