import { createRequire } from 'node:module';

/**
 * A package that is CommonJS, loaded when it is first asked for, by a function of a `.cjs` file that calls `require` for it: Node, and every
 * bundler, know what such a file needs.
 *
 * A bundler that makes an ES module of it (esbuild, tsup) leaves the package's own `require('fs')` to a global of that name, which there is
 * not. It is lent one while it loads.
 */
export function commonJs<T>(load: () => T): () => T {
  let loaded: { readonly value: T } | undefined;
  return () => (loaded ??= { value: withRequire(load) }).value;
}

function withRequire<T>(load: () => T): T {
  if ('require' in globalThis) return load();
  // Only what Node itself has is asked of it, so that the place it stands for does not matter.
  const require = createRequire(process.execPath);
  Object.defineProperty(globalThis, 'require', { value: require, configurable: true });
  try {
    return load();
  } finally {
    Reflect.deleteProperty(globalThis, 'require');
  }
}
