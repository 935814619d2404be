import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { captureEnvironment, captureGitDirty } from '../../src/engine/surroundings/environment.js';
import type { Params } from '../../src/model/params.js';

let folder: string;
let before: { readonly cwd: string; readonly argv: readonly string[]; readonly path: string | undefined };

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'expman-environment-')));
  before = { cwd: process.cwd(), argv: process.argv, path: process.env.PATH };
});
afterEach(() => {
  process.chdir(before.cwd);
  process.argv = [...before.argv];
  process.env.PATH = before.path;
  rmSync(folder, { recursive: true, force: true });
});

function git(cwd: string, ...args: readonly string[]): string {
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false'];
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' };
  return execFileSync('git', [...who, ...args], { cwd, env, encoding: 'utf8', stdio: 'pipe' }).trim();
}

/** A repository with one commit on `main`, and that commit. */
function repository(name = 'repo'): { readonly root: string; readonly commit: string } {
  const root = join(folder, name);
  mkdirSync(root);
  git(root, 'init', '-q', '-b', 'main');
  writeFileSync(join(root, 'train.js'), 'train();\n');
  git(root, 'add', '.');
  git(root, 'commit', '-q', '-m', 'first');
  return { root, commit: git(root, 'rev-parse', 'HEAD') };
}

/** What is captured of git with the current directory there. */
function gitIn(cwd: string): unknown {
  process.chdir(cwd);
  process.argv = [process.execPath];
  return captureEnvironment().git;
}

