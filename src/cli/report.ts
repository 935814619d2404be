import { basename, resolve } from 'node:path';
import { writeReport } from '../dashboard/report/write-report.js';
import { ExpmanError } from '../model/errors.js';
import { printable } from '../model/printable.js';
import { nodeFs } from '../storage/node-fs.js';
import { type CommandRun, UsageError } from './command.js';
import type { REPORT } from './command-options.js';
import { findRunsIn } from './find-runs.js';

export const run: CommandRun<typeof REPORT> = async (paths, options, terminal) => {
  const output = options.output;
  if (output === undefined) throw new UsageError('--output is missing: the HTML file to write');
  const path = resolve(output);
  const force = options.force === true;
  if (!force && nodeFs.stat(path) !== null)
    throw new ExpmanError('INVALID_OPTION', `${path} already exists; --force replaces it`, {
      option: 'output',
      path,
    });
  const { runs, leftOut } = findRunsIn(paths, options, terminal);
  const bytes = await writeReport(
    runs.map(({ runDir }) => runDir),
    path,
    {
      title: options.title ?? basename(resolve(paths[0] ?? '')),
      force,
      onRun: (done) => {
        terminal.progress(`reading run ${done + 1} of ${runs.length}`);
      },
    },
  );
  if (options.json === true) terminal.json({ path, runs: runs.length, bytes });
  else terminal.print(printable(path));
  return leftOut.end();
};
