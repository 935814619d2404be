import { basename, resolve } from 'node:path';
import { archiveRun } from '../interop/archive/archive-run.js';
import { printable } from '../model/printable.js';
import { type CommandRun, textOption } from './command.js';
import { ExitCode } from './terminal.js';

export const run: CommandRun = async ([path = ''], options, terminal) => {
  const runDir = resolve(path);
  const output = resolve(textOption(options, 'output') ?? `${basename(runDir)}.tar.gz`);
  const packed = await archiveRun(runDir, output);
  if (options['json'] === true) terminal.json({ runDir, ...packed, path: output });
  else terminal.print(printable(output));
  return ExitCode.ok;
};
