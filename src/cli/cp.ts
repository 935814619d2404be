import { copyRun, planCopy } from '../interop/moving/copy-run.js';
import { printable } from '../model/printable.js';
import type { CommandRun } from './command.js';
import type { PLACING } from './command-options.js';
import { placeEach, placingOf, planAll } from './named-place.js';
import { count } from './words.js';

export const run: CommandRun<typeof PLACING> = async (paths, options, terminal) => {
  const placing = placingOf(paths, options, terminal);
  planAll(placing, planCopy);
  const { done, failed, exit } = await placeEach(placing, copyRun, terminal);
  for (const { from, skipped } of done)
    if (skipped.length > 0)
      terminal.complain(
        `${printable(from)}: left out ${count(skipped.length)} that are no regular files: ${printable(skipped.join(', '))}`,
      );
  if (options.json === true) terminal.json({ copied: done, failed });
  else
    for (const { runDir, recovered } of done)
      terminal.print(`${printable(runDir)}${recovered ? '  (recovered)' : ''}`);
  return exit;
};
