#!/usr/bin/env node
import { printable } from '../model/printable.js';
import { runCli } from './run-cli.js';
import { ExitCode } from './terminal.js';

process.stdout.on('error', endOutput);
process.stderr.on('error', endOutput);
process.exitCode = await runCli(process.argv.slice(2));

/** A reader that has seen enough (`expman inspect ... | head`) is no error; a full disk behind `>` is one. */
function endOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit();
  // Where stderr is what failed there is nobody to tell, and the failure of telling ends here, too.
  process.stderr.removeListener('error', endOutput).on('error', () => undefined);
  process.stderr.write(`expman: IO: the output cannot be written: ${printable(error.message)}\n`);
  process.exit(ExitCode.io);
}
