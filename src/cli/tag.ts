import { ExperimentConfig } from '../model/experiment-config.js';
import { printable } from '../model/printable.js';
import { amendRun } from './amend-run.js';
import { type CommandRun, UsageError, listOf } from './command.js';
import type { TAG } from './command-options.js';
import { withoutFiles } from './find-runs.js';
import { ExitCode } from './terminal.js';

export const run: CommandRun<typeof TAG> = (paths, options, terminal) => {
  const added = listOf(options.add) ?? [];
  const removed = new Set(listOf(options.remove) ?? []);
  if (added.length === 0 && removed.size === 0) throw new UsageError('--add or --remove is missing');
  const changed = withoutFiles(paths).map((path) => {
    let tags: readonly string[] = [];
    const runDir = amendRun(path, (file) => {
      const before = Array.isArray(file['tags']) ? file['tags'].map(String) : [];
      const after = [...new Set([...before, ...added])].filter((tag) => !removed.has(tag));
      // ExperimentConfig holds the rules for tags.
      ({ tags } = new ExperimentConfig('any', '.', { tags: after }));
      return { ...file, tags };
    });
    return { runDir, tags };
  });
  if (options.json === true) terminal.json(changed);
  else
    for (const { runDir, tags } of changed)
      terminal.print(`${printable(runDir)}  ${printable(tags.join(' '))}`);
  return ExitCode.ok;
};
