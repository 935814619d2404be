import { resolve } from 'node:path';
import { renameRun } from '../interop/moving/move-run.js';
import { printable } from '../model/printable.js';
import type { CommandRun } from './command.js';
import type { NONE } from './command-options.js';
import { ExitCode } from './terminal.js';

export const run: CommandRun<typeof NONE> = async ([path = '', name = ''], options, terminal) => {
  const renamed = await renameRun(resolve(path), name);
  if (options.json === true) terminal.json(renamed);
  else terminal.print(`${printable(renamed.runDir)}${renamed.recovered ? '  (recovered first)' : ''}`);
  return ExitCode.ok;
};
