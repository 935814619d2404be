import { resolve } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { nodeFs } from '../storage/node-fs.js';
import { type Recovery, recoverRun } from '../writer/recover-run.js';
import { runFoldersIn } from '../reader/run-folders.js';
import { printable } from '../model/printable.js';
import { type Command, exitCodeOf, codeAndMessageOf } from './command.js';
import { ExitCode, type Terminal } from './terminal.js';

interface Failure {
  readonly runDir: string;
  readonly code: string;
  readonly message: string;
  readonly exitCode: number;
}

export const recover: Command = {
  usage: 'expman recover DIR... [--json]',
  summary:
    'Brings runs that were cut off to their end; DIR is a run, an experiment, or a folder of experiments.',
  options: {},
  run: async (paths, { json }, terminal) => {
    const folders = paths.flatMap((path) => runFoldersIn(nodeFs, resolve(path)));
    if (folders.length === 0) throw new ExpmanError('RUN_NOT_FOUND', `no run in ${paths.join(', ')}`);
    const done: Recovery[] = [];
    const failed: Failure[] = [];
    for (const runDir of folders) {
      try {
        const recovery = await recoverRun(nodeFs, runDir);
        done.push(recovery);
        if (json !== true) print(recovery, terminal);
      } catch (error) {
        const code = error instanceof ExpmanError ? error.code : 'IO';
        failed.push({ runDir, code, message: codeAndMessageOf(error), exitCode: exitCodeOf(error) });
        terminal.complain(printable(codeAndMessageOf(error)));
      }
    }
    if (json === true)
      terminal.json({ recovered: done, failed: failed.map(({ exitCode: _exitCode, ...told }) => told) });
    const worst = failed.reduce<number>((code, { exitCode }) => Math.max(code, exitCode), ExitCode.ok);
    return worst === ExitCode.ok &&
      done.some(({ corrupt, missingRecords }) => corrupt.length > 0 || missingRecords > 0)
      ? ExitCode.invalid
      : worst;
  },
};

function print(
  { runDir, changed, status, rows, replayedRows, tornBytes, corrupt, missingRecords }: Recovery,
  terminal: Terminal,
): void {
  terminal.print(`${terminal.style('bold', printable(runDir))}  ${status}`);
  if (!changed) {
    terminal.print(`  nothing to do: all ${rows.toLocaleString('en-US')} rows are in metrics.parquet`);
    return;
  }
  terminal.print(
    `  ${rows.toLocaleString('en-US')} rows are in metrics.parquet; the write-ahead log held ${replayedRows.toLocaleString('en-US')}`,
  );
  if (tornBytes > 0)
    terminal.print(`  ${tornBytes.toLocaleString('en-US')} bytes at its end were a write that was cut off`);
  if (corrupt.length > 0)
    terminal.print(terminal.style('red', `  corrupt, kept as they are: ${printable(corrupt.join(', '))}`));
  if (missingRecords > 0)
    terminal.print(
      terminal.style('red', `  ${missingRecords.toLocaleString('en-US')} records are missing in between`),
    );
}
