import { ExperimentConfig } from '../model/experiment-config.js';
import { printable, printableLines } from '../model/printable.js';
import { amendRun } from './amend-run.js';
import type { CommandRun } from './command.js';
import type { NOTE } from './command-options.js';
import { ExitCode } from './terminal.js';

export const run: CommandRun<typeof NOTE> = ([path = '', text = ''], options, terminal) => {
  let notes = text;
  const runDir = amendRun(path, (file) => {
    const before = typeof file['notes'] === 'string' ? file['notes'] : '';
    if (options.append === true && before !== '') notes = `${before}\n${text}`;
    ({ notes } = new ExperimentConfig('any', '.', { notes }));
    return { ...file, notes };
  });
  if (options.json === true) terminal.json({ runDir, notes });
  else {
    const [first = '', ...others] = printableLines(notes);
    terminal.print([`${printable(runDir)}  ${first}`, ...others.map((line) => `  ${line}`)].join('\n'));
  }
  return ExitCode.ok;
};
