import { resolve } from 'node:path';
import { type ImportedRun, IMPORTERS, importRuns } from '../interop/index.js';
import { printable } from '../model/printable.js';
import type { CommandRun } from './command.js';
import type { IMPORT } from './command-options.js';
import { DEFAULT_DIR } from './find-runs.js';
import { ExitCode, type Terminal } from './terminal.js';
import { quantity } from './words.js';

export const run: CommandRun<typeof IMPORT> = async ([path = ''], options, terminal) => {
  const { format, experiment, runName, stepColumn, timeColumn, runColumn, delimiter } = options;
  let done = 0;
  const report = await importRuns(resolve(path), {
    importers: IMPORTERS,
    dir: resolve(options.dir ?? DEFAULT_DIR),
    ...{ format, experiment, runName, stepColumn, timeColumn, runColumn, delimiter },
    strict: options.strict === true,
    again: options.again === true,
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
  else for (const imported of report.imported) print(imported, terminal);
  for (const imported of report.imported) complain(imported, terminal);
  for (const { run: name, runDir } of report.skipped)
    terminal.complain(
      printable(`${name}: skipped, it was imported before as ${runDir}; --again imports it once more`),
    );
  for (const { run: name, error } of report.failed)
    terminal.complain(printable(`${name ?? path}: ${error.code}: ${error.message}`));
  return report.failed.length > 0 ? ExitCode.invalid : ExitCode.ok;
};

/** Prints what came of a run, with the counts that are not zero. */
function print({ runDir, status, rows, ...counts }: ImportedRun, terminal: Terminal): void {
  const named = [
    [counts.params, 'parameters'],
    [counts.summary, 'summary values'],
    [counts.files, 'files'],
    [counts.media, 'media'],
    [counts.logLines, 'log lines'],
  ] as const;
  const others = named.filter(([number]) => number > 0).map(([number, what]) => quantity(number, what));
  terminal.print(`${printable(runDir)}  ${status}  ${[quantity(rows, 'rows'), ...others].join(', ')}`);
}

function complain({ runDir, leftOut, guessed, invalid }: ImportedRun, terminal: Terminal): void {
  for (const part of leftOut) terminal.complain(printable(`${runDir}: left out ${part}`));
  if (invalid > 0)
    terminal.complain(printable(`${runDir}: left out ${quantity(invalid, 'values')}; run.log says which`));
  for (const part of guessed) terminal.complain(printable(`${runDir}: guessed: ${part}`));
}
