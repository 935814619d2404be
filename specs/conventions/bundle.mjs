// Makes few files of the modules: one for each entry, and one for each of the parts that entries share. As two hundred
// files, with those of the packages they need, they took a quarter of a second to load.
import { copyFileSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { ENTRIES } from './entries.mjs';

/**
 * The files of the package that are loaded by name, and the module each is made of. They lie beside each other, so that
 * from all of them, and from what they share, the same path leads to the same file.
 *
 * @type {Readonly<Record<string, string>>}
 */
const FILES = {
  ...Object.fromEntries(ENTRIES.map(({ file, module }) => [file, `${module}.js`])),
  'writer-thread': 'writer/thread/writer-thread.js',
  'trial-thread': 'sweep/worker/trial-thread.js',
  'space-thread': 'sweep/worker/space-thread.js',
  'slot-process': 'sweep/slots/slot-process.js',
  'data-thread': 'dashboard/data/data-thread.js',
  'parquet-thread': 'interop/columnar/parquet-thread.js',
  'cli/expman': 'cli/expman.js',
};

/**
 * What entries share lies in one file for all that is needed by the same of these: a thread that begins to write, its later
 * stages, a program that logs, one that reads. What none of them needs falls where the entries have it.
 *
 * @type {Readonly<Record<string, string>>}
 */
const USES = {
  log: 'writer/thread/writer-thread.js',
  text: 'writer/thread/yaml-parts.js',
  columns: 'writer/thread/columnar-parts.js',
  run: 'index.js',
  reader: 'reader/index.js',
};

const RXJS = fileURLToPath(new URL('../../node_modules/rxjs/dist/esm', import.meta.url))
  .split(sep)
  .join('/');
/**
 * The modules whose streams nobody outside sees. They have RxJS within: in a thread its files, one by one, took 60 ms to
 * load of the 80 that a writer needs before it can write Parquet.
 */
const INTERNAL = 'writer/';

/** The files of the package's own that are read by name, below this folder and where they were. */
const PAGE = 'dashboard/page/';
/** Another one. */
const SKILL = 'cli/SKILL.md';

/**
 * Makes the entries. What the package depends on stays an import: `instanceof` holds between its classes and its user's.
 *
 * @param {string} modules the folder of the modules
 * @param {string} outFolder
 */
export async function bundleEntries(modules, outFolder) {
  const parts = partsOf(modules);
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(FILES).map(([name, file]) => [name, join(modules, file)])),
    platform: 'node',
    preserveEntrySignatures: 'allow-extension',
    // RxJS's own helpers come with it: they are no dependency of the package.
    external: (id) => id !== 'tslib' && !id.startsWith('.') && !isAbsolute(id),
    plugins: [placing(modules, outFolder)],
    // A cycle or a name that is not there is a fault of ours, and no warning.
    onLog: (level, log, handler) => handler(level === 'warn' ? 'error' : level, log),
  });
  await bundle.write({
    dir: outFolder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    minifyInternalExports: false,
    comments: { legal: true, annotation: true, jsdoc: false },
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        {
          debugName: 'parts',
          name: (id) =>
            id.split(sep).join('/').startsWith(RXJS)
              ? 'writer-rxjs'
              : (parts.get(moduleOf(modules, id)) ?? null),
        },
      ],
    },
  });
  await bundle.close();
  copyFileSync(join(RXJS, '../../LICENSE.txt'), join(outFolder, 'LICENSE-rxjs.txt'));
}

/**
 * The shared file each module belongs to: one that begins to write has a file of its own, whoever else needs it.
 *
 * @param {string} modules
 * @returns {ReadonlyMap<string, string>}
 */
function partsOf(modules) {
  /** @type {Map<string, string[]>} */
  const users = new Map();
  for (const [use, root] of Object.entries(USES)) {
    for (const module of closureOf(modules, root)) users.set(module, [...(users.get(module) ?? []), use]);
  }
  for (const entry of Object.values(FILES)) users.delete(entry);
  return new Map(
    [...users].map(([module, uses]) => [module, `shared-${uses.includes('log') ? 'log' : uses.join('-')}`]),
  );
}

