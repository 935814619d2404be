import * as nodeFs from 'node:fs';
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import ts from 'typescript';

/** A source file: its path under `src`, with forward slashes, and its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

export type ViolationKind =
  | 'unknown layer'
  | 'upward import'
  | 'foreign package out of place'
  | 'node:fs out of place'
  | 'asynchronous fs'
  | 'page and program mixed'
  | 'import into pure code'
  | 'relative import without .js'
  | 'import of a missing file'
  | 'import cycle';

export interface Violation {
  readonly kind: ViolationKind;
  readonly file: string;
  readonly detail: string;
}

/**
 * Functions of their arguments alone. They import nothing but each other, so that every layer and the page of the dashboard, which is
 * bundled for a browser, can use them.
 */
const PURE_LAYER = 'pure';

/**
 * What each layer may import, besides itself: the layers under it. Of one tier `engine` reaches across to `writer`, and
 * `reader` to the writer's recovery; see {@link RECOVERY}. The picture in src/README.md is checked against it.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = (() => {
  const ground = [PURE_LAYER, 'model', 'columnar', 'channel'];
  const files = [...ground, 'storage', 'run'];
  const core = [...files, 'writer', 'engine'];
  const middle = [...core, 'reader', 'stream', 'sweep'];
  const upper = [...middle, 'evaluate'];
  return {
    [PURE_LAYER]: [],
    model: [PURE_LAYER],
    columnar: [PURE_LAYER, 'model'],
    channel: [PURE_LAYER, 'model'],
    storage: ground,
    run: [...ground, 'storage'],
    writer: files,
    engine: [...files, 'writer'],
    reader: files,
    stream: core,
    sweep: core,
    evaluate: middle,
    interop: upper,
    dashboard: [...upper, 'interop'],
    cli: [...upper, 'interop', 'dashboard'],
  };
})();

/** The one room of another layer of its tier that a reader may enter: it brings a run to its end before it is read. */
export const RECOVERY = { from: 'reader', to: 'writer/recovery/' };

/** The one place, a folder or a file, that knows each foreign package. `''` is everywhere. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  rxjs: [''],
  'apache-arrow': ['columnar/'],
  flatbuffers: ['columnar/arrow-messages.ts'],
  'parquetjs-lite': ['storage/parquet/'],
  winston: ['engine/run-logger.ts', 'engine/winston.cjs'],
  yaml: ['storage/yaml-file.ts', 'storage/yaml.cjs'],
  'log-update': ['stream/progress/screen.ts'],
  commander: ['cli/run-cli.ts'],
  'string-width': ['cli/terminal.ts', 'stream/progress/text-width.ts'],
  'simple-ascii-chart': ['cli/plot-drawing.ts'],
  '@duckdb/node-api': ['reader/query/'],
  bullmq: ['sweep/queue/'],
  ioredis: ['sweep/queue/'],
  hyparquet: ['interop/'],
  'hyparquet-compressors': ['interop/'],
  'hyparquet-writer': ['interop/neptune/'],
  'csv-parse': ['interop/csv/'],
  'csv-stringify': ['interop/csv/'],
  tar: ['interop/archive/'],
  '@sinclair/typebox': [
    'dashboard/api.ts',
    ...['artifacts', 'history', 'run', 'types'].map((part) => `dashboard/api-${part}.ts`),
    'dashboard/server/',
  ],
  hono: ['dashboard/server/'],
  '@hono/node-server': ['dashboard/server/'],
  preact: ['dashboard/page/'],
  '@preact/signals': ['dashboard/page/'],
  'sql.js': ['interop/source/sqlite.ts'],
  pbf: ['interop/tensorboard/'],
  'crc-32': ['interop/tensorboard/'],
};

/** Who may touch the file system past the port that fault injection replaces. */
const FS_HOMES = [
  'storage/node-fs.ts',
  'engine/files/artifacts.ts',
  'engine/files/artifact-sources.ts',
  'engine/files/async-fs.ts',
  'engine/surroundings/environment.ts',
  'engine/files/media-source.ts',
  'engine/surroundings/network-file-system.ts',
  'reader/query/temp-folder.ts',
  'cli/',
  'dashboard/server/',
  'interop/',
];

/** What is bundled for a browser, and the files whose types it may import; of the program it may use the pure layer besides. */
const PAGE = 'dashboard/page/';
const PAGE_TYPES = ['dashboard/api.ts', 'dashboard/report-data.ts'];

