import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CliEnd, EXPMAN, expman } from '../../support/cli.js';
import { Lab, expectHarmless } from './lab.js';
import { hostileLabs } from './labs.js';
import { age, lookAtAll, mendAll, nameIn, readAll } from './looks.js';

const { folder, labWith } = hostileLabs();

const MAKE: Readonly<Record<string, (path: string, lab: Lab) => void>> = {
  'a fifo': (path) => execFileSync('mkfifo', [path]),
  'a folder': (path) => {
    mkdirSync(join(path, 'in'), { recursive: true });
  },
  'a link to what is outside': (path, { outside }) => {
    symlinkSync(join(outside, 'canary'), path);
  },
  'a link to itself': (path) => {
    symlinkSync(path, path);
  },
  'a link to /dev/zero': (path) => {
    symlinkSync('/dev/zero', path);
  },
  'a hard link to what is outside': (path, { outside }) => {
    linkSync(join(outside, 'canary'), path);
  },
};

describe('in the place of a file', () => {
  const names = [
    'run.yaml',
    'config.yaml',
    'run.log',
    'metrics.parquet',
    'run.lock',
    'wal',
    'media/manifest.ndjson',
    'artifacts',
    '../experiment.yaml',
  ];
  it.each(names.flatMap((name) => Object.keys(MAKE).map((what) => [name, what] as const)))(
    '%s: %s',
    async (name, what) => {
      const lab = labWith(
        (runDir, made) => {
          const path = join(runDir, nameIn(runDir, name));
          rmSync(path, { recursive: true, force: true });
          MAKE[what]?.(path, made);
          age(path);
        },
        name === 'wal' ? 'killed' : 'closed',
      );
      await lookAtAll(lab);
      await readAll(lab.bad);
      await lab.expman('tail', lab.bad, '-f');
      await mendAll(lab);
    },
  );

  it.each(['run.yaml', 'run.log', 'metrics.parquet', 'run.lock'])('%s: a socket', async (name) => {
    const outside = folder();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(outside, 's'), resolve));
    const lab = labWith((runDir) => {
      rmSync(join(runDir, name), { force: true });
      renameSync(join(outside, 's'), join(runDir, name));
    });
    await new Promise((resolve) => server.close(resolve));
    await lookAtAll(lab);
    await mendAll(lab);
  });
});

// Root may read everything: then it is looked at by a user who may not.
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const canStart =
  spawnSync(process.execPath, [EXPMAN, '--version'], { ...nobody, encoding: 'utf8' }).status === 0;
if (!canStart && process.platform !== 'win32')
  console.error(
    `SKIPPED: what nobody may read: a user without rights cannot start ${process.execPath} or ${EXPMAN}`,
  );

describe.skipIf(process.platform === 'win32' || !canStart)('what nobody may read', () => {
  const expmanAsNobody = (...args: readonly string[]): CliEnd => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [EXPMAN, ...args], {
      ...nobody,
      encoding: 'utf8',
    });
    return { exit: status ?? -1, stdout, stderr };
  };

  it.each(['', 'run.yaml', 'config.yaml', 'run.log', 'metrics.parquet', '..'])('in a run: %s', (name) => {
    const lab = labWith((runDir) => {
      if (name === '..') cpSync(runDir, join(runDir, '../../locked/run'), { recursive: true });
    });
    execFileSync('chown', ['-R', '65534:65534', lab.outside]);
    chmodSync(name === '..' ? join(lab.base, 'locked') : join(lab.bad, name), 0);
    const list = expmanAsNobody('list', lab.base, '--json');
    expectHarmless(list);
    const runs = JSON.parse(list.stdout) as { runDir: string; status: string }[];
    expect(runs.map(({ runDir }) => runDir)).toContain(lab.good);
    for (const command of ['verify', 'recover']) {
      const end = expmanAsNobody(command, lab.base);
      expectHarmless(end);
      expect(end.stdout).toContain(lab.good);
    }
    chmodSync(name === '..' ? join(lab.base, 'locked') : join(lab.bad, name), 0o700);
  });
});

describe('in a process of its own', () => {
  const processes: Readonly<Record<string, (lab: Lab) => readonly string[]>> = {
    'nothing is asked': () => [],
    'a command that is a control sequence': () => ['\u001b[2J'],
    'an option that is one': () => ['list', '--\u001b[2J'],
    'a folder that is one': ({ outside }) => ['list', join(outside, '\u001b]0;x\u0007')],
    'a run that is one, with its stack': ({ outside }) => ['inspect', join(outside, '\u009b2J'), '--json'],
    'a filter that is one': ({ base }) => ['list', base, '--where', '\u001b[2J = 1'],
    'SQL that reads elsewhere': ({ base, outside }) => [
      'query',
      base,
      `SELECT * FROM read_text('${outside}/canary')`,
    ],
    'SQL that writes elsewhere': ({ base, outside }) => ['query', base, `COPY (SELECT 1) TO '${outside}/x'`],
    'SQL that is a control sequence': ({ base }) => ['query', base, 'SELECT \u001b[2J'],
    'a format that is one': ({ bad, outside }) => [
      'export',
      bad,
      '-f',
      '\u001b[2J',
      '-o',
      join(outside, 'x'),
    ],
    'YAML that once ended the process': ({ base }) => ['list', base, '--json'],
    'a fifo to be followed': ({ bad }) => ['tail', '-f', bad],
    'a run to be verified': ({ bad }) => ['verify', bad],
  };
  it.each(Object.keys(processes))('%s', async (what) => {
    const lab = labWith((runDir) => {
      writeFileSync(join(runDir, 'config.yaml'), `${'- '.repeat(1000)}1\n# end\n`);
      rmSync(join(runDir, 'run.log'));
      execFileSync('mkfifo', [join(runDir, 'run.log')]);
    });
    const end = await expman(...(processes[what]?.(lab) ?? []));
    expectHarmless(end);
    expect(end.stdout).not.toContain('canary');
    await lab.expectGoodIsListed();
  });
});
