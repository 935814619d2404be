import { dirname } from 'node:path';
import { errnoOf } from '../../model/errors.js';
import { quietly } from '../atomic-file.js';
import type { ArtifactFs } from './artifact-fs.js';

/** Codes by which a file system says that it has no hard links. */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'EACCES',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EMLINK',
  'EXDEV',
  'ERR_ACCESS_DENIED',
]);

/**
 * Gives a complete file its name, unless the name is taken: of any number of processes that try,
 * exactly one succeeds, and nobody ever sees a part. Returns false if the name is taken. The file
 * may keep its earlier name as well.
 *
 * On a bucket this is a `PUT` with `If-None-Match: *`.
 */
export async function claim(fs: ArtifactFs, file: string, name: string): Promise<boolean> {
  try {
    await fs.link(file, name);
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EEXIST') return false;
    if (!NO_LINKS.has(errno)) throw error;
    if (!(await claimByFolder(fs, file, name))) return false;
  }
  await fs.syncFolder(dirname(name));
  return true;
}

/**
 * The same without hard links: the process that makes the folder of the claim is the only one to
 * rename to the name. A process that is killed in between leaves the folder, and the name stays
 * unused.
 */
async function claimByFolder(fs: ArtifactFs, file: string, name: string): Promise<boolean> {
  const claimed = `${name}.claim`;
  try {
    await fs.makeFolder(claimed);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  const isFree = (await fs.stat(name)) === null;
  if (isFree) await fs.rename(file, name);
  await quietly(() => fs.removeFolder(claimed));
  return isFree;
}
