import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Source } from './layer-rules.js';

/** Everything of a kind below a folder, as paths from it with forward slashes, sorted. */
export const below = (folder: string, kind: 'file' | 'folder' = 'file'): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => (kind === 'file' ? entry.isFile() : entry.isDirectory()))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();

/** The sources below a folder, paths from it: TypeScript, and the CommonJS that calls `require`. */
export const sourcesIn = (folder: string): Source[] =>
  below(folder)
    .filter((path) => /\.(tsx?|cjs)$/.test(path))
    .map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }));
