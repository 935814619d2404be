import { resolve } from 'node:path';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { nodeFs } from '../storage/node-fs.js';
import { isOwned } from '../storage/owner-watch.js';
import { factsOf } from '../reader/read-facts.js';
import { inspectRun, type RunInfo } from '../reader/inspect-run.js';
import { printable, printableLines } from '../model/printable.js';
import type { CommandRun } from './command.js';
import type { NONE } from './command-options.js';
import { withoutFiles } from './find-runs.js';
import { LeftOut } from './left-out.js';
import { type Cell, ExitCode, type Terminal } from './terminal.js';
import { MAX_TEXT, count, cut, lossWithPlace, quantity, statusCell, tookText, valueText } from './words.js';

/**
 * @bound tells: the last line says how many more, --json has all; specs/cli/left-out.spec.ts "says
 * how many metrics it has no room for"
 */
const MAX_METRICS = 40;
const FACT_WIDTH = 15;
const LIVES = { alive: 'alive', unsure: 'may be alive', dead: 'dead' } as const;

export const run: CommandRun<typeof NONE> = (paths, { json }, terminal) => {
  const folders = withoutFiles(paths);
  const leftOut = new LeftOut(terminal);
  const runs = folders.flatMap((path) => {
    try {
      return [inspectRun(nodeFs, resolve(path))];
    } catch (error) {
      leftOut.add(path, error);
      return [];
    }
  });
  if (runs.length === 0) leftOut.throwFirst();
  // The facts that `list` prints have the same names here.
  const plain = runs.map((info) => ({ ...factsOf(info), ...info }));
  if (json === true) terminal.json(folders.length === 1 ? plain[0] : plain);
  else for (const info of runs) print(info, terminal);
  // Damage in the log is shown; reporting it as an error is left to `verify`.
  const isCorrupt = runs.some(({ corrupt }) => corrupt.includes(METRICS_NAME));
  return Math.max(leftOut.end(), isCorrupt ? ExitCode.invalid : ExitCode.ok);
};

function print(run: RunInfo, terminal: Terminal): void {
  const { identity, status, rows, publishedRows, walRows, dropped, invalid, losses, tornBytes } = run;
  terminal.print(
    `${terminal.style('bold', printable(`${identity.experiment}/${identity.run}`))}  ${shown(statusCell(status, run.owner), terminal)}`,
  );
  const facts: [string, string][] = [
    ['started', printable(identity.startedAt)],
    ['ended', printable(run.endedAt ?? '')],
    ['took', tookText(run) + sessionsText(identity.resumed?.length ?? 0)],
    [
      'rows',
      `${count(rows)}${walRows > 0 ? `, of which ${walRows === 1 ? '1 is' : `${count(walRows)} are`} in the write-ahead log only` : ''}`,
    ],
    ['calls', run.accepted === rows ? '' : count(run.accepted)],
    ['rewound', run.rewound > 0 ? `${quantity(run.rewound, 'rows')} removed by resuming with fromStep` : ''],
    ['dropped', dropped > 0 ? count(dropped) : ''],
    ['lost', losses.length > 0 ? lossWithPlace(losses) : ''],
    ['invalid values', invalid > 0 ? count(invalid) : ''],
    ['tags', printable(identity.tags.join(', '))],
    ['group', printable(identity.group ?? '')],
    ['rank', String(identity.rank ?? '')],
    ['notes', linesText(identity.notes)],
    [
      'owner',
      run.owner === 'free'
        ? ''
        : `process ${identity.pid} on ${printable(identity.host)}, ${LIVES[run.owner]}`,
    ],
    ['error', run.error === undefined ? '' : linesText(`${run.error.name}: ${run.error.message}`)],
    ['torn', tornBytes > 0 ? `${quantity(tornBytes, 'bytes')} at the end of the write-ahead log` : ''],
    ['corrupt', printable(run.corrupt.join(', '))],
    [
      'malformed',
      printable(cut(run.malformed.map(({ file, message }) => `${file}: ${message}`).join('; '), 200)),
    ],
    ['kept as found', printable(run.kept.filter((name) => !run.setAside.includes(name)).join(', '))],
    [
      'set aside',
      run.setAside.length > 0
        ? `${printable(run.setAside.join(', '))} by an older version; \`expman recover\` restores it`
        : '',
    ],
    [
      'not readable',
      run.rowsBehindGap > 0
        ? `${count(run.rowsBehindGap)} rows after damaged bytes; \`expman recover\` saves them`
        : '',
    ],
  ];
  for (const [name, text] of facts)
    if (text !== '') terminal.print(`  ${terminal.style('dim', name.padEnd(FACT_WIDTH))}${text}`);
  printMetrics(run, terminal);
  terminal.print('');
  terminal.table(
    [['file', 'bytes'], ...run.files.map(({ name, bytes }) => [printable(name), count(bytes)])],
    ['bytes'],
  );
  if (walRows > 0 && !isOwned({ kind: run.owner }))
    terminal.print(
      `\n  ${quantity(publishedRows, 'rows are')} in metrics.parquet; \`expman recover\` moves the rest there.`,
    );
}

const sessionsText = (resumed: number): string =>
  resumed === 0 ? '' : `, in ${count(resumed + 1)} sessions`;

function printMetrics({ metrics }: RunInfo, terminal: Terminal): void {
  if (metrics.size === 0) return;
  terminal.print('');
  const shown = [...metrics].slice(0, MAX_METRICS);
  const isMixed = shown.some(([, { texts, count: values }]) => texts !== undefined && texts < values);
  const lines = shown.map(([metric, { last, count: values, min, max, mean, texts }]) => [
    printable(cut(metric, MAX_TEXT)),
    valueText(last),
    min === undefined ? '' : valueText(min),
    max === undefined ? '' : valueText(max),
    mean === undefined ? '' : valueText(mean),
    count(values),
    ...(isMixed ? [texts === undefined ? '' : count(texts)] : []),
  ]);
  const heading = ['metric', 'last', 'min', 'max', 'mean', 'values', ...(isMixed ? ['texts'] : [])];
  terminal.table([heading, ...lines]);
  if (metrics.size > MAX_METRICS) terminal.print(`  … and ${count(metrics.size - MAX_METRICS)} more`);
}

/** Indents all lines of a text but the first below it. */
const linesText = (text: string): string =>
  printableLines(cut(text, 200)).join(`\n${' '.repeat(FACT_WIDTH + 2)}`);

const shown = (cell: Cell, terminal: Terminal): string =>
  typeof cell === 'string' ? cell : terminal.style(cell.style, cell.text);
