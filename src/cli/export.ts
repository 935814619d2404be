import { resolve } from 'node:path';
import { EXPORTERS, exportRun } from '../interop/index.js';
import { printable } from '../model/printable.js';
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
  await exportRun(resolve(path), exporter.format, resolve(output), {
    onRows: (rows, total) => {
      terminal.progress(`exporting row ${count(rows)} of ${count(total)}`);
    },
  });
  const { loses } = exporter;
  if (options.json === true) terminal.json({ runDir: resolve(path), format, path: resolve(output), loses });
  else {
    terminal.print(printable(resolve(output)));
    if (loses !== '') terminal.print(terminal.style('dim', `  not included in ${format}: ${loses}`));
  }
  return ExitCode.ok;
};
