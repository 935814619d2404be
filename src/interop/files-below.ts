import { join } from 'node:path';
import { kindAt, namesIn } from './source-files.js';

const MAX_DEPTH = 16;

/** The files below a folder, by their paths in it with `/` between the parts; links are left out. */
export function filesBelow(
  folder: string,
  prefix = '',
  depth = 0,
): (readonly [name: string, path: string])[] {
  if (depth > MAX_DEPTH) return [];
  return namesIn(folder).flatMap((part) => {
    const path = join(folder, part);
    const name = `${prefix}${part}`;
    const kind = kindAt(path);
    if (kind === 'folder') return filesBelow(path, `${name}/`, depth + 1);
    return kind === 'file' ? [[name, path] as const] : [];
  });
}
