#!/usr/bin/env node
import { printable } from '../model/printable.js';
import { runCli } from './run-cli.js';
import { ExitCode } from './terminal.js';

process.stdout.on('error', endOutput);
process.stderr.on('error', endOutput);
process.exitCode = await runCli(process.argv.slice(2));

/**
 * Ends the process when output fails: quietly if the reader has seen enough (`expman inspect ... |
 * head`), with an error otherwise, for example if the disk is full.
 */
function endOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit();
  // If stderr itself failed, there is nowhere to report to; ignore that failure, too.
  process.stderr.removeListener('error', endOutput).on('error', () => undefined);
  process.stderr.write(`expman: IO: the output cannot be written: ${printable(error.message)}\n`);
  process.exit(ExitCode.io);
}
