import { resolve } from 'node:path';
import { nodeFs } from '../storage/node-fs.js';
import { isOwned } from '../storage/owner-watch.js';
import { factsOf } from '../reader/read-facts.js';
import { inspectRun, type RunInfo } from '../reader/inspect-run.js';
import { printable } from '../model/printable.js';
import type { CommandRun } from './command.js';
import { withoutFiles } from './find-runs.js';
import { LeftOut } from './left-out.js';
import { type Cell, ExitCode, type Terminal } from './terminal.js';
import { MAX_TEXT, count, cut, paramText, statusCell, tookText, valueText } from './words.js';

/** @bound tells: the last line says how many more, --json has all; specs/cli/left-out.spec.ts "says how many metrics it has no room for" */
const MAX_METRICS = 40;
const LIVES = { alive: 'alive', unsure: 'alive or not: unsure', dead: 'dead' } as const;

export const run: CommandRun = (paths, { json }, terminal) => {
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
  // What a list says of a run is here under the same names.
  const plain = runs.map((info) => ({ ...factsOf(info), ...info }));
  if (json === true) terminal.json(folders.length === 1 ? plain[0] : plain);
  else for (const info of runs) print(info, terminal);
  const isCorrupt = runs.some(({ corrupt }) => corrupt.length > 0);
  return Math.max(leftOut.end(), isCorrupt ? ExitCode.invalid : ExitCode.ok);
};

function print(run: RunInfo, terminal: Terminal): void {
  const { identity, status, rows, publishedRows, walRows, dropped, invalid, tornBytes, corrupt } = run;
  terminal.print(
    `${terminal.style('bold', printable(`${identity.experiment}/${identity.run}`))}  ${shown(statusCell(status, run.owner), terminal)}`,
  );
  const facts: [string, string][] = [
    ['started', printable(identity.startedAt)],
    ['ended', printable(run.endedAt ?? '')],
    ['took', tookText(run) + sessionsText(identity.resumed?.length ?? 0)],
    [
      'rows',
      `${count(rows)}${walRows > 0 ? `, of which ${count(walRows)} are in the write-ahead log only` : ''}`,
    ],
    ['dropped', dropped > 0 ? count(dropped) : ''],
    ['invalid values', invalid > 0 ? count(invalid) : ''],
    ['tags', printable(identity.tags.join(', '))],
    ['group', printable(identity.group ?? '')],
    ['rank', String(identity.rank ?? '')],
    ['notes', printable(cut(identity.notes, 200))],
    [
      'owner',
      run.owner === 'free'
        ? ''
        : `process ${identity.pid} on ${printable(identity.host)}, ${LIVES[run.owner]}`,
    ],
    ['error', run.error === undefined ? '' : printable(cut(errorText(run.error), 200))],
    ['torn', tornBytes > 0 ? `${count(tornBytes)} bytes at the end of the write-ahead log` : ''],
    ['corrupt', printable(corrupt.join(', '))],
  ];
  for (const [name, text] of facts)
    if (text !== '') terminal.print(`  ${terminal.style('dim', name.padEnd(15))}${text}`);
  printMetrics(run, terminal);
  terminal.print('');
  terminal.table([
    ['file', 'bytes'],
    ...run.files.map(({ name, bytes }) => [printable(name), count(bytes).padStart(12)]),
  ]);
  if (walRows > 0 && !isOwned({ kind: run.owner }))
    terminal.print(
      `\n  ${count(publishedRows)} rows are in metrics.parquet; \`expman recover\` brings the rest there.`,
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

const shown = (cell: Cell, terminal: Terminal): string =>
  typeof cell === 'string' ? cell : terminal.style(cell.style, cell.text);

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return paramText(error);
  const { name, message } = error as Readonly<Record<string, unknown>>;
  return typeof name === 'string' && typeof message === 'string' ? `${name}: ${message}` : paramText(error);
}
