// The doors of the package, as package.json names them: what one imports, the file that is published for it, and the
// module that file is made of.
import { readFileSync } from 'node:fs';

/** @typedef {{ readonly name: string, readonly file: string, readonly module: string }} Entry */

const manifest =
  /** @type {{ readonly exports: Readonly<Record<string, { readonly types: string, readonly default: string } | string>> }} */ (
    JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  );

/** @type {readonly Entry[]} `file` and `module` as paths below `dist` and `dist/modules`, without their `.js` */
export const ENTRIES = Object.entries(manifest.exports).flatMap(([path, entry]) =>
  typeof entry === 'string'
    ? []
    : [
        {
          name: path.replace('.', 'expman-rx'),
          file: entry.default.replace(/^\.\/dist\/(.*)\.js$/, '$1'),
          module: entry.types.replace(/^\.\/dist\/(.*)\.d\.ts$/, '$1'),
        },
      ],
);
