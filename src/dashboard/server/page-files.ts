import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const TYPES = [
  ['index.html', 'text/html; charset=utf-8'],
  ['main.js', 'text/javascript; charset=utf-8'],
  ['page.css', 'text/css; charset=utf-8'],
  ['icon.svg', 'image/svg+xml'],
] as const;

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly text: string;
}

/** Reads the built page; its files by name. */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  return new Map(
    TYPES.map(([name, type]) => {
      const path = fileURLToPath(new URL(`../page/${name}`, import.meta.url));
      return [name, { type, text: readFileSync(path, 'utf8') }];
    }),
  );
}
