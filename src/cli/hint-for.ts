import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { ExpmanError } from '../model/errors.js';
import { printable } from '../model/printable.js';
import { RUN_NAME } from '../run/file-names.js';
import { nodeFs } from '../storage/node-fs.js';

/** Returns advice on an error, as a further line of its message; empty if there is none. */
export function hintFor(error: unknown): string {
  if (!(error instanceof ExpmanError) || error.code !== 'RUN_NOT_FOUND') return '';
  const { path } = error;
  const run = path === undefined ? null : firstRunIn(path);
  return run === null
    ? '\n`expman list DIR` shows the runs below a folder'
    : `\nit is an experiment; name runs of it, such as ${printable(run)}`;
}

/** The path of a run in an experiment; null for what is not an experiment with runs. */
function firstRunIn(folder: string): string | null {
  let found: string | null = null;
  attempt(() => {
    const name = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .find((each) => nodeFs.stat(join(folder, each, RUN_NAME))?.kind === 'file');
    if (name !== undefined) found = join(folder, name);
  });
  return found;
}
