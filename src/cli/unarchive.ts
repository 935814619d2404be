import { resolve } from 'node:path';
import { unarchiveRun } from '../interop/archive/unarchive-run.js';
import { printable } from '../model/printable.js';
import { type CommandRun, textOption } from './command.js';
import { DEFAULT_DIR } from './find-runs.js';
import { ExitCode } from './terminal.js';

export const run: CommandRun = async ([path = ''], options, terminal) => {
  const runDir = await unarchiveRun(resolve(path), resolve(textOption(options, 'dir') ?? DEFAULT_DIR));
  if (options['json'] === true) terminal.json({ path: resolve(path), runDir });
  else terminal.print(printable(runDir));
  return ExitCode.ok;
};
