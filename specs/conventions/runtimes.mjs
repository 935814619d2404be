// JavaScript runtimes other than the one this runs on, and tools, from the npm registry: each is installed once, in a folder that
// later runs on this machine find again.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The versions of Node that the package promises to work on: the newest release of each. */
export const NODES = /** @type {const} */ (['20', '22', '24', '26']);

/** How long an install may take, in milliseconds, before the runtime counts as not to be had. */
const INSTALL_MS = 180_000;

/**
 * The program of a runtime, or null where it cannot be had here, which is said on stderr.
 *
 * @param {'node' | 'bun' | 'deno'} name
 * @param {string} version a version or a range that npm takes
 * @returns {string | null}
 */
export function runtimeOf(name, version) {
  const folder = installed(`${name}-${version}`, [`${name}@${version}`], name);
  return folder === null ? null : programIn(folder, name);
}

/**
 * The folder in which packages of npm's are installed, or null where they cannot be had here, which is said on stderr.
 *
 * @param {string} folderName
 * @param {readonly string[]} packages each with its version
 * @param {string} program one of theirs, which has to say its version
 * @returns {string | null}
 */
export function installed(folderName, packages, program) {
  const home = join(tmpdir(), `expman-runtimes-${process.getuid?.() ?? 'all'}`);
  const folder = join(home, folderName);
  if (existsSync(programIn(folder, program))) return folder;
  mkdirSync(home, { recursive: true });
  // Installed beside its place and moved there when whole, so that two at once do not meet half of it.
  const draft = mkdtempSync(join(home, '.install-'));
  writeFileSync(join(draft, 'package.json'), '{ "private": true }\n');
  const flags = ['--no-audit', '--no-fund', '--loglevel=error'];
  const { status, stderr } = spawnSync('npm', ['install', ...flags, ...packages], {
    cwd: draft,
    encoding: 'utf8',
    timeout: INSTALL_MS,
    shell: process.platform === 'win32',
  });
  if (status !== 0 || spawnSync(programIn(draft, program), ['--version']).status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    console.error(`SKIPPED: ${packages.join(', ')} cannot be installed here: ${stderr.trim().slice(-300)}`);
    return null;
  }
  // Programs of theirs are also started as another user, and a temporary folder is private.
  chmodSync(draft, 0o755);
  try {
    renameSync(draft, folder);
  } catch {
    // Another one was faster.
    rmSync(draft, { recursive: true, force: true });
  }
  return existsSync(programIn(folder, program)) ? folder : null;
}

/**
 * @param {string} folder
 * @param {string} name
 * @returns {string}
 */
function programIn(folder, name) {
  return join(folder, 'node_modules', '.bin', name);
}
