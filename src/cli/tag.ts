import { resolve } from 'node:path';
import { printable } from '../model/printable.js';
import { amendRunBy } from '../reader/amend-run.js';
import { nodeFs } from '../storage/node-fs.js';
import { type CommandRun, UsageError, listOf } from './command.js';
import type { TAG } from './command-options.js';
import { withoutFiles } from './find-runs.js';
import { ExitCode } from './terminal.js';

export const run: CommandRun<typeof TAG> = (paths, options, terminal) => {
  const addTags = listOf(options.add) ?? [];
  const removeTags = listOf(options.remove) ?? [];
  if (addTags.length === 0 && removeTags.length === 0) throw new UsageError('--add or --remove is missing');
  const changed = withoutFiles(paths).map((path) => {
    const runDir = resolve(path);
    const { tags } = amendRunBy(nodeFs, runDir, { addTags, removeTags });
    return { runDir, tags };
  });
  if (options.json === true) terminal.json(changed);
  else
    for (const { runDir, tags } of changed)
      terminal.print(`${printable(runDir)}  ${printable(tags.join(' '))}`);
  return ExitCode.ok;
};
