import { basename, join, resolve } from 'node:path';
import { archiveExperiment } from '../interop/archive/archive-experiment.js';
import { type ArchiveOptions, archiveRun } from '../interop/archive/archive-run.js';
import { kindAt } from '../interop/source/source-files.js';
import { printable } from '../model/printable.js';
import { RUN_NAME } from '../run/file-names.js';
import type { CommandRun } from './command.js';
import type { ARCHIVE } from './command-options.js';
import { ExitCode } from './terminal.js';
import { bytesText, count } from './words.js';

export const run: CommandRun<typeof ARCHIVE> = async ([path = ''], options, terminal) => {
  const folder = resolve(path);
  const output = resolve(options.output ?? `${basename(folder)}.tar.gz`);
  const how: ArchiveOptions = {
    onBytes: (bytes, step) => {
      terminal.progress(`${step} ${bytesText(bytes)}`);
    },
  };
  const isRun = kindAt(join(folder, RUN_NAME)) !== null || kindAt(folder) === null;
  const packed = isRun
    ? { runDir: folder, ...(await archiveRun(folder, output, how)) }
    : { dir: folder, ...(await archiveExperiment(folder, output, how)) };
  if (packed.skipped.length > 0)
    terminal.complain(
      `left out ${count(packed.skipped.length)} that belong to no run or are no regular files: ${printable(packed.skipped.join(', '))}`,
    );
  if (options.json === true) terminal.json({ ...packed, path: output });
  else terminal.print(printable(output));
  return ExitCode.ok;
};
