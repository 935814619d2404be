import { basename, dirname, join } from 'node:path';
import type { ArtifactFile } from '../../model/artifact-manifest.js';
import { errnoOf, ExpmanError, messageOf } from '../../model/errors.js';
import { quietly, tempName, writeWhole } from '../atomic-file.js';
import type { ArtifactFs } from './artifact-fs.js';
import { type Chunks, type Content, copied, measured } from './blob-folder.js';
import { claim } from './claim.js';
import { bytesOf } from './file-bytes.js';
import { makeFoldersBelow } from './folders.js';

/** The result of writing the files of a version into a folder. */
export interface CheckedOut {
  /** The folder, absolute. */
  readonly dir: string;
  /** The paths of the files that are in the folder now, relative to it. */
  readonly files: readonly string[];
  /** The files whose content is elsewhere; they were not written. */
  readonly references: readonly ArtifactFile[];
}

/** The source of the files. */
interface Source {
  readonly ref: string;
  read(content: Content, path: string): Chunks;
}

/** Writes files into a folder; see `ArtifactVersion.checkout`. */
export async function checkOut(
  fs: ArtifactFs,
  dir: string,
  files: readonly ArtifactFile[],
  source: Source,
): Promise<CheckedOut> {
  const written: string[] = [];
  const references: ArtifactFile[] = [];
  const durable = new Set<string>();
  try {
    await makeTarget(fs, dir);
    for (const file of files) {
      const { path, sha256, bytes, url } = file;
      if (url !== null || bytes === null) {
        references.push(file);
        continue;
      }
      const parts = path.split('/');
      const folder = await makeFoldersBelow(fs, dir, parts.slice(0, -1), durable);
      await place(fs, join(folder, basename(path)), { sha256, bytes }, source, path);
      written.push(path);
    }
  } catch (error) {
    if (error instanceof ExpmanError) throw error;
    const errno = errnoOf(error);
    throw new ExpmanError('IO', `${source.ref} cannot be written to ${dir}: ${errno ?? messageOf(error)}`, {
      path: dir,
      cause: error,
      errno,
    });
  }
  return { dir, files: written, references };
}

/** The folder that the caller names may be a link, as any path of theirs. */
async function makeTarget(fs: ArtifactFs, dir: string): Promise<void> {
  if ((await fs.stat(dir)) !== null) return;
  const parent = dirname(dir);
  if (parent !== dir) await makeTarget(fs, parent);
  try {
    await fs.makeFolder(dir);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

async function place(
  fs: ArtifactFs,
  target: string,
  content: Content,
  source: Source,
  path: string,
): Promise<void> {
  if (await isThere(fs, target, content)) return;
  const temp = join(dirname(target), tempName(basename(target)));
  await writeWhole(fs, temp, 'create', (file) => copied(fs, file, source.read(content, path)));
  try {
    if ((await claim(fs, temp, target)) || (await isThere(fs, target, content))) return;
    // Somebody has put the file there in between, and taken it away again.
    throw Object.assign(new Error(`EEXIST: ${target}`), { code: 'EEXIST' });
  } finally {
    await quietly(() => fs.remove(temp));
  }
}

/** @throws ExpmanError `INVALID_OPTION` if something else is there */
async function isThere(fs: ArtifactFs, target: string, { sha256, bytes }: Content): Promise<boolean> {
  const facts = await fs.stat(target);
  if (facts === null) return false;
  if (facts.kind === 'file' && facts.size === bytes && (await hashOf(fs, target)) === sha256) return true;
  const what = facts.kind === 'file' ? 'exists with another content' : `is a ${facts.kind}`;
  throw new ExpmanError('INVALID_OPTION', `${target} ${what}; choose another folder, or remove it first`, {
    option: 'dir',
    rule: 'a folder without other files of these names',
    value: dirname(target),
    path: target,
  });
}

const hashOf = async (fs: ArtifactFs, path: string): Promise<string> =>
  (await measured(bytesOf(fs, path))).sha256;
