import { basename, resolve } from 'node:path';
import { archiveRun } from '../interop/archive/archive-run.js';
import { printable } from '../model/printable.js';
import type { CommandRun } from './command.js';
import type { ARCHIVE } from './command-options.js';
import { ExitCode } from './terminal.js';
import { bytesText } from './words.js';

export const run: CommandRun<typeof ARCHIVE> = async ([path = ''], options, terminal) => {
  const runDir = resolve(path);
  const output = resolve(options.output ?? `${basename(runDir)}.tar.gz`);
  const packed = await archiveRun(runDir, output, {
    onBytes: (bytes, step) => {
      terminal.progress(`${step} ${bytesText(bytes)}`);
    },
  });
  if (options.json === true) terminal.json({ runDir, ...packed, path: output });
  else terminal.print(printable(output));
  return ExitCode.ok;
};
