// Makes dist from src: tsc compiles all modules into dist/modules, which specs look into and which is not published;
// bundle.mjs makes one file for each entry of them; the declarations stand where the sources do. The new tree is made aside and swapped in when it is whole: a build that fails, or one that
// runs while specs or a training run use dist, never leaves half a package.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const src = join(root, 'src');
const dist = join(root, 'dist');
const tsc = join(root, 'node_modules/typescript/bin/tsc');
/** The dashboard's page, which esbuild makes into few files for a browser; in `src` as in `dist`. */
const PAGE = 'dashboard/page';
/** What is bundled into it, whose licences go with it. */
const BUNDLED = ['preact', '@preact/signals', '@preact/signals-core'];
const PAGE_FILES = ['index.html', 'icon.svg', 'main.js', 'page.css'];
/** What `expman skill` prints. */
const SKILL = 'cli/SKILL.md';
/** The modules, one file for each source. */
const MODULES = 'modules';

/**
 * All files under a folder, as paths relative to it.
 *
 * @param {string} folder
 * @returns {string[]}
 */
function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/**
 * Says why dist does not stand for the sources, or null when it does.
 *
 * @returns {string | null}
 */
export function staleness() {
  const modules = join(dist, MODULES);
  const sources = filesUnder(src).filter((file) => /\.(ts|cjs)$/.test(file) && !isOfPage(file));
  const wanted = new Map(sources.map((file) => [file.replace(/\.ts$/, '.js'), join(src, file)]));
  const built = filesUnder(modules).filter((file) => /\.c?js$/.test(file) && !isOfPage(file));
  if (built.length === 0) return 'there is no dist';
  const orphan = built.find((file) => !wanted.has(file));
  if (orphan !== undefined) return `${MODULES}/${orphan} has no source`;
  const settings = [join(root, 'tsconfig.json'), fileURLToPath(import.meta.url)];
  for (const [output, source] of wanted) {
    const facts = statSync(join(modules, output), { throwIfNoEntry: false });
    if (facts === undefined || facts.mtimeMs < statSync(source).mtimeMs)
      return `src/${relative(src, source)} is newer`;
    const newer = settings.find((file) => statSync(file).mtimeMs > facts.mtimeMs);
    if (newer !== undefined) return `${relative(root, newer)} is newer`;
  }
  const skill = statSync(join(dist, SKILL), { throwIfNoEntry: false });
  if (skill === undefined || skill.mtimeMs < statSync(join(src, SKILL)).mtimeMs)
    return `src/${SKILL} is newer`;
  return pageStaleness();
}

/**
 * Says why the page in dist does not stand for its sources, or null when it does.
 *
 * @returns {string | null}
 */
function pageStaleness() {
  const times = PAGE_FILES.map(
    (file) => statSync(join(dist, PAGE, file), { throwIfNoEntry: false })?.mtimeMs,
  );
  const builtAt = Math.min(...times.map((time) => time ?? -Infinity));
  const newer = filesUnder(join(src, PAGE)).find((file) => statSync(join(src, PAGE, file)).mtimeMs > builtAt);
  return newer === undefined ? null : `src/${PAGE}/${newer} is newer`;
}

/**
 * @param {string} file a path under src or dist
 * @returns {boolean}
 */
function isOfPage(file) {
  return file.split(sep).join('/').startsWith(`${PAGE}/`);
}

/**
 * Bundles the page; returns an exit code. esbuild is loaded here and not above: setup.mjs asks for the staleness of a
 * clone before anything is installed.
 *
 * @param {string} outFolder
 * @returns {Promise<number>}
 */
async function bundlePage(outFolder) {
  const { build: bundle } = await import('esbuild');
  const page = join(src, PAGE);
  try {
    await bundle({
      entryPoints: [join(page, 'main.tsx'), join(page, 'page.css')],
      outdir: join(outFolder, PAGE),
      tsconfig: join(page, 'tsconfig.json'),
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      legalComments: 'linked',
      logLevel: 'warning',
    });
  } catch {
    return 1; // esbuild has said why
  }
  for (const file of ['index.html', 'icon.svg']) copyFileSync(join(page, file), join(outFolder, PAGE, file));
  const licences = BUNDLED.map((name) => {
    const folder = join(root, 'node_modules', name);
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    return `${name}\n\n${file === undefined ? '' : readFileSync(join(folder, file), 'utf8')}`;
  });
  writeFileSync(join(outFolder, PAGE, 'LICENSES.txt'), licences.join('\n\n'));
  return 0;
}

/**
 * Compiles src, bundles entries and page, and swaps the result in as dist; returns the exit code of what failed.
 *
 * @returns {Promise<number>}
 */
export async function build() {
  const cache = join(root, 'node_modules/.cache/expman-rx');
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'build-'));
  try {
    const fresh = join(scratch, 'new');
    const modules = join(fresh, MODULES);
    const flags = ['-p', root, '--outDir', modules, '--noEmitOnError'];
    const { status } = spawnSync(process.execPath, [tsc, ...flags], { stdio: 'inherit', cwd: root });
    if (status !== 0) return status ?? 1;
    const bundled = await bundlePage(modules);
    if (bundled !== 0) return bundled;
    for (const file of filesUnder(modules).filter((each) => isOfPage(each) || /\.d\.c?ts$/.test(each))) {
      mkdirSync(join(fresh, file, '..'), { recursive: true });
      copyFileSync(join(modules, file), join(fresh, file));
    }
    const { bundleEntries } = await import('./bundle.mjs');
    await bundleEntries(modules, fresh);
    for (const folder of [fresh, modules]) copyFileSync(join(src, SKILL), join(folder, SKILL));
    for (const folder of [fresh, modules]) chmodSync(join(folder, 'cli/expman.js'), 0o755);
    if (existsSync(dist)) renameSync(dist, join(scratch, 'old'));
    renameSync(fresh, dist);
    return 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exitCode = await build();
