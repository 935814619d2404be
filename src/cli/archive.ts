import { basename, resolve } from 'node:path';
import { archiveRun } from '../interop/archive/archive-run.js';
import { printable } from '../model/printable.js';
import { type CommandRun, textOption } from './command.js';
import { ExitCode } from './terminal.js';
import { bytesText } from './words.js';

export const run: CommandRun = async ([path = ''], options, terminal) => {
  const runDir = resolve(path);
  const output = resolve(textOption(options, 'output') ?? `${basename(runDir)}.tar.gz`);
  const packed = await archiveRun(runDir, output, {
    onBytes: (bytes, step) => {
      terminal.progress(`${step} ${bytesText(bytes)}`);
    },
  });
  if (options['json'] === true) terminal.json({ runDir, ...packed, path: output });
  else terminal.print(printable(output));
  return ExitCode.ok;
};
