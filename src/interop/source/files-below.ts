import { join } from 'node:path';
import { kindAt, namesIn } from './source-files.js';

/**
 * Lists the files below a folder, by their paths in it with `/` between the parts; links are left
 * out.
 */
export function filesBelow(folder: string, prefix = ''): (readonly [name: string, path: string])[] {
  return namesIn(folder).flatMap((part) => {
    const path = join(folder, part);
    const name = `${prefix}${part}`;
    const kind = kindAt(path);
    if (kind === 'folder') return filesBelow(path, `${name}/`);
    return kind === 'file' ? [[name, path] as const] : [];
  });
}
