import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { isMapping, kindAt, namesIn, yamlAt } from '../source/source-files.js';
import { nodeFs } from '../../storage/node-fs.js';
import { piecesAt } from '../../storage/pieces.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import { RUN_NAME } from '../../run/file-names.js';

/** What an imported run keeps of its source under `imported`, by which it is known again. */
export interface ImportKey {
  /** The tool's identifier of the run; else the path that it was read from. */
  readonly id: string;
  /** Distinguishes the states of a run that goes on: a digest of its files, if it is in files. */
  readonly state: string;
  /** The name of the run in the source. */
  readonly name: string;
}

/**
 * Returns what identifies a run of a source; null if it has neither files nor a state, so that
 * nothing can be said.
 *
 * @throws errors of the file system
 */
export function keyOf(
  { run, source }: ExchangeRun,
  { from, format }: { readonly from: string; readonly format: string },
): ImportKey | null {
  const { id, files, state } = source ?? {};
  if (files === undefined && state === undefined) return null;
  const hash = createHash('sha256').update(`${format}\n${state ?? ''}\n`);
  for (const path of files ?? []) {
    hash.update(`${path.length} `);
    for (const piece of piecesAt(nodeFs, path)) hash.update(piece);
  }
  return { id: id ?? resolve(from), state: hash.digest('hex'), name: run };
}

/** The runs of experiments that were imported, by their sources; each experiment is read once. */
export class EarlierImports {
  private readonly byFolder = new Map<string, Map<string, string>>();

  /** Returns the folder of the run that a source has become; null if there is none. */
  runOf(experiment: string, key: ImportKey): string | null {
    return this.runsIn(experiment).get(textOf(key)) ?? null;
  }

  /** Notes a run that has been imported. */
  add(experiment: string, key: ImportKey, runDir: string): void {
    this.runsIn(experiment).set(textOf(key), runDir);
  }

  private runsIn(experiment: string): Map<string, string> {
    const known = this.byFolder.get(experiment) ?? new Map<string, string>();
    if (!this.byFolder.has(experiment)) {
      this.byFolder.set(experiment, known);
      for (const name of namesIn(experiment)) {
        const runDir = join(experiment, name);
        const key = name.startsWith('.') ? null : keyIn(runDir);
        if (key !== null) known.set(textOf(key), runDir);
      }
    }
    return known;
  }
}

const textOf = ({ id, state, name }: ImportKey): string => JSON.stringify([id, state, name]);

/** Reads the key of an imported run; null for any other run, and for one that cannot be read. */
function keyIn(runDir: string): ImportKey | null {
  const path = join(runDir, RUN_NAME);
  if (kindAt(path) !== 'file') return null;
  try {
    const { imported } = yamlAt(path) ?? {};
    const { key } = isMapping(imported) ? imported : {};
    const { id, state, name } = isMapping(key) ? key : {};
    return typeof id === 'string' && typeof state === 'string' && typeof name === 'string'
      ? { id, state, name }
      : null;
  } catch {
    return null;
  }
}
