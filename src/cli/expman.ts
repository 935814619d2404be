#!/usr/bin/env node
import { runCli } from './run-cli.js';

process.stdout.on('error', quietly);
process.stderr.on('error', quietly);
process.exitCode = await runCli(process.argv.slice(2));

/** A reader that has seen enough (`expman inspect ... | head`) is no error. */
function quietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}
