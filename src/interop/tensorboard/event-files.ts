import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { ioError } from './io-error.js';
import { beginsWithRecord } from './record-reader.js';

/** A folder with event files, which TensorBoard calls a run. */
export interface EventFolder {
  /** The path below the given folder, its parts joined by `/`; '' for that folder itself. */
  readonly name: string;
  /** The files in the order they were started, which is that of their names. */
  readonly files: readonly string[];
}

/**
 * Files and folders checked before a folder is assumed to belong to another tool.
 *
 * @bound refuses: INVALID_OPTION, which asks for the format
 */
const MAX_LOOKS = 20_000;

/**
 * Yields the folders with event files under a path, including itself, in the order of their names;
 * a file stands for its folder.
 *
 * Links are not followed.
 *
 * @throws {@link ExpmanError} `IO` for a folder that cannot be read
 */
export async function* eventFolders(path: string): AsyncGenerator<EventFolder> {
  const top = resolve(path);
  if ((await statOf(top)).isFile()) {
    yield { name: '', files: [top] };
    return;
  }
  yield* foldersUnder(top, top);
}

/** True if a path is, or contains, an event file. */
export async function holdsEventFiles(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => null);
  if (info?.isFile() === true) return isEventFileName(path) && beginsWithRecord(path);
  if (info?.isDirectory() !== true) return false;
  let looks = 0;
  const waiting = [path];
  for (let folder = waiting.shift(); folder !== undefined && looks < MAX_LOOKS; folder = waiting.shift()) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      looks++;
      const child = join(folder, entry.name);
      if (entry.isDirectory()) waiting.push(child);
      else if (entry.isFile() && isEventFileName(entry.name) && (await beginsWithRecord(child))) return true;
    }
  }
  return false;
}

/** Returns the name of the given folder, or of the folder of the given file. */
export async function topName(path: string): Promise<string> {
  const top = resolve(path);
  return basename((await statOf(top)).isFile() ? dirname(top) : top);
}

async function* foldersUnder(folder: string, top: string): AsyncGenerator<EventFolder> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw ioError(folder, error);
  });
  entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  const files = entries.filter((entry) => entry.isFile() && isEventFileName(entry.name));
  if (files.length > 0)
    yield {
      name: relative(top, folder).split(sep).join('/'),
      files: files.map((entry) => join(folder, entry.name)),
    };
  for (const entry of entries) if (entry.isDirectory()) yield* foldersUnder(join(folder, entry.name), top);
}

const statOf = (path: string): ReturnType<typeof stat> =>
  stat(path).catch((error: unknown) => {
    throw ioError(path, error);
  });

// The rule of TensorBoard itself.
const isEventFileName = (path: string): boolean => basename(path).includes('tfevents');
