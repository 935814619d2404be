import { resolve } from 'node:path';
import { printable, printableLines } from '../model/printable.js';
import { amendRunBy } from '../reader/amend-run.js';
import { nodeFs } from '../storage/node-fs.js';
import type { CommandRun } from './command.js';
import type { NOTE } from './command-options.js';
import { ExitCode } from './terminal.js';

export const run: CommandRun<typeof NOTE> = ([path = '', text = ''], options, terminal) => {
  const runDir = resolve(path);
  const changes = options.append === true ? { appendNotes: text } : { notes: text };
  const { notes } = amendRunBy(nodeFs, runDir, changes);
  if (options.json === true) terminal.json({ runDir, notes });
  else {
    const [first = '', ...others] = printableLines(notes);
    terminal.print([`${printable(runDir)}  ${first}`, ...others.map((line) => `  ${line}`)].join('\n'));
  }
  return ExitCode.ok;
};