/** Where fs must be synchronous: with the libuv pool busy, `fs.promises` never ran and the exit flush lost all. */
const SYNC_LAYERS = ['writer', 'run', 'channel', 'storage'];

/** Every breach of the layers that src/README.md draws, and of the homes below; empty for a clean house. */
export function violationsOf(sources: readonly Source[]): Violation[] {
  const files = sources.map(readImports);
  const known = new Set(files.map((file) => file.path));
  return [...files.flatMap((file) => fileViolations(file, known)), ...cyclesOf(files, known)];
}

interface Import {
  readonly specifier: string;
  /** The names taken from it, `*` parts by their use (`fs.open` is `open`); types are left out. */
  readonly names: readonly string[];
}

interface SourceFacts {
  readonly path: string;
  readonly imports: readonly Import[];
}

function fileViolations({ path, imports }: SourceFacts, known: ReadonlySet<string>): Violation[] {
  const layer = layerOf(path);
  const at = (kind: ViolationKind, detail: string): Violation => ({ kind, file: path, detail });
  if (layer !== null && !(layer in MAY_IMPORT)) return [at('unknown layer', layer)];
  return imports.flatMap(({ specifier, names }) => {
    if (specifier.startsWith('.'))
      return [
        ...relativeViolations(path, specifier, known),
        ...pageViolations(path, targetOf(path, specifier), names),
      ].map(([kind, what]) => at(kind, what));
    if (layer === PURE_LAYER) return [at('import into pure code', specifier)];
    if (isBuiltin(specifier) && path.startsWith(PAGE)) return [at('page and program mixed', specifier)];
    if (isBuiltin(specifier))
      return builtinViolations(path, specifier, names).map(([kind, what]) => at(kind, what));
    const name = packageOf(specifier);
    return isAt(path, HOMES[name] ?? []) ? [] : [at('foreign package out of place', name)];
  });
}

type Finding = readonly [kind: ViolationKind, detail: string];

function relativeViolations(path: string, specifier: string, known: ReadonlySet<string>): Finding[] {
  if (!/\.c?js$/.test(specifier)) return [['relative import without .js', specifier]];
  const target = fileOf(path, specifier, known);
  if (target === null) return [['import of a missing file', specifier]];
  const [from, to] = [layerOf(path), layerOf(target)];
  // The files at the top of src are the package's doors: they see every layer, and no layer sees them.
  const allowed =
    from === null ||
    from === to ||
    (to !== null && (MAY_IMPORT[from] ?? []).includes(to)) ||
    (from === RECOVERY.from && target.startsWith(RECOVERY.to));
  return allowed ? [] : [['upward import', `${from} -> ${to ?? 'the package entry'} (${specifier})`]];
}

/** The page knows the types of the API and the pure layer of the program; the program knows nothing of the page. */
function pageViolations(path: string, target: string, names: readonly string[]): Finding[] {
  const [isPage, isOfPage] = [path, target].map((file) => file.startsWith(PAGE));
  if (isPage === isOfPage) return [];
  const mayUse = layerOf(target) === PURE_LAYER || (PAGE_TYPES.includes(target) && names.length === 0);
  return isPage && mayUse ? [] : [['page and program mixed', target]];
}

function builtinViolations(path: string, specifier: string, names: readonly string[]): Finding[] {
  const builtin = specifier.replace(/^node:/, '');
  if (builtin !== 'fs' && builtin !== 'fs/promises') return [];
  const out: Finding[] = isAt(path, FS_HOMES) ? [] : [['node:fs out of place', specifier]];
  if (!SYNC_LAYERS.includes(layerOf(path) ?? '')) return out;
  if (builtin === 'fs/promises') return [...out, ['asynchronous fs', specifier]];
  return [...out, ...names.filter(isAsynchronous).map((name): Finding => ['asynchronous fs', `fs.${name}`])];
}

function isAsynchronous(name: string): boolean {
  return (
    `${name}Sync` in nodeFs ||
    ['promises', 'createReadStream', 'createWriteStream', 'watch', 'default'].includes(name)
  );
}

function isAt(path: string, homes: readonly string[]): boolean {
  return homes.some((home) => (home === '' || home.endsWith('/') ? path.startsWith(home) : path === home));
}

