import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { arch, availableParallelism, cpus, hostname, platform, release, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { errnoOf } from '../../model/errors.js';
import { cut } from '../../model/printable.js';
import { redactWords } from '../../model/redact-text.js';
import { outputOf } from '../../writer/system/output-of.js';

/**
 * The environment of a run, as plain values; unknown facts are absent. A type, so that it is also
 * `Params`.
 */
export type EnvironmentFacts = {
  readonly node: string;
  /** The runtime in place of Node, if it is another: `bun 1.3.4`. */
  readonly runtime?: string;
  readonly platform: string;
  readonly arch: string;
  readonly osRelease: string;
  /** The number of processors this process may use, and their model. */
  readonly cpus: { readonly count: number; readonly model: string };
  /** The machine's memory. */
  readonly memoryBytes: number;
  readonly hostname: string;
  /**
   * The script and its arguments, without recognisable secrets; absent with
   * `environment: { argv: false }`.
   */
  readonly argv?: readonly string[];
  /** The number of arguments beyond the first 256. */
  readonly argvLeftOut?: number;
  readonly cwd?: string;
  /** The named package of the main script. */
  readonly package?: { readonly name: string; readonly version?: string };
  readonly git?: GitFacts;
};

/** The checked-out commit and its branch; a detached HEAD has no branch, a new branch no commit. */
export type GitFacts = { readonly commit?: string; readonly branch?: string };

/** @bound loses nothing: no valid path has as many folders */
const MAX_LEVELS = 64;
/** @bound tells: argvLeftOut in run.yaml says how many; specs/engine/environment.spec.ts "says the arguments without secrets, where a long one is cut, and how many it leaves out" */
const MAX_ARGS = 256;
/** @bound tells: the argument ends in an ellipsis; specs/engine/environment.spec.ts "says the arguments without secrets, where a long one is cut, and how many it leaves out" */
const MAX_ARG_LENGTH = 1000;
/**
 * The characters read of an argument: more than are kept, so that a URL that begins among them is
 * complete.
 *
 * @bound tells: the argument ends in an ellipsis; specs/engine/environment.spec.ts "says the arguments without secrets, where a long one is cut, and how many it leaves out"
 */
const MAX_ARG_READ = 4096;
/** @bound loses nothing: a larger package.json is ignored, like one that is not JSON */
const MAX_MANIFEST_BYTES = 1024 * 1024;
/** @bound loses nothing: a ref is 41 bytes; a larger file is not a ref */
const MAX_REF_BYTES = 4096;
// The packed refs of a large repository; one of that size takes about 2 ms to search.
// @bound loses nothing: the commit is absent from run.yaml, as when git does not know it
const MAX_PACKED_BYTES = 4 * 1024 * 1024;
const DIRTY_TIMEOUT_MS = 5000;
/** @bound loses nothing: one line is enough to know that there are changes */
const MAX_DIRTY_BYTES = 64 * 1024;

/**
 * Captures the machine, program and commit of this process, synchronously in about a millisecond;
 * never throws.
 *
 * Uses no child process and no environment variables; the arguments are without recognisable
 * secrets.
 */
export function captureEnvironment(): EnvironmentFacts {
  const cwd = attempt(() => process.cwd());
  const script = attempt(() => scriptFolder());
  const manifest = attempt(() => nearest(script ?? cwd, packageIn));
  const git = attempt(() => nearest(cwd, gitIn) ?? nearest(script, gitIn));
  const { bun, deno } = process.versions as Partial<Record<string, string>>;
  const runtime = bun === undefined ? deno && `deno ${deno}` : `bun ${bun}`;
  return {
    node: process.version,
    ...(runtime !== undefined && { runtime }),
    platform: platform(),
    arch: arch(),
    osRelease: attempt(release) ?? '',
    cpus: { count: attempt(availableParallelism) ?? 1, model: attempt(cpuModel) ?? 'unknown' },
    memoryBytes: attempt(totalmem) ?? 0,
    hostname: attempt(hostname) ?? '',
    ...argumentsOf(process.argv),
    ...(cwd !== undefined && { cwd }),
    ...(manifest !== undefined && { package: manifest }),
    ...(git !== undefined && Object.keys(git).length > 0 && { git }),
  };
}

/** Redacts arguments before cutting them: half of a URL does not show that it holds a password. */
function argumentsOf([, ...args]: readonly string[]): Pick<EnvironmentFacts, 'argv' | 'argvLeftOut'> {
  const argv = redactWords(args.slice(0, MAX_ARGS).map((arg) => cut(arg, MAX_ARG_READ))).map((arg) =>
    cut(arg, MAX_ARG_LENGTH),
  );
  const argvLeftOut = args.length - argv.length;
  return { argv, ...(argvLeftOut > 0 && { argvLeftOut }) };
}

/**
 * Asks git if a tracked file in the repository around `cwd` differs from its commit.
 *
 * Resolves to undefined if git does not answer within 5 s: it is not installed, there is no
 * repository, and so on. Neither the child process nor the wait for it keeps this process alive.
 */
export async function captureGitDirty(cwd: string): Promise<boolean | undefined> {
  try {
    // A repository may name a program as its file system monitor, which `git status` would run.
    const args = ['-c', 'core.fsmonitor=false', 'status', '--porcelain', '--untracked-files=no'];
    const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' };
    const limits = { timeoutMs: DIRTY_TIMEOUT_MS, maxBytes: MAX_DIRTY_BYTES };
    return (await outputOf('git', args, { cwd, env, ...limits })) !== '';
  } catch (error) {
    return errnoOf(error) === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' ? true : undefined;
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** The result of `find` in the folder or the closest one above it. */
function nearest<T>(folder: string | undefined, find: (folder: string) => T | undefined): T | undefined {
  let at = folder;
  for (let level = 0; at !== undefined && level < MAX_LEVELS; level++) {
    const found = find(at);
    if (found !== undefined) return found;
    const above = dirname(at);
    at = above === at ? undefined : above;
  }
  return undefined;
}

function scriptFolder(): string | undefined {
  const [, script] = process.argv;
  // A program in node_modules/.bin is a link to the file of its package.
  return script === undefined ? undefined : dirname(realpathSync(script));
}

// os.cpus() opens a file per processor, and some drivers take 20 ms to answer each.
function cpuModel(): string | undefined {
  if (process.platform !== 'linux') return cpus()[0]?.model.trim();
  return /^(?:model name|cpu model|Model|Hardware)\s*:\s*(\S.*)$/m.exec(readHead('/proc/cpuinfo', 4096))?.[1];
}

function packageIn(folder: string): EnvironmentFacts['package'] {
  const manifest: unknown = attempt(() => parsed(readText(join(folder, 'package.json'), MAX_MANIFEST_BYTES)));
  if (typeof manifest !== 'object' || manifest === null || !('name' in manifest)) return undefined;
  const { name } = manifest;
  const version = 'version' in manifest ? manifest.version : undefined;
  if (typeof name !== 'string' || name === '') return undefined;
  return { name, ...(typeof version === 'string' && { version }) };
}

function parsed(text: string): unknown {
  return JSON.parse(text);
}

/** Reads the `.git` of a folder; an empty object if it exists but holds nothing useful. */
function gitIn(folder: string): GitFacts | undefined {
  const place = join(folder, '.git');
  const stats = statSync(place, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  // In a worktree or submodule, `.git` is a file with the path of the folder.
  const gitDir = stats.isDirectory() ? place : pointedAt(folder, place, /^gitdir: (.+)$/m);
  return gitDir === undefined ? {} : headOf(gitDir);
}

function headOf(gitDir: string): GitFacts {
  const commonDir = pointedAt(gitDir, join(gitDir, 'commondir'), /^(.+)$/m) ?? gitDir;
  const head = attempt(() => readText(join(gitDir, 'HEAD'), MAX_REF_BYTES).trim()) ?? '';
  if (isCommit(head)) return { commit: head };
  const ref = refIn(head);
  // With the reftable format, HEAD is a placeholder for data that only git can read.
  if (ref === undefined || ref === 'refs/heads/.invalid') return {};
  const commit = commitOf(ref, gitDir, commonDir);
  const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1] ?? ref;
  return { ...(commit !== undefined && { commit }), branch };
}

function commitOf(ref: string, gitDir: string, commonDir: string, hops = 0): string | undefined {
  for (const folder of new Set([gitDir, commonDir])) {
    const text = attempt(() => readText(join(folder, ref), MAX_REF_BYTES).trim()) ?? '';
    if (isCommit(text)) return text;
    const next = refIn(text);
    if (next !== undefined && hops < 5) return commitOf(next, gitDir, commonDir, hops + 1);
  }
  const packed = attempt(() => readText(join(commonDir, 'packed-refs'), MAX_PACKED_BYTES)) ?? '';
  const at = packed.indexOf(` ${ref}\n`);
  const commit = packed.slice(packed.lastIndexOf('\n', at) + 1, Math.max(at, 0));
  return isCommit(commit) ? commit : undefined;
}

function refIn(text: string): string | undefined {
  const ref = /^ref: (refs\/\S+)$/.exec(text)?.[1];
  return ref?.split('/').includes('..') === true ? undefined : ref;
}

function pointedAt(base: string, file: string, pattern: RegExp): string | undefined {
  const path = pattern.exec(attempt(() => readText(file, MAX_REF_BYTES)) ?? '')?.[1];
  return path === undefined ? undefined : resolve(base, path.trim());
}

function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

function readText(path: string, maxBytes: number): string {
  const text = readHead(path, maxBytes + 1);
  if (Buffer.byteLength(text) > maxBytes) throw new RangeError(`${path} has more than ${maxBytes} bytes`);
  return text;
}

/**
 * Reads at most the first `maxBytes` of a regular file, regardless of its size: files under /proc
 * report 0.
 */
function readHead(path: string, maxBytes: number): string {
  // A FIFO of that name must not block the open; the flag is undefined on Windows, which counts as
  // 0.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new TypeError(`${path} is not a regular file`);
    const bytes = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(stats.size + 1, MAX_REF_BYTES)));
    let done = 0;
    let count = -1;
    while (done < bytes.length && count !== 0) {
      count = readSync(fd, bytes, done, bytes.length - done, done);
      done += count;
    }
    return bytes.toString('utf8', 0, done);
  } finally {
    closeSync(fd);
  }
}
