import { resolve } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { nodeFs } from '../storage/node-fs.js';
import { runFoldersIn } from '../reader/run-folders.js';
import { type Verification, verifyRun } from '../reader/verify-run.js';
import type { CommandRun } from './command.js';
import type { NONE } from './command-options.js';
import { printable } from '../model/printable.js';
import { ExitCode, type Terminal } from './terminal.js';
import { lossWithPlace, quantity } from './words.js';

export const run: CommandRun<typeof NONE> = (paths, { json }, terminal) => {
  const folders = paths.flatMap((path) => runFoldersIn(nodeFs, resolve(path)));
  if (folders.length === 0)
    throw new ExpmanError('RUN_NOT_FOUND', `no run in ${printable(paths.join(', '))}`);
  const found = folders.map((folder, index) => {
    terminal.progress(`verifying run ${index + 1} of ${folders.length}`);
    const verification = verifyRun(nodeFs, folder);
    if (json !== true) print(verification, terminal);
    return verification;
  });
  if (json === true) terminal.json(found);
  return found.some(isDamaged) ? ExitCode.invalid : ExitCode.ok;
};

const isDamaged = ({ problems, losses }: Verification): boolean => problems.length > 0 || losses.length > 0;

function print(
  { runDir, status, rows, tornBytes, losses, checkedBytes, problems }: Verification,
  terminal: Terminal,
): void {
  const verdict =
    problems.length > 0
      ? terminal.style('red', 'CORRUPT')
      : losses.length > 0
        ? terminal.style('red', 'INCOMPLETE')
        : terminal.style('green', 'intact');
  terminal.print(`${terminal.style('bold', printable(runDir))}  ${verdict}`);
  terminal.print(
    `  ${status ?? 'unknown status'}, ${quantity(rows, 'rows')}, ${quantity(checkedBytes, 'bytes')} of metrics.parquet checked`,
  );
  if (tornBytes > 0)
    terminal.print(
      `  ${quantity(tornBytes, 'bytes')} at the end of the write-ahead log: an interrupted write`,
    );
  if (losses.length > 0) terminal.print(`  lost: ${lossWithPlace(losses)}`);
  for (const { file, code, message } of problems)
    terminal.print(`  ${printable(file)}: ${code}: ${printable(message)}`);
}
