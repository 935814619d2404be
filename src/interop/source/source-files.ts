import { realpathSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { ExpmanError, errnoOf, isMistake, messageOf } from '../../model/errors.js';
import { readWhole } from '../../storage/atomic-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { readAll } from '../../storage/read-all.js';
import { parseYaml } from '../../storage/yaml-file.js';

const MB = 1024 * 1024;
/**
 * The most that is read of a file that says what a run is.
 *
 * @bound refuses: CORRUPT, with the size
 */
const MAX_FACTS_BYTES = 16 * MB;

/** Values under names, from whoever wrote the file. */
export type Mapping = Readonly<Record<string, unknown>>;

/** What is at a path below the one the user gave; links are not followed, what else is there is nothing. */
export function kindAt(path: string): 'file' | 'folder' | null {
  try {
    const kind = nodeFs.stat(path)?.kind;
    return kind === 'file' || kind === 'folder' ? kind : null;
  } catch {
    return null;
  }
}

/**
 * The path that a user gave, with the links of it resolved: the user chose them, a source's own are not followed.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND` when nothing is there
 */
export function chosenPath(path: string): string {
  try {
    return realpathSync(resolve(path));
  } catch (error) {
    throw new ExpmanError('RUN_NOT_FOUND', `there is nothing at ${path}`, { path, cause: error });
  }
}

/** The names in a folder, sorted; none where it cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return nodeFs.list(folder).sort();
  } catch {
    return [];
  }
}

/** The folders in a folder, hidden ones left out. */
export function foldersIn(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(folder, name))
    .filter((path) => kindAt(path) === 'folder');
}

/** Up to `length` bytes of a file's beginning; none where it cannot be read. */
export const beginningOf = (path: string, length: number): Buffer => partOf(path, length, () => 0);

/** Up to `length` bytes of a file's end; none where it cannot be read. */
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
 * A whole text file; null where there is none.
 *
 * @throws {@link ExpmanError} `CORRUPT` when it is larger than `maxBytes` or no regular file, `IO`
 */
export function textAt(path: string, maxBytes = MAX_FACTS_BYTES): string | null {
  return kindAt(path) === null ? null : readWhole(nodeFs, path, maxBytes).toString('utf8');
}

/**
 * A YAML file that another tool wrote, as a mapping; null where there is none.
 *
 * @throws {@link ExpmanError} `CORRUPT`, `UNSAFE_YAML` or `IO`, naming the file
 */
export function yamlAt(path: string): Mapping | null {
  const text = textAt(path);
  return text === null ? null : parsed(path, () => parseYaml(text));
}

/**
 * A JSON file that another tool wrote, as a mapping; null where there is none.
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
  throw corruptAt(path, 'it holds no names with values');
}

/** Whether a value is one of named values. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text, or '' for anything else. */
export const textOr = (value: unknown, fallback = ''): string =>
  typeof value === 'string' ? value : fallback;

/** The texts in a list; none for anything else. */
export const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

/** The error for a file that is not as its format has it; `line` counts from 1. */
export function corruptAt(path: string, what: string, line?: number): ExpmanError {
  const place = line === undefined ? path : `${path}:${line}`;
  return new ExpmanError('CORRUPT', `${place}: ${what}`, { path });
}

/**
 * An error met while a source was read as this package's, naming the file it came from.
 *
 * @throws the error itself where it is a mistake of the code, which no file is to blame for
 */
export function asExpmanError(error: unknown, path: string): ExpmanError {
  if (isMistake(error)) throw error;
  return asDecodingError(error, path);
}

/** The same where another package decodes the file's bytes: what it stumbles over, they have caused. */
export function asDecodingError(error: unknown, path: string): ExpmanError {
  if (error instanceof ExpmanError) return error;
  // What a decoder stumbles over says something to its author alone.
  const what = error instanceof TypeError ? 'its bytes make no sense' : messageOf(error);
  return systemError(error, path) ?? new ExpmanError('CORRUPT', `${path}: ${what}`, { path, cause: error });
}

/** What the file system refused, as `IO`; null for any other error. */
export function systemError(error: unknown, path: string): ExpmanError | null {
  const errno = errnoOf(error);
  if (errno === undefined || !/^E[A-Z0-9]+$/.test(errno) || errno.startsWith('ERR_')) return null;
  return new ExpmanError('IO', `${path}: ${messageOf(error)}`, { path, cause: error, errno });
}

/** A file's name without the extension; of `run.csv`, `run`. */
export const stemOf = (path: string): string => basename(path).replace(/\.[A-Za-z0-9]{1,8}$/, '');
