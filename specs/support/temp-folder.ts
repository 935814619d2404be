import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

/** Gives every test that asks a folder of its own, and removes it afterwards. */
export function tempFolders(name: string, after: typeof afterEach = afterEach): () => string {
  const made: string[] = [];
  after(() => {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    const folder = mkdtempSync(join(tmpdir(), `expman-${name}-`));
    made.push(folder);
    return folder;
  };
}