describe('the environment of a run', () => {
  it('says what machine and Node it is, as parameters can be kept', () => {
    const facts: Params = captureEnvironment();
    expect(facts).toMatchObject({
      node: process.version,
      platform: process.platform,
      arch: process.arch,
      memoryBytes: totalmem(),
      hostname: hostname(),
      cwd: process.cwd(),
      cpus: { count: expect.any(Number) as number, model: expect.any(String) as string },
    });
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
  });

  it('says which package the script belongs to, through a link', () => {
    mkdirSync(join(folder, 'lab/src/deep'), { recursive: true });
    writeFileSync(join(folder, 'lab/package.json'), '{"name":"lab","version":"1.2.3","private":true}');
    writeFileSync(join(folder, 'lab/src/package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'lab/src/deep/train.js'), '');
    symlinkSync(join(folder, 'lab/src/deep/train.js'), join(folder, 'train'));
    process.argv = [process.execPath, join(folder, 'train'), '--lr', '0.1'];
    expect(captureEnvironment()).toMatchObject({
      package: { name: 'lab', version: '1.2.3' },
      argv: [join(folder, 'train'), '--lr', '0.1'],
    });
  });

  it('says the arguments without secrets, where a long one is cut, and how many it leaves out', () => {
    const long = `--db=postgres://ada:${'s3cret'.repeat(200)}@host/d`;
    process.argv = [process.execPath, 'train.js', '--hf_key', 'k1', long];
    expect(captureEnvironment().argv).toEqual([
      'train.js',
      '--hf_key',
      '[redacted]',
      '--db=postgres://ada:[redacted]@host/d',
    ]);
    process.argv = [process.execPath, ...Array.from({ length: 10_000 }, () => `a=${'b='.repeat(50_000)}`)];
    const { argv = [], argvLeftOut } = captureEnvironment();
    expect([argv.length, argvLeftOut]).toEqual([256, 9744]);
    expect(argv.every((arg) => arg.length === 1000 && arg.endsWith('…'))).toBe(true);
    expect(JSON.stringify(argv).length).toBeLessThan(300_000);
  });

  it.each([
    ['is no JSON', 'not json'],
    ['is no object', '[1]'],
    ['has no name', '{"version":"1.0.0"}'],
    ['has an odd name', '{"name":{"a":1}}'],
    ['is too large', `{"name":"big","x":"${'x'.repeat(2e6)}"}`],
  ])('passes a package.json over that %s', (_, text) => {
    mkdirSync(join(folder, 'inner'));
    writeFileSync(join(folder, 'package.json'), '{"name":"outer"}');
    writeFileSync(join(folder, 'inner/package.json'), text);
    process.argv = [process.execPath, join(folder, 'inner/package.json')];
    expect(captureEnvironment().package).toEqual({ name: 'outer' });
  });

  it.skipIf(process.platform === 'win32')('does not hang on a fifo', () => {
    execFileSync('mkfifo', [join(folder, 'package.json')]);
    mkdirSync(join(folder, '.git'));
    execFileSync('mkfifo', [join(folder, '.git/HEAD')]);
    process.argv = [process.execPath, folder];
    process.chdir(folder);
    expect(captureEnvironment().git).toBeUndefined();
  });

  it.skipIf(process.platform === 'win32')('does not throw when the current directory is gone', () => {
    const gone = join(folder, 'gone');
    mkdirSync(gone);
    process.chdir(gone);
    rmSync(gone, { recursive: true });
    process.argv = [process.execPath];
    expect(captureEnvironment()).not.toHaveProperty('cwd');
  });
});

describe('the commit of a run', () => {
  it('is the one of the branch that is checked out, from a folder below too', () => {
    const { root, commit } = repository();
    mkdirSync(join(root, 'a/b'), { recursive: true });
    expect(gitIn(join(root, 'a/b'))).toEqual({ commit, branch: 'main' });
  });

  it('is found with refs packed, and the loose ref wins', () => {
    const { root, commit } = repository();
    git(root, 'checkout', '-q', '-b', 'feature/x');
    git(root, 'pack-refs', '--all');
    expect(gitIn(root)).toEqual({ commit, branch: 'feature/x' });
    git(root, 'commit', '-q', '--allow-empty', '-m', 'second');
    expect(gitIn(root)).toEqual({ commit: git(root, 'rev-parse', 'HEAD'), branch: 'feature/x' });
  });

  it('has no branch when HEAD is detached', () => {
    const { root, commit } = repository();
    git(root, 'checkout', '-q', '--detach');
    expect(gitIn(root)).toEqual({ commit });
  });

  it('is that of a worktree, packed or not', () => {
    const { root, commit } = repository();
    const tree = join(folder, 'tree');
    git(root, 'worktree', 'add', '-q', '-b', 'side', tree);
    expect(gitIn(tree)).toEqual({ commit, branch: 'side' });
    git(root, 'pack-refs', '--all');
    expect(gitIn(tree)).toEqual({ commit, branch: 'side' });
    git(tree, 'commit', '-q', '--allow-empty', '-m', 'second');
    expect(gitIn(tree)).toEqual({ commit: git(tree, 'rev-parse', 'HEAD'), branch: 'side' });
  });

  it('is absent before the first one', () => {
    const root = join(folder, 'new');
    mkdirSync(root);
    git(root, 'init', '-q', '-b', 'main');
    expect(gitIn(root)).toEqual({ branch: 'main' });
  });

  it.each([
    ['an empty HEAD', ''],
    ['garbage', '\0\u0001\u0002'],
    ['a ref that leads out', 'ref: refs/../../../../etc/passwd'],
    ['a ref that leads anywhere', 'ref: /etc/passwd'],
    ['a reftable', 'ref: refs/heads/.invalid'],
  ])('is absent with %s', (_, head) => {
    mkdirSync(join(folder, '.git'));
    writeFileSync(join(folder, '.git/HEAD'), `${head}\n`);
    expect(gitIn(folder)).toBeUndefined();
  });

  it('is that of the script when the current directory has none', () => {
    const { root, commit } = repository();
    process.chdir(folder);
    process.argv = [process.execPath, join(root, 'train.js')];
    expect(captureEnvironment().git).toEqual({ commit, branch: 'main' });
  });
});

describe('whether a run’s files differ from its commit', () => {
  it('is told for tracked files', async () => {
    const { root } = repository();
    expect(await captureGitDirty(root)).toBe(false);
    writeFileSync(join(root, 'untracked.js'), '');
    expect(await captureGitDirty(root)).toBe(false);
    writeFileSync(join(root, 'train.js'), 'changed();\n');
    expect(await captureGitDirty(root)).toBe(true);
  });

  it('is true when git has more to tell than is read', async () => {
    const { root } = repository();
    const names = Array.from({ length: 1000 }, (_, i) => `${'x'.repeat(100)}${i}`);
    for (const name of names) writeFileSync(join(root, name), '');
    git(root, 'add', '.');
    expect(await captureGitDirty(root)).toBe(true);
  });

  it('is unknown without a repository, a folder or git', async () => {
    expect(await captureGitDirty(folder)).toBeUndefined();
    expect(await captureGitDirty(join(folder, 'missing'))).toBeUndefined();
    expect(await captureGitDirty('a\0b')).toBeUndefined();
    const { root } = repository();
    process.env.PATH = folder;
    expect(await captureGitDirty(root)).toBeUndefined();
  });

  it('runs no program a repository names', async () => {
    const { root } = repository();
    const trap = join(folder, 'trap.sh');
    writeFileSync(trap, `#!/bin/sh\ntouch ${join(folder, 'sprung')}\n`);
    chmodSync(trap, 0o755);
    git(root, 'config', 'core.fsmonitor', trap);
    expect(await captureGitDirty(root)).toBe(false);
    expect(() => unlinkSync(join(folder, 'sprung'))).toThrow('ENOENT');
  });

  it.skipIf(process.platform === 'win32')('does not keep the process alive while git hangs', () => {
    const pid = join(folder, 'pid');
    writeFileSync(join(folder, 'git'), `#!/bin/sh\necho $$ >${pid}\nexec sleep 60\n`);
    chmodSync(join(folder, 'git'), 0o755);
    const built = pathToFileURL(join(before.cwd, 'dist/modules/engine/surroundings/environment.js')).href;
    // git is given up, and killed, after a while: a process that ends before has not waited for it.
    const script = `
      import { readFileSync, writeSync } from 'node:fs';
      const { captureGitDirty } = await import(${JSON.stringify(built)});
      void captureGitDirty('.');
      process.on('exit', () => {
        let pid = 0;
        try { pid = Number(readFileSync(${JSON.stringify(pid)}, 'utf8')); } catch {} // It has not begun.
        try { if (pid !== 0) process.kill(pid, 'SIGKILL'); writeSync(1, 'left'); } catch { writeSync(1, 'waited'); }
      });`;
    const { stdout, error } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH ?? ''}` },
      cwd: before.cwd,
      encoding: 'utf8',
      timeout: 250_000,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    expect(error).toBeUndefined();
    expect(stdout).toBe('left');
  });
});
