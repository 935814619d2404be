import { resolve } from 'node:path';
import { unarchiveRun } from '../interop/archive/unarchive-run.js';
import { printable } from '../model/printable.js';
import type { CommandRun } from './command.js';
import type { UNARCHIVE } from './command-options.js';
import { DEFAULT_DIR } from './find-runs.js';
import { ExitCode } from './terminal.js';
import { bytesText } from './words.js';

export const run: CommandRun<typeof UNARCHIVE> = async ([path = ''], options, terminal) => {
  const { experiment, runName } = options;
  const unpacked = await unarchiveRun(resolve(path), resolve(options.dir ?? DEFAULT_DIR), {
    ...(experiment !== undefined && { experiment }),
    ...(runName !== undefined && { runName }),
    onBytes: (bytes) => {
      terminal.progress(`unpacked ${bytesText(bytes)}`);
    },
  });
  if (options.json === true) terminal.json(unpacked);
  else terminal.print(printable(unpacked.runDir));
  return ExitCode.ok;
};
