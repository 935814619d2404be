import { join, resolve } from 'node:path';
import { EXPORTERS, type ExportOptions, exportExperiment, exportRun } from '../interop/index.js';
import { kindAt } from '../interop/source/source-files.js';
import { printable } from '../model/printable.js';
import { RUN_NAME } from '../run/file-names.js';
import { type CommandRun, UsageError } from './command.js';
import type { EXPORT } from './command-options.js';
import { ExitCode } from './terminal.js';
import { count } from './words.js';

export const run: CommandRun<typeof EXPORT> = async ([path = ''], options, terminal) => {
  const formats = EXPORTERS.map(({ format }) => format);
  const { format, output } = options;
  if (format === undefined) throw new UsageError(`--format is missing; choose one of ${formats.join(', ')}`);
  if (output === undefined) throw new UsageError('--output is missing: the file or folder to write');
  const exporter = EXPORTERS.find((each) => each.format === format);
  if (exporter === undefined)
    throw new UsageError(`unknown format ${JSON.stringify(format)}; choose one of ${formats.join(', ')}`);
  const how: ExportOptions = {
    onRows: (rows, total) => {
      terminal.progress(`exporting row ${count(rows)} of ${count(total)}`);
    },
  };
  const { loses } = exporter;
  const folder = resolve(path);
  const isRun = kindAt(join(folder, RUN_NAME)) !== null || kindAt(folder) === null;
  let done: object = { runDir: folder };
  if (isRun) await exportRun(folder, exporter.format, resolve(output), how);
  else {
    const { runs } = await exportExperiment(folder, exporter.format, resolve(output), how);
    done = { dir: folder, runs };
  }
  if (options.json === true) terminal.json({ ...done, format, path: resolve(output), loses });
  else {
    terminal.print(printable(resolve(output)));
    if (loses !== '') terminal.print(terminal.style('dim', `  not included in ${format}: ${loses}`));
  }
  return ExitCode.ok;
};
