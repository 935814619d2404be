import { createHash, type Hash } from 'node:crypto';
import { futimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { attempt } from '../../model/attempt.js';
import { ExpmanError } from '../../model/errors.js';
import type { FileFacts } from '../../storage/fs-port.js';
import { isMade } from '../../storage/make-folders.js';
import { isPrivateFolder, makePrivate, nodeFs, privateFs } from '../../storage/node-fs.js';
import { piecesAt } from '../../storage/pieces.js';
import { writeAll } from '../../storage/write-all.js';
import { type RunFiles, runFilesIn } from '../source/run-files.js';

/**
 * Copies all files of a run into a new folder: every byte is synced, read back and compared. They
 * keep their times, which say when a run that was cut off gave its last sign of life; a private run
 * stays private.
 *
 * @param more - names of further files to copy
 * @returns what lies in the source
 * @throws {@link ExpmanError} `CORRUPT` if a copy differs, `IO` if the source changed meanwhile;
 * and errors of the file system. The new folder is left as it is then
 */
export async function copyRunFiles(
  from: string,
  to: string,
  onBytes: (bytes: number) => void,
  more: readonly string[] = [],
): Promise<RunFiles> {
  const found = runFilesIn(from);
  const before = filesMarks(from, found);
  const isPrivate = isPrivateFolder(from);
  isMade(isPrivate ? privateFs : nodeFs, to);
  if (isPrivate) makePrivate(to);
  for (const name of found.folders) isMade(nodeFs, join(to, name));
  for (const name of [...found.files, ...more]) await copyFile(join(from, name), join(to, name), onBytes);
  for (const name of [...found.folders].reverse()) nodeFs.syncFolder(join(to, name));
  nodeFs.syncFolder(to);
  if (filesMarks(from, runFilesIn(from)) !== before)
    throw new ExpmanError('IO', `${from} was changed while it was copied; try again`, { path: from });
  return found;
}

/** Returns the names, sizes and times of the files of a run, as one text. */
export const filesMarks = (folder: string, { files }: RunFiles): string =>
  files
    .map((name) => {
      const { size = 0, modifiedMs = 0, inode = 0 } = nodeFs.stat(join(folder, name)) ?? {};
      return `${name} ${size} ${modifiedMs} ${inode}`;
    })
    .join('\n');

async function copyFile(from: string, to: string, onBytes: (bytes: number) => void): Promise<void> {
  const hash = createHash('sha256');
  const file = nodeFs.open(to, 'create');
  try {
    let at = 0;
    for (const piece of piecesAt(nodeFs, from)) {
      writeAll(nodeFs, file, piece, at);
      hash.update(piece);
      at += piece.length;
      onBytes(piece.length);
      await turn();
    }
    setTimes(file, nodeFs.stat(from) ?? { modifiedMs: Date.now() });
    nodeFs.sync(file);
  } finally {
    nodeFs.close(file);
  }
  if ((await hashOf(to)) !== hash.digest('hex'))
    throw new ExpmanError('CORRUPT', `the copy ${to} differs from ${from}`, { path: dirname(to) });
}

function setTimes(file: number, { modifiedMs }: Pick<FileFacts, 'modifiedMs'>): void {
  attempt(() => {
    futimesSync(file, modifiedMs / 1000, modifiedMs / 1000);
  });
}

/**
 * Returns the SHA-256 of a regular file, in hex.
 *
 * @throws as {@link copyRunFiles}
 */
export async function hashOf(path: string): Promise<string> {
  const hash: Hash = createHash('sha256');
  for (const piece of piecesAt(nodeFs, path)) {
    hash.update(piece);
    await turn();
  }
  return hash.digest('hex');
}