function layerOf(path: string): string | null {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : null;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function targetOf(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
}

/** The source a relative import means, `.ts`, `.tsx` or `.cjs`; null where there is none. */
function fileOf(path: string, specifier: string, known: ReadonlySet<string>): string | null {
  const target = targetOf(path, specifier);
  return [target, `${target}x`].find((file) => known.has(file)) ?? null;
}

/** One finding per knot of files that import each other, types included, told as the shortest way round. */
function cyclesOf(files: readonly SourceFacts[], known: ReadonlySet<string>): Violation[] {
  const edges = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.map(({ specifier }) => fileOf(path, specifier, known)).filter((target) => target !== null),
    ]),
  );
  const told = new Set<string>();
  return files.flatMap(({ path }): Violation[] => {
    const way = told.has(path) ? null : wayBack(path, edges);
    if (way === null) return [];
    way.forEach((file) => told.add(file));
    return [{ kind: 'import cycle', file: path, detail: [...way, path].join(' -> ') }];
  });
}

/** The shortest way from a file back to itself, breadth first, or null. */
function wayBack(start: string, edges: ReadonlyMap<string, readonly string[]>): string[] | null {
  const seen = new Set<string>();
  let ways: string[][] = [[start]];
  while (ways.length > 0) {
    const next: string[][] = [];
    for (const way of ways) {
      for (const target of edges.get(way.at(-1) ?? start) ?? []) {
        if (target === start) return way;
        if (!seen.has(target)) next.push([...way, target]);
        seen.add(target);
      }
    }
    ways = next;
  }
  return null;
}

function readImports({ path, text }: Source): SourceFacts {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const visit = (node: ts.Node): void => {
    const found = importOf(node, file);
    if (found !== null) imports.push(found);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { path, imports };
}

/** The import a node stands for: a statement, `import()`, `import type`, `require`, or a worker's `new URL`. */
function importOf(node: ts.Node, file: ts.SourceFile): Import | null {
  if (ts.isImportDeclaration(node)) return imported(node.moduleSpecifier, namesOf(node.importClause, file));
  if (ts.isExportDeclaration(node)) return imported(node.moduleSpecifier, exportedNames(node));
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? imported(node.argument.literal, []) : null;
  if (ts.isExternalModuleReference(node)) return imported(node.expression, ['default']);
  if (ts.isCallExpression(node) && isLoader(node.expression)) return imported(node.arguments[0], ['default']);
  const isUrl = ts.isNewExpression(node) && node.expression.getText(file) === 'URL';
  if (isUrl && node.arguments?.[1]?.getText(file) === 'import.meta.url') {
    const target = imported(node.arguments[0], []);
    return target !== null && /^\.{1,2}\/.*\.[jt]s$/.test(target.specifier) ? target : null;
  }
  return null;
}

/** `import(...)`, `require(...)` and what `createRequire` is usually called. */
function isLoader(callee: ts.Expression): boolean {
  return (
    callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
  );
}

function imported(specifier: ts.Node | undefined, names: readonly string[]): Import | null {
  return specifier !== undefined && ts.isStringLiteralLike(specifier)
    ? { specifier: specifier.text, names }
    : null;
}

function namesOf(clause: ts.ImportClause | undefined, file: ts.SourceFile): string[] {
  if (clause === undefined || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return [];
  const bindings = clause.namedBindings;
  const named = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements : [];
  const spaces = [
    clause.name,
    bindings !== undefined && ts.isNamespaceImport(bindings) ? bindings.name : undefined,
  ];
  return [
    ...named
      .filter((element) => !element.isTypeOnly)
      .map((element) => (element.propertyName ?? element.name).text),
    ...spaces.flatMap((space) => (space === undefined ? [] : membersUsed(space.text, file))),
  ];
}

function exportedNames({ isTypeOnly, exportClause }: ts.ExportDeclaration): string[] {
  if (isTypeOnly) return [];
  if (exportClause === undefined || !ts.isNamedExports(exportClause)) return ['default'];
  return exportClause.elements.map((element) => (element.propertyName ?? element.name).text);
}

/** The members of a namespace a file uses: `fs.open` and `const { open } = fs`. */
function membersUsed(space: string, file: ts.SourceFile): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && node.expression.getText(file) === space)
      names.push(node.name.text);
    if (
      ts.isVariableDeclaration(node) &&
      node.initializer?.getText(file) === space &&
      ts.isObjectBindingPattern(node.name)
    ) {
      names.push(
        ...node.name.elements.map((element) => (element.propertyName ?? element.name).getText(file)),
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names;
}
