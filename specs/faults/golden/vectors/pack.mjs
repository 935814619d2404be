import { readFileSync, readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** A run's files, as text in base64; run.lock without this machine's name. @param {string} folder @returns {Record<string, string>} */
export function packed(folder) {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp'))
      .map(({ parentPath, name }) => {
        const path = join(parentPath, name);
        const bytes = readFileSync(path);
        const text = () =>
          bytes.toString().replace(`"host":${JSON.stringify(hostname())}`, '"host":"golden"');
        return [
          path.slice(folder.length + 1),
          (name === 'run.lock' ? Buffer.from(text()) : bytes).toString('base64'),
        ];
      }),
  );
}

/** A copy of packed files, the last segment of which has other bytes. @param {Record<string, string>} files @param {(bytes: Buffer) => Buffer} change */
export function changed(files, change) {
  const segments = Object.keys(files).filter((name) => name.startsWith('wal-'));
  const last = segments.sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).at(-1) ?? '';
  const bytes = change(Buffer.from(files[last] ?? '', 'base64'));
  return { ...files, [last]: bytes.toString('base64') };
}
