import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { readMedia } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { expmanHere as expman } from '../support/cli-here.js';
import { changeRunYaml } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';
import { json, runOf } from './three-runs.js';

const folder = tempFolders('inspecting');

/** The lines of the table with that heading, up to the next empty line. */
async function table(runDir: string, heading: string): Promise<string[]> {
  const lines = (await expman('inspect', runDir)).stdout.split('\n');
  const from = lines.findIndex((line) => new RegExp(`^ {2}${heading}(?: |$)`).test(line));
  return from < 0 ? [] : lines.slice(from, lines.indexOf('', from));
}

describe('expman inspect', () => {
  it('shows parameters by their dotted paths, with all their digits', async () => {
    const runDir = await runOf(folder(), 'r', (run) => {
      run.logParams({ lr: 0.1234567890123, net: { layers: [2, 3], name: 'mlp', opts: {} } });
      run.logParams({ huge: 2n ** 70n, zero: -0, none: null, empty: '', on: true });
    });
    expect(await table(runDir, 'param')).toEqual([
      '  param       value',
      '  lr          0.1234567890123',
      '  net.layers  [2,3]',
      '  net.name    mlp',
      '  net.opts    {}',
      '  huge        1180591620717411303424',
      '  zero        -0',
      '  none        null',
      '  empty       ""',
      '  on          true',
    ]);
  });

  it('cuts a long value visibly', async () => {
    const runDir = await runOf(folder(), 'r', (run) => {
      run.logParams({
        text: 'x'.repeat(201),
        list: Array.from({ length: 300 }, () => 1),
        short: 'x'.repeat(200),
      });
      run.logParams({ ['n'.repeat(65)]: 1 });
    });
    expect((await table(runDir, 'param')).map((line) => line.trim().replace(/ +/, ' '))).toEqual([
      'param value',
      `text ${'x'.repeat(199)}…`,
      `list [${'1,'.repeat(99)}…`,
      `short ${'x'.repeat(200)}`,
      `${'n'.repeat(63)}… 1`,
    ]);
  });

  it('shows the artifacts, with the beginning of their hashes', async () => {
    const runDir = await runOf(folder(), 'r', (run) =>
      run.saveArtifact('model.txt', Buffer.from('weights'.repeat(200))),
    );
    const hash = createHash('sha256').update('weights'.repeat(200)).digest('hex').slice(0, 12);
    expect(await table(runDir, 'artifact')).toEqual([
      '  artifact   bytes  sha256',
      `  model.txt  1,400  ${hash}…`,
    ]);
  });

  it('shows the media by name and kind: their number, last step and bytes', async () => {
    const runDir = await runOf(folder(), 'r', (run) => {
      for (const step of [0, 12, 7]) run.logTable('worst', [{ id: step }], step);
      run.logMedia('worst', Buffer.from('abc'));
    });
    const bytes = (await readMedia(runDir)).flatMap((file) => (file.kind === 'table' ? [file.bytes] : []));
    expect(await table(runDir, 'media')).toEqual([
      '  media  kind   files  last step  bytes',
      `  worst  table      3         12  ${String(bytes.reduce((sum, each) => sum + each, 0)).padStart(5)}`,
      '  worst  media      1                 3',
    ]);
  });

  it('shows the environment: memory in words, arguments as they would be typed', async () => {
    const runDir = await runOf(folder(), 'r', () => undefined);
    changeRunYaml(runDir, {
      ...{ pid: 42, host: 'box' },
      environment: {
        ...{ node: 'v20.20.2', runtime: 'bun 1.3.4', platform: 'linux', memoryBytes: 25_300_000_000 },
        ...{ hostname: 'box', cpus: { count: 8, model: 'A CPU' }, argvLeftOut: 3 },
        argv: ['train.ts', '--name', "it's new", '--lr=0.1', ''],
        git: { commit: 'c0ffee', branch: 'main', dirty: true },
      },
    });
    expect(await table(runDir, 'environment')).toEqual([
      '  environment',
      '  pid          42',
      '  host         box',
      '  node         v20.20.2',
      '  runtime      bun 1.3.4',
      '  platform     linux',
      '  memoryBytes  25.3 GB',
      '  cpus.count   8',
      '  cpus.model   A CPU',
      '  argvLeftOut  3',
      String.raw`  argv         train.ts --name 'it'\''s new' --lr=0.1 ''`,
      '  git.commit   c0ffee',
      '  git.branch   main',
      '  git.dirty    true',
    ]);
  });

  it('shows the environment of this machine', async () => {
    const run = new LoggingEngine(new ExperimentConfig('exp', folder()));
    const { runDir } = await run.close();
    expect(await table(runDir, 'environment')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(`^  pid +${process.pid}$`),
        expect.stringMatching(`^  node +${process.version}$`),
        expect.stringMatching(/^ {2}memoryBytes +[\d.]+ GB$/),
        expect.stringMatching(/^ {2}argv +\S/),
      ]),
    );
  });

  it('shows when the run was resumed, the newest time first', async () => {
    const runDir = await runOf(folder(), 'r', (run) => {
      for (let step = 0; step < 10; step++) run.logMetrics({ loss: step }, step);
    });
    const resumed = new LoggingEngine(
      new ExperimentConfig('exp', join(runDir, '../..'), {
        ...{ environment: false, runName: 'r', resume: 'must', fromStep: 4 },
      }),
    );
    resumed.logMetrics({ loss: 0 }, 4);
    await resumed.close();
    const [first] = (json(await expman('inspect', runDir, '--json')) as Inspected).identity.resumed;
    changeRunYaml(runDir, {
      resumed: [first, { at: '2030-01-01T00:00:00.000Z', from: 'FAILED', step: null }],
    });
    expect(await table(runDir, 'resumed')).toEqual([
      '  resumed                   status before  last step  from step',
      '  2030-01-01T00:00:00.000Z  FAILED',
      `  ${first?.at ?? ''}  FINISHED       9          4`,
    ]);
  });

  it('shows each loss and its place', async () => {
    const runDir = await runOf(folder(), 'r', (run) => run.logMetrics({ loss: 1 }, 0));
    changeRunYaml(runDir, {
      losses: [
        { epoch: 0, firstRecord: 1200, records: 12, calls: 9, others: 3, file: 'wal-0-1.log' },
        { epoch: 1, firstRecord: 5, records: 4, calls: 4, atMost: true, file: 'wal-1-0.log' },
      ],
      counts: { rows: 1, accepted: 20, lost: 20 },
    });
    expect(await table(runDir, 'lost in')).toEqual([
      '  lost in           epoch  first record  records      calls  other records',
      '  an unknown place                             7          7              0',
      '  wal-0-1.log           0         1,200       12          9              3',
      '  wal-1-0.log           1             5        4  at most 4              0',
    ]);
  });

  it('shows the last step, the exit code, and why rows are not where they should be', async () => {
    const runDir = await runOf(folder(), 'r', (run) => run.logMetrics({ loss: 1 }, 2n ** 60n));
    const degraded = { code: 'WRITE_FAILED', message: 'disk full', since: '2030-01-01T00:00:00.000Z' };
    changeRunYaml(runDir, { exitCode: 3, degraded });
    const { stdout } = await expman('inspect', runDir);
    expect(
      stdout.split('\n').filter((line) => /^ {2}(?:uuid|last step|exit code|degraded) /.test(line)),
    ).toEqual([
      expect.stringMatching(/^ {2}uuid {11}[0-9a-f]{32}$/),
      '  last step      1152921504606846976',
      '  exit code      3',
      '  degraded       WRITE_FAILED: disk full (since 2030-01-01T00:00:00.000Z)',
    ]);
  });

  it('shows no section that a run has nothing for', async () => {
    const runDir = await runOf(folder(), 'r', () => undefined);
    const { stdout } = await expman('inspect', runDir);
    expect(stdout.split('\n').filter((_, at, lines) => lines[at - 1] === '')).toEqual([
      '  environment',
      expect.stringMatching(/^ {2}file +bytes$/),
    ]);
  });

  it('shows 40 of each kind, and says how many more there are', async () => {
    const names = Array.from({ length: 45 }, (_, at) => `n${at}`);
    const of = <T>(value: T): Record<string, T> => Object.fromEntries(names.map((name) => [name, value]));
    const runDir = await runOf(folder(), 'r', (run) => {
      run.logParams(of(1));
      run.logMetrics(of(1), 0);
      for (const name of names) run.logTable(name, [{ id: 1 }], 0);
    });
    changeRunYaml(runDir, {
      artifacts: of({ bytes: 1, sha256: '0'.repeat(64) }),
      resumed: names.map((at) => ({ at, from: 'FAILED', step: 1 })),
      losses: names.map((file, at) => ({ epoch: at, firstRecord: 1, records: 1, calls: 1, file })),
      environment: of('x'),
    });
    for (const name of names) writeFileSync(join(runDir, name), '');
    const more = {
      ...{ param: 5, metric: 5, artifact: 5, media: 5, resumed: 5, 'lost in': 5 },
      // The process and its host, and the files of any run, are among them.
      ...{ environment: 7, file: 8 },
    };
    for (const [heading, left] of Object.entries(more)) {
      const lines = await table(runDir, heading);
      expect(lines).toHaveLength(42);
      expect(lines.at(-1)).toBe(`  … and ${left} more`);
    }
  });

  it('prints nothing of names and values that a terminal would obey', async () => {
    const evil = '\u001b]0;x\u0007\u202e';
    const runDir = await runOf(folder(), 'r', (run) => {
      run.logParams({ [evil]: evil, list: [evil] });
      run.logTable('worst', [{ id: 1 }], 0);
    });
    const manifest = join(runDir, 'media/manifest.ndjson');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"worst"', JSON.stringify(evil)));
    changeRunYaml(runDir, {
      artifacts: { [evil]: { bytes: 1, sha256: evil } },
      resumed: [{ at: evil, from: evil, step: 1 }, evil, 7, null, { at: { toString: 1 }, step: [evil] }],
      losses: [{ epoch: 0, firstRecord: 1, records: 1, calls: 1, file: evil }],
      environment: { [evil]: evil, argv: [evil, { toString: evil }], memoryBytes: evil },
      degraded: { code: evil, message: evil, since: evil },
    });
    const { exit, stdout, stderr } = await expman('inspect', runDir);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]|\[object/);
    expect(stdout.split(String.raw`\u001b]0;x\u0007\u202e`).length - 1).toBe(18);
  });

  it('has the media as JSON, as readMedia gives them', async () => {
    const runDir = await runOf(folder(), 'r', (run) => {
      run.logTable('worst', [{ id: 1 }], 3);
    });
    expect((json(await expman('inspect', runDir, '--json')) as Inspected).media).toEqual(
      await readMedia(runDir),
    );
  });

  it('shows all else of a run whose list of media cannot be read, and ends with 2', async () => {
    const runDir = await runOf(folder(), 'r', (run) => {
      run.logParams({ lr: 1 });
      run.logTable('worst', [{ id: 1 }], 3);
    });
    const manifest = join(runDir, 'media/manifest.ndjson');
    rmSync(manifest);
    mkdirSync(manifest);
    const { exit, stdout, stderr } = await expman('inspect', runDir);
    expect(exit).toBeGreaterThan(1);
    expect(stdout).toContain('  param  value\n  lr     1\n');
    expect(stderr).toMatch(/^expman: left out: .*exp\/r\/media: [A-Z]+: .*manifest\.ndjson.*\n$/);
    expect((json(await expman('inspect', runDir, '--json')) as Inspected).media).toBeNull();
  });
});

interface Inspected {
  readonly identity: { readonly resumed: readonly { readonly at: string }[] };
  readonly media: unknown;
}
