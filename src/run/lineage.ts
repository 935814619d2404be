import { join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { ExpmanError } from '../model/errors.js';
import { MAX_GENERATIONS, PARENT_FOLDER, type RunParent, parentText } from '../model/run-parent.js';
import type { Step } from '../model/step.js';
import type { FsPort } from '../storage/fs-port.js';
import { readUpTo } from '../storage/read-all.js';
import { RUN_NAME } from './file-names.js';
import { readIdentity } from './identity.js';

/** A run from which a fork began, or a fork that it began from. */
export interface Ancestor {
  readonly parent: RunParent;
  /** Its folder; null if it was not found, or is not looked for. */
  readonly runDir: string | null;
  /** The last step of its rows that belongs to the run asked about. */
  readonly toStep: Step;
  /** The reason why its rows, and those of earlier ancestors, are missing; null if they are there. */
  readonly problem: string | null;
}

/** The bytes of run.yaml that hold its `uuid` and `parent`, which are among the first keys. */
const HEAD_BYTES = 4096;

/**
 * Finds the runs from which a run was forked, its parent first.
 *
 * A parent is a folder with the right uuid: the copy in the fork's own folder, else the run of the
 * right name below the base folder, else any run below it. No link is followed. A run that cannot be
 * found ends the lineage, and so do a circle and the 32nd generation.
 *
 * @param baseDir - the folder of experiments
 */
export function lineageOf(
  fs: FsPort,
  baseDir: string,
  run: { readonly runDir: string; readonly uuid: string; readonly parent: RunParent | null },
): Ancestor[] {
  const ancestors: Ancestor[] = [];
  const seen = new Set([run.uuid]);
  let { runDir, parent } = run;
  let toStep: Step = Infinity;
  while (parent !== null) {
    if (parent.step < toStep) toStep = parent.step;
    const end = (problem: string): Ancestor[] => [
      ...ancestors,
      { parent: parent as RunParent, runDir: null, toStep, problem },
    ];
    if (seen.has(parent.uuid)) return end('it is a descendant of this run: the forks form a circle');
    if (ancestors.length === MAX_GENERATIONS) return end(`only ${MAX_GENERATIONS} generations are looked up`);
    seen.add(parent.uuid);
    const found = findParent(fs, baseDir, runDir, parent);
    if (found === null) return end(`it is not below ${baseDir}`);
    ancestors.push({ parent, runDir: found.runDir, toStep, problem: null });
    ({ runDir, parent } = found);
  }
  return ancestors;
}

/** A parent that was found. */
export interface FoundParent {
  readonly runDir: string;
  /** The parent of the parent. */
  readonly parent: RunParent | null;
}

/** Finds the parent of the run in a folder; null if it is nowhere, or cannot be read. */
export function findParent(
  fs: FsPort,
  baseDir: string,
  runDir: string,
  { uuid, experiment, run }: Pick<RunParent, 'uuid' | 'experiment' | 'run'>,
): FoundParent | null {
  const named = join(baseDir, experiment);
  return (
    runWith(fs, uuid, runDir, PARENT_FOLDER) ??
    (isFolder(fs, named) ? runWith(fs, uuid, named, run) : null) ??
    anyWith(fs, baseDir, uuid)
  );
}

/** Returns the run in a folder if it has that uuid. */
function runWith(fs: FsPort, uuid: string, within: string, name: string): FoundParent | null {
  const runDir = join(within, name);
  if (!isFolder(fs, runDir)) return null;
  try {
    const { identity } = readIdentity(fs, runDir);
    return identity.uuid === uuid ? { runDir, parent: identity.parent ?? null } : null;
  } catch (error) {
    if (error instanceof ExpmanError) return null;
    throw error;
  }
}

/** Looks through all runs of a base folder: the parent was moved or renamed. */
function anyWith(fs: FsPort, baseDir: string, uuid: string): FoundParent | null {
  for (const { within, run, head } of runHeads(fs, baseDir)) {
    const found = head.includes(uuid) ? runWith(fs, uuid, within, run) : null;
    if (found !== null) return found;
  }
  return null;
}

/** A run that was forked from another one, and shows its rows. */
export interface ForkOf {
  readonly runDir: string;
  /** The folder of the run that it was forked from. */
  readonly parentDir: string;
}

/**
 * Finds the forks below a base folder that read the rows of their parent from there; not those that
 * have a copy of it.
 */
export function forksIn(fs: FsPort, baseDir: string): ForkOf[] {
  return [...runHeads(fs, baseDir)].flatMap(({ within, run, head }): ForkOf[] => {
    if (!/^parent:/m.test(head)) return [];
    const runDir = join(within, run);
    try {
      const { parent } = readIdentity(fs, runDir).identity;
      const found = parent === undefined ? null : findParent(fs, baseDir, runDir, parent);
      return found === null || found.runDir === join(runDir, PARENT_FOLDER)
        ? []
        : [{ runDir, parentDir: found.runDir }];
    } catch (error) {
      if (error instanceof ExpmanError) return [];
      throw error;
    }
  });
}

interface RunHead {
  readonly within: string;
  readonly run: string;
  /** The beginning of its run.yaml. */
  readonly head: string;
}

/** Reads the beginning of the run.yaml of every run below a base folder, one after the other. */
function* runHeads(fs: FsPort, baseDir: string): Generator<RunHead, void> {
  for (const experiment of foldersIn(fs, baseDir)) {
    const within = join(baseDir, experiment);
    for (const run of foldersIn(fs, within))
      yield { within, run, head: headOf(fs, join(within, run, RUN_NAME)) };
  }
}

function headOf(fs: FsPort, path: string): string {
  let head = '';
  attempt(() => {
    if (fs.stat(path)?.kind === 'file') head = readUpTo(fs, path, 0, HEAD_BYTES).toString();
  });
  return head;
}

/** Lists the visible folders in a folder; none if it cannot be listed. */
function foldersIn(fs: FsPort, folder: string): string[] {
  let names: string[] = [];
  attempt(() => (names = fs.list(folder)));
  return names.filter((name) => !name.startsWith('.') && isFolder(fs, join(folder, name))).sort();
}

const isFolder = (fs: FsPort, path: string): boolean => fs.stat(path)?.kind === 'folder';

/** Says what is wrong with the lineage of a run, in one sentence; null if nothing is. */
export function lineageProblem(ancestors: readonly Ancestor[]): string | null {
  const broken = ancestors.find(({ problem }) => problem !== null);
  return broken === undefined
    ? null
    : `rows of ${parentText(broken.parent)}, from which it was forked, are missing: ${broken.problem}`;
}
