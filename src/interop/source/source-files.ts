import { realpathSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { ExpmanError, errnoOf, isMistake, messageOf } from '../../model/errors.js';
import { isMapping } from '../../pure/is-mapping.js';
import { readWhole } from '../../storage/atomic-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { readAll } from '../../storage/read-all.js';
import { parseYaml } from '../../storage/yaml-file.js';

const MB = 1024 * 1024;
/**
 * Upper bound for metadata files.
 *
 * @bound refuses: CORRUPT, with the size
 */
const MAX_FACTS_BYTES = 16 * MB;

/** Named values, from whoever wrote the file. */
export type Mapping = Readonly<Record<string, unknown>>;

/**
 * Returns the kind of entry at a path below the one the user gave; links are not followed, and
 * other kinds count as nothing.
 */
export function kindAt(path: string): 'file' | 'folder' | null {
  try {
    const kind = nodeFs.stat(path)?.kind;
    return kind === 'file' || kind === 'folder' ? kind : null;
  } catch {
    return null;
  }
}

/**
 * Resolves the path that a user gave, including its links: the user chose them, but links inside a
 * source are not followed.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND` if there is nothing at the path
 */
export function chosenPath(path: string): string {
  try {
    return realpathSync(resolve(path));
  } catch (error) {
    throw new ExpmanError('RUN_NOT_FOUND', `there is nothing at ${path}`, { path, cause: error });
  }
}

/** Lists the names in a folder, sorted; empty if it cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return nodeFs.list(folder).sort();
  } catch {
    return [];
  }
}

/** Lists the folders in a folder, without hidden ones. */
export function foldersIn(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(folder, name))
    .filter((path) => kindAt(path) === 'folder');
}

/** Reads up to `length` bytes from the start of a file; empty if it cannot be read. */
export const beginningOf = (path: string, length: number): Buffer => partOf(path, length, () => 0);

/** Reads up to `length` bytes from the end of a file; empty if it cannot be read. */
export const endOf = (path: string, length: number): Buffer =>
  partOf(path, length, (size) => Math.max(0, size - length));

function partOf(path: string, length: number, startIn: (size: number) => number): Buffer {
  try {
    const file = nodeFs.open(path, 'read');
    try {
      const { kind, size } = nodeFs.statOpen(file);
      const bytes = Buffer.alloc(kind === 'file' ? Math.min(size, length) : 0);
      readAll(nodeFs, file, bytes, startIn(size), path);
      return bytes;
    } finally {
      nodeFs.close(file);
    }
  } catch {
    return Buffer.alloc(0);
  }
}

/**
 * Reads a whole text file; null if there is none.
 *
 * @throws {@link ExpmanError} `CORRUPT` if it is larger than `maxBytes` or not a regular file, `IO`
 */
export function textAt(path: string, maxBytes = MAX_FACTS_BYTES): string | null {
  return kindAt(path) === null ? null : readWhole(nodeFs, path, maxBytes).toString('utf8');
}

/**
 * Reads a YAML file of another tool as a mapping; null if there is none.
 *
 * @throws {@link ExpmanError} `CORRUPT`, `UNSAFE_YAML` or `IO`, naming the file
 */
export function yamlAt(path: string): Mapping | null {
  const text = textAt(path);
  return text === null ? null : parsed(path, () => parseYaml(text));
}

/**
 * Reads a JSON file of another tool as a mapping; null if there is none.
 *
 * @throws {@link ExpmanError} `CORRUPT` or `IO`, naming the file
 */
export function jsonAt(path: string): Mapping | null {
  const text = textAt(path);
  return text === null ? null : parsed(path, () => JSON.parse(text));
}

function parsed(path: string, parse: () => unknown): Mapping {
  let value: unknown;
  try {
    value = parse() ?? {};
  } catch (error) {
    const code = error instanceof ExpmanError ? error.code : 'CORRUPT';
    throw new ExpmanError(code, `${path}: ${messageOf(error)}`, { path, cause: error });
  }
  if (isMapping(value)) return value;
  throw corruptAt(path, 'it does not contain named values');
}

export { isMapping };

/** Returns a text, or the fallback for anything else. */
export const textOr = (value: unknown, fallback = ''): string =>
  typeof value === 'string' ? value : fallback;

/** Returns the texts in a list; empty for anything else. */
export const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

/** Makes the error for a file that breaks its format; `line` counts from 1. */
export function corruptAt(path: string, what: string, line?: number): ExpmanError {
  const place = line === undefined ? path : `${path}:${line}`;
  return new ExpmanError('CORRUPT', `${place}: ${what}`, { path });
}

/**
 * Converts an error from reading a source to one of ours that names the file.
 *
 * @throws the error itself if it is a programming mistake, which no file is to blame for
 */
export function asExpmanError(error: unknown, path: string): ExpmanError {
  if (isMistake(error)) throw error;
  return asDecodingError(error, path);
}

/** Does the same for bytes decoded by another package, whose errors are caused by the file. */
export function asDecodingError(error: unknown, path: string): ExpmanError {
  if (error instanceof ExpmanError) return error;
  // The decoder's message would only help its author.
  const what = error instanceof TypeError ? 'the bytes are not valid in this format' : messageOf(error);
  return systemError(error, path) ?? new ExpmanError('CORRUPT', `${path}: ${what}`, { path, cause: error });
}

/** Converts an error of the file system to `IO`; null for any other error. */
export function systemError(error: unknown, path: string): ExpmanError | null {
  const errno = errnoOf(error);
  if (errno === undefined || !/^E[A-Z0-9]+$/.test(errno) || errno.startsWith('ERR_')) return null;
  return new ExpmanError('IO', `${path}: ${messageOf(error)}`, { path, cause: error, errno });
}

/** Returns a file's name without its extension: `run` for `run.csv`. */
export const stemOf = (path: string): string => basename(path).replace(/\.[A-Za-z0-9]{1,8}$/, '');
