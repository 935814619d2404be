import { resolve } from 'node:path';
import type { MetricValue } from '../model/metric.js';
import { RunStatus } from '../model/run-status.js';
import { nodeFs } from '../storage/node-fs.js';
import { inspectRun, type RunInfo } from '../reader/inspect-run.js';
import { printable } from '../model/printable.js';
import type { Command } from './command.js';
import { ExitCode, type Terminal } from './terminal.js';

const MAX_METRICS = 40;
const MAX_TEXT = 32;

export const inspect: Command = {
  usage: 'expman inspect RUN_DIR... [--json]',
  summary: 'Prints what a run is: status, counts, metrics, files. Changes nothing.',
  options: {},
  run: (paths, { json }, terminal) => {
    const runs = paths.map((path) => inspectRun(nodeFs, resolve(path)));
    if (json === true) terminal.json(runs.length === 1 ? runs[0] : runs);
    else for (const run of runs) print(run, terminal);
    return runs.some(({ corrupt }) => corrupt.length > 0) ? ExitCode.invalid : ExitCode.ok;
  },
};

function print(run: RunInfo, terminal: Terminal): void {
  const { identity, status, rows, publishedRows, walRows, dropped, invalid, tornBytes, corrupt } = run;
  terminal.print(
    `${terminal.style('bold', printable(`${identity.experiment}/${identity.run}`))}  ${shownStatus(status, terminal)}`,
  );
  const facts: [string, string][] = [
    ['started', printable(identity.startedAt)],
    [
      'ended',
      run.endedAt === undefined ? '' : `${printable(run.endedAt)}, after ${duration(run.durationMs)}`,
    ],
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
      run.owner === 'free' ? '' : `process ${identity.pid} on ${printable(identity.host)}, ${run.owner}`,
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
  if (walRows > 0 && run.owner !== 'alive')
    terminal.print(
      `\n  ${count(publishedRows)} rows are in metrics.parquet; \`expman recover\` brings the rest there.`,
    );
}

function printMetrics({ metrics }: RunInfo, terminal: Terminal): void {
  if (metrics.size === 0) return;
  terminal.print('');
  const shown = [...metrics]
    .slice(0, MAX_METRICS)
    .map(([metric, { last, count: values, min, max, mean }]) => [
      printable(cut(metric, MAX_TEXT)),
      valueText(last),
      min === undefined ? '' : valueText(min),
      max === undefined ? '' : valueText(max),
      mean === undefined ? '' : valueText(mean),
      count(values),
    ]);
  terminal.table([['metric', 'last', 'min', 'max', 'mean', 'values'], ...shown]);
  if (metrics.size > MAX_METRICS) terminal.print(`  … and ${count(metrics.size - MAX_METRICS)} more`);
}

function shownStatus(status: RunStatus, terminal: Terminal): string {
  switch (status) {
    case RunStatus.Finished:
      return terminal.style('green', status);
    case RunStatus.Running:
      return terminal.style('bold', status);
    case RunStatus.Interrupted:
      return terminal.style('yellow', status);
    case RunStatus.Failed:
    case RunStatus.Crashed:
      return terminal.style('red', status);
  }
}

function valueText(value: MetricValue): string {
  if (typeof value === 'string') return printable(cut(value, MAX_TEXT));
  if (typeof value === 'number' && Number.isFinite(value) && !Number.isInteger(value))
    return String(Number(value.toPrecision(6)));
  return String(value);
}

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  return [Reflect.get(error, 'name'), Reflect.get(error, 'message')].map(String).join(': ');
}

function duration(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.round(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text;
const count = (number: number): string => number.toLocaleString('en-US');
