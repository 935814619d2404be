import { dirname, join } from 'node:path';
import { copyParent } from '../../engine/files/fork.js';
import { ExpmanError } from '../../model/errors.js';
import { PARENT_FOLDER } from '../../model/run-parent.js';
import { readIdentity } from '../../run/identity.js';
import { findParent, forksIn } from '../../run/lineage.js';
import { nodeFs } from '../../storage/node-fs.js';

/**
 * Refuses to move a run out of its folder of experiments while forks that stay there read its rows;
 * below that folder they find it wherever it is.
 *
 * @throws {@link ExpmanError} `INVALID_VALUE`
 */
export function mustNotLeaveForks(from: string, dir: string): void {
  const base = dirname(dirname(from));
  if (dir === base) return;
  const fork = forksIn(nodeFs, base).find(({ parentDir }) => parentDir === from);
  if (fork === undefined) return;
  throw new ExpmanError(
    'INVALID_VALUE',
    `${fork.runDir} was forked from ${from} and reads its rows, which it would not find in ${dir}; move that run first, which takes a copy of them along, or copy this one with \`expman cp\``,
    {
      path: from,
      rule: 'a run from which no other was forked, or a place below the same folder',
      value: dir,
    },
  );
}

/**
 * Puts a copy of the run that a run was forked from into a folder of that run, if it goes where its
 * parent is not found.
 *
 * @param from - where the run is
 * @param folder - the folder that is to hold the copy: that of the run, or of its copy
 * @throws {@link ExpmanError} `CORRUPT`, `IO`; errors of the file system
 */
export function takeParentAlong(from: string, dir: string, folder: string): void {
  const base = dirname(dirname(from));
  const { parent } = readIdentity(nodeFs, from).identity;
  if (dir === base || parent === undefined) return;
  const found = findParent(nodeFs, base, from, parent);
  if (found !== null && found.runDir !== join(from, PARENT_FOLDER)) copyParent(nodeFs, found.runDir, folder);
}
