import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ExpmanError, messageOf } from '../model/errors.js';
import type { CommandRun } from './command.js';
import type { NONE } from './command-options.js';
import { ExitCode } from './terminal.js';

const FILE = (): URL => new URL('./SKILL.md', import.meta.url);

export const run: CommandRun<typeof NONE> = (_args, options, terminal) => {
  const path = fileURLToPath(FILE());
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ExpmanError('IO', `${path} cannot be read: ${messageOf(cause)}; install the package again`, {
      cause,
      path,
    });
  }
  if (options.json === true) terminal.json({ path, text });
  else terminal.printExactly(text);
  return ExitCode.ok;
};
