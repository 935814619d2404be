import { resolve } from 'node:path';
import type { MergeOptions } from '../interop/merging/merge-options.js';
import { type MergedRun, mergeRuns } from '../interop/merging/merge-runs.js';
import { printable } from '../model/printable.js';
import { type CommandRun, UsageError } from './command.js';
import type { MERGE } from './command-options.js';
import { withoutFiles } from './find-runs.js';
import { ExitCode, type Terminal } from './terminal.js';
import { count, quantity } from './words.js';

export const run: CommandRun<typeof MERGE> = async (paths, options, terminal) => {
  const { into, deleteSources, force } = options;
  if (into === undefined) throw new UsageError('say with --into what the new run is called');
  const runDirs = [...new Set(withoutFiles(paths).map((path) => resolve(path)))];
  if (runDirs.length < 2) throw new UsageError('name at least two runs to merge');
  const isDeleting = deleteSources === true && force === true;
  const merged = await mergeRuns(runDirs, into, {
    as: wordOf('as', options.as, ['pieces', 'ranks']),
    order: wordOf('order', options.order, ['start', 'given']),
    overlap: wordOf('overlap', options.overlap, ['replace', 'keep']),
    ...{ strict: options.strict === true, dryRun: options.dryRun === true, deleteSources: isDeleting },
    whenTaken: options.suffix === true ? 'suffix' : 'fail',
    onRows: (rows, total) => {
      terminal.progress(`merged ${count(rows)} of ${quantity(total, 'rows')}`);
    },
  } satisfies MergeOptions);
  if (options.json === true) terminal.json(merged);
  else report(merged, terminal);
  if (deleteSources === true && !isDeleting)
    terminal.complain(
      `the ${count(merged.runs.length)} runs stay; add --force to delete them once they are merged`,
    );
  return merged.runs.some(({ kept }) => kept !== null) ? ExitCode.io : ExitCode.ok;
};

/** Returns the value of an option that is one of some words. @throws {@link UsageError} */
function wordOf<W extends string>(
  name: string,
  given: string | undefined,
  words: readonly W[],
): W | undefined {
  const word = words.find((each) => each === given);
  if (given !== undefined && word === undefined)
    throw new UsageError(`--${name} must be ${words.join(' or ')}; got ${JSON.stringify(given)}`);
  return word;
}

function report({ runDir, as, rows, runs, notes, dryRun }: MergedRun, terminal: Terminal): void {
  terminal.table([
    [
      'run',
      'as',
      'rows',
      'values left out',
      ...(runs.some((each) => each.deleted || each.kept !== null) ? ['deleted'] : []),
    ],
    ...runs.map(({ experiment, run, label, rows: taken, replaced, deleted, kept }) => [
      printable(`${experiment}/${run}`),
      printable(label),
      count(taken),
      count(replaced),
      ...(deleted || kept !== null ? [kept === null ? 'yes' : printable(`no: ${kept}`)] : []),
    ]),
  ]);
  for (const note of notes) terminal.complain(printable(note));
  terminal.print(
    `${dryRun ? 'would merge' : 'merged'} ${count(runs.length)} ${as} into ${printable(runDir)}: ${quantity(rows, 'rows')}`,
  );
}
