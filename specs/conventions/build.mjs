// Makes dist from src. The new tree is compiled aside and swapped in when it is whole: a build that fails, or one
// that runs while specs or a training run use dist, never leaves half a package.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const src = join(root, 'src');
const dist = join(root, 'dist');
const tsc = join(root, 'node_modules/typescript/bin/tsc');

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
  const sources = filesUnder(src).filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
  const wanted = new Map(sources.map((file) => [file.replace(/\.ts$/, '.js'), join(src, file)]));
  const built = filesUnder(dist).filter((file) => file.endsWith('.js'));
  if (built.length === 0) return 'there is no dist';
  const orphan = built.find((file) => !wanted.has(file));
  if (orphan !== undefined) return `dist/${orphan} has no source`;
  const settings = statSync(join(root, 'tsconfig.json')).mtimeMs;
  for (const [output, source] of wanted) {
    const facts = statSync(join(dist, output), { throwIfNoEntry: false });
    if (facts === undefined || facts.mtimeMs < statSync(source).mtimeMs)
      return `src/${relative(src, source)} is newer`;
    if (facts.mtimeMs < settings) return 'tsconfig.json is newer';
  }
  return null;
}

/**
 * Compiles src and swaps the result in as dist; returns tsc's exit code.
 *
 * @returns {number}
 */
export function build() {
  const cache = join(root, 'node_modules/.cache/expman-rx');
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'build-'));
  try {
    const fresh = join(scratch, 'new');
    const flags = ['-p', root, '--outDir', fresh, '--noEmitOnError'];
    const { status } = spawnSync(process.execPath, [tsc, ...flags], { stdio: 'inherit', cwd: root });
    if (status !== 0) return status ?? 1;
    const command = join(fresh, 'cli/expman.js');
    if (existsSync(command)) chmodSync(command, 0o755);
    if (existsSync(dist)) renameSync(dist, join(scratch, 'old'));
    renameSync(fresh, dist);
    return 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exitCode = build();
