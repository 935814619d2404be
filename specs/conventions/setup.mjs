// What `npm start` and `npm test` do first, so that each is one command on a fresh clone: install when the installed
// packages are not the ones the lock file names, compile when a source is newer than dist. Node built-ins only.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, staleness } from './build.mjs';

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, peer?: boolean }} LockEntry */

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The packages a lock file lists, by their place under node_modules.
 *
 * @param {string} path
 * @returns {Map<string, LockEntry>}
 */
function packagesOf(path) {
  const lock = /** @type {{ packages?: Record<string, LockEntry> }} */ (
    JSON.parse(readFileSync(path, 'utf8'))
  );
  return new Map(Object.entries(lock.packages ?? {}).filter(([place]) => place !== ''));
}

/**
 * Says why an install is needed, or null. Contents are compared, not times: a checkout touches the lock file.
 *
 * @returns {string | null}
 */
function missingPackages() {
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return 'node_modules is missing';
  const installed = packagesOf(record);
  for (const [place, { version, optional }] of packagesOf(join(root, 'package-lock.json'))) {
    if (optional !== true && installed.get(place)?.version !== version)
      return `${place} is not at ${String(version)}`;
  }
  return null;
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function must(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32', // npm is a .cmd there
  });
  if (error !== undefined) console.error(`setup: ${command} did not start: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const toInstall = missingPackages();
if (toInstall !== null) {
  console.log(`setup: npm ci --ignore-scripts (${toInstall})`);
  must('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
}
const toBuild = staleness();
if (toBuild !== null) {
  console.log(`setup: tsc and esbuild, src to dist (${toBuild})`);
  const status = await build();
  if (status !== 0) process.exit(status);
}
if (toInstall === null && toBuild === null) console.log('setup: packages and dist are up to date');
