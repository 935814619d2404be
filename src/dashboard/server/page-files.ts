import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ExpmanError, messageOf } from '../../model/errors.js';

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

/**
 * Reads the built page and returns its files by name.
 *
 * @throws {@link ExpmanError} `IO` if they are missing, as in a bundle
 */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  return new Map(
    TYPES.map(([name, type]) => {
      return [name, { type, text: textOf(name) }];
    }),
  );
}

function textOf(name: string): string {
  try {
    return readFileSync(fileURLToPath(new URL(`../page/${name}`, import.meta.url)), 'utf8');
  } catch (cause) {
    const advice = 'a bundle does not contain the page: mark expman-rx as external to serve the dashboard';
    throw new ExpmanError('IO', `the page ${name} cannot be read: ${messageOf(cause)}; ${advice}`, { cause });
  }
}
