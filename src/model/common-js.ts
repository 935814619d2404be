import { createRequire } from 'node:module';
import { memoised } from './memoised.js';

/**
 * Loads a CommonJS package on first use, by a function of a `.cjs` file that calls `require` for
 * it: Node, and every bundler, know what such a file needs.
 *
 * A bundler that turns it into an ES module (esbuild, tsup) leaves the package's own
 * `require('fs')` to a global of that name, which does not exist in an ES module. It is given one
 * while it loads.
 */
export const commonJs = <T>(load: () => T): (() => T) => memoised(() => withRequire(load));

function withRequire<T>(load: () => T): T {
  if ('require' in globalThis) return load();
  // Only modules built into Node are required through it, so it does not matter which folder it
  // resolves from.
  const require = createRequire(process.execPath);
  Object.defineProperty(globalThis, 'require', { value: require, configurable: true });
  try {
    return load();
  } finally {
    Reflect.deleteProperty(globalThis, 'require');
  }
}