/**
 * A module and all it cannot be without.
 *
 * @param {string} modules
 * @param {string} root
 * @returns {ReadonlySet<string>}
 */
function closureOf(modules, root) {
  const found = new Set([root]);
  // What is added while it goes on is visited as well.
  for (const module of found) for (const imported of importsOf(modules, module)) found.add(imported);
  return found;
}

/**
 * The modules that a module cannot be without, as tsc writes its imports.
 *
 * @param {string} modules
 * @param {string} module
 * @returns {string[]}
 */
function importsOf(modules, module) {
  const text = readFileSync(join(modules, module), 'utf8');
  return [...text.matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+\.js)'/gm)].map(([, path = '']) =>
    posix.join(posix.dirname(module), path),
  );
}

/**
 * @param {string} modules
 * @param {string} id
 * @returns {string} the path below `modules`, with forward slashes
 */
function moduleOf(modules, id) {
  return relative(modules, id).split(sep).join('/');
}

/**
 * Writes what a module says of other files as it is from a file at the top of dist.
 *
 * @param {string} modules
 * @param {string} outFolder
 * @returns {import('rolldown').Plugin}
 */
function placing(modules, outFolder) {
  const files = filesOfRxjs();
  return {
    name: 'places in dist',
    resolveId: {
      filter: { id: /^\..*\.cjs$/ },
      // CommonJS stays a file of its own, where its `require` is Node's.
      handler(path, importer) {
        copyFileSync(resolve(dirname(importer ?? ''), path), join(outFolder, basename(path)));
        return { id: `./${basename(path)}`, external: true };
      },
    },
    transform(code, id) {
      const module = moduleOf(modules, id);
      const folder = posix.dirname(module);
      const from = module.startsWith(INTERNAL) ? `${RXJS}/internal` : 'rxjs/internal';
      return (
        code
          .replace(/import \{([^}]*)\} from 'rxjs';/g, (_, /** @type {string} */ names) =>
            importsFrom(files, from, names),
          )
          // Behind an arrow or a bracket: what a comment or a message names is a file of the user's.
          .replace(
            /(?<==> |\()new URL\((['`])(\.[^'`]*)\1, import\.meta\.url\)/g,
            (_, /** @type {string} */ quote, /** @type {string} */ path) =>
              `new URL(${quote}./${placeOf(posix.join(folder, path))}${quote}, import.meta.url)`,
          )
      );
    },
  };
}

/**
 * Where a file of the modules lies in dist.
 *
 * @param {string} module
 * @returns {string}
 */
function placeOf(module) {
  if (module.startsWith(PAGE) || module === SKILL) return module;
  const entry = Object.entries(FILES).find(([, file]) => file === module);
  if (entry === undefined) throw new Error(`${module} is asked for by its address, and is no entry`);
  return `${entry[0]}.js`;
}

/**
 * The file of RxJS that has each of its names: the index loads two hundred of them, of which we need a quarter. The
 * package exports them, and the classes are the same.
 *
 * @returns {ReadonlyMap<string, string>}
 */
function filesOfRxjs() {
  const lines = readFileSync(`${RXJS}/index.js`, 'utf8').matchAll(
    /export \{ ([^}]+) \} from '\.\/internal\/([^']+)'/g,
  );
  return new Map(
    [...lines].flatMap(([, names = '', file = '']) =>
      names.split(', ').map((name) => /** @type {const} */ ([name, file])),
    ),
  );
}

/**
 * @param {ReadonlyMap<string, string>} files
 * @param {string} from the folder of the files
 * @param {string} names as they stand between the braces of an import
 * @returns {string} an import for each, in one line
 */
function importsFrom(files, from, names) {
  return names
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => {
      const [name = each] = each.split(' as ');
      const file = files.get(name);
      if (file === undefined) throw new Error(`no file of RxJS alone exports ${name}`);
      return `import { ${each} } from '${from}/${file}${isAbsolute(from) ? '.js' : ''}';`;
    })
    .join(' ');
}
