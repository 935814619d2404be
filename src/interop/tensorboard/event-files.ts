import { readdir, realpath, stat } from 'node:fs/promises';
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

/** The event files under a path. */
export interface EventTree {
  /** Each folder before those in it, in the order of their names. */
  readonly folders: readonly EventFolder[];
  /** Links to folders and event files that lead out of the given folder, or nowhere. */
  readonly strayLinks: readonly string[];
}

/**
 * Files and folders checked before a folder is assumed to belong to another tool.
 *
 * @bound refuses: INVALID_OPTION, which asks for the format
 */
const MAX_LOOKS = 20_000;

/**
 * Finds the folders with event files under a path, including itself; a file stands for its folder.
 *
 * A link is followed if it leads to a place in the given folder. What is read there under its own
 * name is not read again under that of the link.
 *
 * @throws {@link ExpmanError} `IO` for a folder that cannot be read
 */
export async function eventTree(path: string): Promise<EventTree> {
  const top = resolve(path);
  if ((await statOf(top)).isFile()) return { folders: [{ name: '', files: [top] }], strayLinks: [] };
  const place = { top, realTop: await realpath(top) };
  const tree = { folders: [] as EventFolder[], strayLinks: [] as string[] };
  await collect(top, place, tree);
  return tree;
}

/** True if a path is, or contains, an event file. */
export async function holdsEventFiles(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => null);
  if (info?.isFile() === true) return isEventFileName(path) && beginsWithRecord(path);
  if (info?.isDirectory() !== true) return false;
  const realTop = await realpath(path).catch(() => path);
  let looks = 0;
  const waiting = [path];
  for (let folder = waiting.shift(); folder !== undefined && looks < MAX_LOOKS; folder = waiting.shift()) {
    const found = await entriesOf(folder, realTop).catch(() => null);
    looks += found?.count ?? 0;
    for (const file of found?.files ?? []) if (await beginsWithRecord(file)) return true;
    waiting.push(...(found?.folders ?? []));
  }
  return false;
}

/** Returns the name of the given folder, or of the folder of the given file. */
export async function topName(path: string): Promise<string> {
  const top = resolve(path);
  return basename((await statOf(top)).isFile() ? dirname(top) : top);
}

interface Place {
  readonly top: string;
  readonly realTop: string;
}

async function collect(
  folder: string,
  { top, realTop }: Place,
  tree: { readonly folders: EventFolder[]; readonly strayLinks: string[] },
): Promise<void> {
  const { files, folders, strays } = await entriesOf(folder, realTop).catch((error: unknown) => {
    throw ioError(folder, error);
  });
  const nameOf = (child: string): string => relative(top, child).split(sep).join('/');
  if (files.length > 0) tree.folders.push({ name: nameOf(folder), files });
  tree.strayLinks.push(...strays.map(nameOf));
  for (const child of folders) await collect(child, { top, realTop }, tree);
}

/** What is of interest in a folder, as paths in the order of their names. */
interface Entries {
  readonly folders: readonly string[];
  readonly files: readonly string[];
  readonly strays: readonly string[];
  /** The number of all entries. */
  readonly count: number;
}

async function entriesOf(folder: string, realTop: string): Promise<Entries> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  const found = { folders: [] as string[], files: [] as string[], strays: [] as string[] };
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.folders.push(path);
    else if (entry.isFile() && isEventFileName(path)) found.files.push(path);
    else if (entry.isSymbolicLink()) {
      const link = await linkAt(path, realTop);
      if (link === 'stray') found.strays.push(path);
      else if (link !== null && !found.files.includes(link.file)) found.files.push(link.file);
    }
  }
  return { ...found, count: entries.length };
}

/**
 * Returns the event file that a link leads to, if it is in the given folder and has another name
 * there. Null if what it leads to is of no interest, or found where it is.
 */
async function linkAt(path: string, realTop: string): Promise<{ readonly file: string } | 'stray' | null> {
  const isNamed = isEventFileName(path);
  const target = await realpath(path).catch(() => null);
  const info = target === null ? null : await stat(target).catch(() => null);
  if (target === null || info === null) return isNamed ? 'stray' : null;
  const isOfInterest = info.isDirectory() || (info.isFile() && isNamed);
  if (!isOfInterest) return null;
  if (target !== realTop && !target.startsWith(realTop.endsWith(sep) ? realTop : realTop + sep))
    return 'stray';
  return info.isFile() && !isEventFileName(target) ? { file: target } : null;
}

const statOf = (path: string): ReturnType<typeof stat> =>
  stat(path).catch((error: unknown) => {
    throw ioError(path, error);
  });

// The rule of TensorBoard itself.
const isEventFileName = (path: string): boolean => basename(path).includes('tfevents');
