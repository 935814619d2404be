import { resolve } from 'node:path';
import { IMPORTERS, importRuns } from '../interop/index.js';
import { printable } from '../model/printable.js';
import type { CommandRun } from './command.js';
import type { IMPORT } from './command-options.js';
import { DEFAULT_DIR } from './find-runs.js';
import { ExitCode } from './terminal.js';
import { quantity } from './words.js';

export const run: CommandRun<typeof IMPORT> = async ([path = ''], options, terminal) => {
  const { format, experiment, runName } = options;
  let done = 0;
  const report = await importRuns(resolve(path), {
    importers: IMPORTERS,
    dir: resolve(options.dir ?? DEFAULT_DIR),
    format,
    experiment,
    runName,
    onRun: () => {
      terminal.progress(quantity(++done, 'runs'));
    },
  });
  if (options.json === true)
    terminal.json({
      ...report,
      failed: report.failed.map(({ run: name, error }) => ({
        run: name ?? null,
        code: error.code,
        message: error.message,
      })),
    });
  else
    for (const { runDir, status, rows } of report.imported)
      terminal.print(`${printable(runDir)}  ${status}  ${quantity(rows, 'rows')}`);
  for (const { runDir, leftOut } of report.imported)
    for (const part of leftOut) terminal.complain(printable(`${runDir}: left out ${part}`));
  for (const { run: name, error } of report.failed)
    terminal.complain(printable(`${name ?? path}: ${error.code}: ${error.message}`));
  return report.failed.length > 0 ? ExitCode.invalid : ExitCode.ok;
};
