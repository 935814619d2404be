import { moveRun, planMove } from '../interop/moving/move-run.js';
import { printable } from '../model/printable.js';
import type { CommandRun } from './command.js';
import type { PLACING } from './command-options.js';
import { placeEach, placingOf, planAll } from './named-place.js';

export const run: CommandRun<typeof PLACING> = async (paths, options, terminal) => {
  const placing = placingOf(paths, options, terminal);
  planAll(placing, planMove);
  const { done, failed, exit } = await placeEach(placing, moveRun, terminal);
  if (options.json === true) terminal.json({ moved: done, failed });
  else
    for (const { runDir, recovered } of done)
      terminal.print(`${printable(runDir)}${recovered ? '  (recovered first)' : ''}`);
  return exit;
};
