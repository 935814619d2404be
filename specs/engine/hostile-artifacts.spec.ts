import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from '../../src/index.js';
import { openArtifacts } from '../../src/reader/index.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('hostile-artifacts');
const open = (base = folder()): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false }));
const baseOf = (run: LoggingEngine): string => join(run.runDir, '..', '..');
const SHA = 'a'.repeat(64);
const refusal = (code: string): unknown => expect.objectContaining({ name: 'ExpmanError', code });

describe('names of artifacts', () => {
  it('are refused where they are no plain names', async () => {
    const run = open();
    const bad: unknown[] = [
      '',
      '.',
      '..',
      '../m',
      'a/b',
      'a\\b',
      '.artifacts',
      'm:v1',
      'CON',
      'x'.repeat(129),
      'm\n',
      'm\u202e',
      'é',
      null,
      7,
      {},
    ];
    for (const name of bad)
      await expect(run.logArtifact(name as string, { w: { text: '' } }), String(name)).rejects.toEqual(
        refusal('INVALID_NAME'),
      );
    expect(existsSync(join(baseOf(run), '.artifacts'))).toBe(false);
    await run.logArtifact('Model', { w: { text: '' } });
    await expect(run.logArtifact('model', { w: { text: '' } })).rejects.toThrow(
      /there is an artifact Model, whose name differs from model only in case/,
    );
    await run.close();
  });

  it('are refused in references to versions, and so are aliases', async () => {
    const run = open();
    await run.logArtifact('m', { w: { text: '' } });
    for (const ref of [
      '',
      ':',
      'm:',
      ':v1',
      'm:v0',
      'm:v01',
      'm:V1',
      'm:v1:v2',
      'm:../../x',
      'm:v9999999999999999',
      '../m:v1',
      'm:a/b',
      null,
      3,
    ])
      await expect(run.useArtifact(ref as string), String(ref)).rejects.toEqual(refusal('INVALID_NAME'));
    for (const alias of ['latest', 'v1', 'V7', '', '..', 'a:b', '__proto__', 'a b'])
      await expect(run.logArtifact('m', { w: { text: 'x' } }, { aliases: [alias] }), alias).rejects.toEqual(
        refusal('INVALID_NAME'),
      );
    for (const ref of ['m:v2', 'm:none', 'constructor', 'toString:v1'])
      await expect(run.useArtifact(ref), ref).rejects.toEqual(refusal('ARTIFACT_NOT_FOUND'));
    await run.close();
  });
});

describe('files of artifacts', () => {
  it('are refused where their paths lead out, or two of them would be one', async () => {
    const run = open();
    for (const path of [
      '../w',
      '/w',
      'C:/w',
      'a/../../w',
      'a\\b',
      'w\0',
      'w\n',
      '',
      '.',
      'a/',
      'w\u2028',
      'x'.repeat(256),
    ])
      await expect(run.logArtifact('m', { [path]: { text: '' } }), JSON.stringify(path)).rejects.toEqual(
        refusal('INVALID_NAME'),
      );
    for (const paths of [
      ['w', 'W'],
      ['a', 'a/b'],
      ['A/c', 'a'],
      ['\u00e9', 'e\u0301'],
      ['w', './w'],
    ])
      await expect(
        run.logArtifact('m', Object.fromEntries(paths.map((path) => [path, { text: '' }]))),
        paths.join(),
      ).rejects.toEqual(refusal('INVALID_VALUE'));
    await run.close();
    expect(await openArtifacts(baseOf(run)).list()).toMatchObject([]);
  });

  it('are refused where they are no files', async () => {
    const run = open();
    const from = folder();
    for (const files of [
      {},
      [],
      null,
      undefined,
      7,
      'none',
      Uint8Array.of(1),
      { text: 'x' },
      { json: 1 },
      { url: 'https://h/x', sha256: SHA },
      { w: 7 },
      { w: null },
      { w: { json: () => 1 } },
      ['a/x', 'b/x'],
      [7],
      { w: '' },
      'nul\0',
    ])
      await expect(run.logArtifact('m', files as never)).rejects.toMatchObject({ name: 'ExpmanError' });
    mkdirSync(join(from, 'out'));
    symlinkSync('/etc/passwd', join(from, 'out/link'));
    await expect(run.logArtifact('m', join(from, 'out'))).rejects.toThrow(
      /out[/\\]link is a link, which is not followed in a folder/,
    );
    rmSync(join(from, 'out/link'));
    if (process.platform !== 'win32') {
      execFileSync('mkfifo', [join(from, 'out/pipe')]);
      await expect(run.logArtifact('m', join(from, 'out'))).rejects.toThrow(/is a device, pipe or socket/);
      await expect(run.logArtifact('m', join(from, 'out/pipe'))).rejects.toEqual(
        refusal('ARTIFACT_NOT_FOUND'),
      );
    }
    await run.close();
  });
});

describe('addresses of references', () => {
  it('are refused where they are code, no places, or hold secrets, which no message repeats', async () => {
    const run = open();
    const bad = [
      'javascript://h/%0aalert(1)',
      'data:text/plain,x',
      'blob:https://h/x',
      'h/x',
      '/etc/passwd',
      'https:',
      'https://',
      'https://h/a b',
      'https://h/\u202e',
      'https://h/\n',
      `https://h/${'x'.repeat(2048)}`,
      7,
      null,
    ];
    const secret = [
      'https://ada:hunter2@h/x',
      'https://h/x?token=hunter2',
      'https://b.s3.amazonaws.com/k?X-Amz-Signature=hunter2',
      'https://h/x?sig=hunter2',
    ];
    for (const url of [...bad, ...secret]) {
      const failed = run.logArtifact('m', { w: { url: url as string, sha256: SHA } });
      await expect(failed, String(url)).rejects.toEqual(refusal('INVALID_VALUE'));
      await failed.catch((error: unknown) =>
        expect(JSON.stringify([String(error), error])).not.toContain('hunter2'),
      );
    }
    for (const [sha256, bytes] of [
      ['A'.repeat(64)],
      ['a'.repeat(63)],
      [7],
      [undefined],
      [SHA, -1],
      [SHA, 1.5],
      [SHA, '1'],
    ])
      await expect(
        run.logArtifact('m', { w: { url: 'https://h/x', sha256, bytes } as never }),
      ).rejects.toEqual(refusal('INVALID_VALUE'));
    for (const url of [
      'https://h/x?part=1',
      's3://bucket/a/b',
      'gs://b/k',
      'file:///data/x',
      'hf://datasets/a/b',
    ])
      expect((await run.logArtifact('m', { w: { url, sha256: SHA } })).files[0]?.url).toBe(url);
    await run.close();
    const log = readFileSync(join(run.runDir, 'run.log'), 'utf8');
    expect(log).not.toContain('hunter2');
  });
});

describe('a folder of artifacts from a stranger', () => {
  /** An artifact m whose first manifest is changed. */
  async function forged(
    change: (manifest: Record<string, unknown>, files: Record<string, unknown>[]) => unknown,
  ): Promise<string> {
    const run = open();
    await run.logArtifact('m', { w: { text: 'w' }, z: { text: 'z' } });
    await run.close();
    const path = join(baseOf(run), '.artifacts/names/m/v1.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const files = manifest['files'] as Record<string, unknown>[];
    const given = change(manifest, files);
    const list = (Array.isArray(manifest['files']) ? manifest['files'] : []) as Record<string, unknown>[];
    // The digest is right: anyone who forges one can compute it.
    const lines = list.map(
      ({ sha256, bytes, url, path: name }) =>
        `${[sha256, bytes ?? '-', url ?? '-', name].map(String).join(' ')}\n`,
    );
    manifest['digest'] = createHash('sha256').update(lines.join('')).digest('hex');
    unlinkSync(path);
    writeFileSync(path, typeof given === 'string' ? given : JSON.stringify(manifest));
    return baseOf(run);
  }

  it('writes nowhere but into the folder that is asked for', async () => {
    const outside = folder();
    for (const path of [
      '../../evil',
      join(outside, 'evil'),
      'a/../../evil',
      'C:\\evil',
      '..',
      'a//b',
      './evil',
      'evil\0',
      '\u202evil',
    ]) {
      const artifacts = openArtifacts(await forged((_, [first]) => void (first!['path'] = path)));
      await expect(artifacts.open('m:v1'), JSON.stringify(path)).rejects.toEqual(refusal('CORRUPT'));
    }
    expect(readdirSync(outside)).toEqual([]);
  });

  it('gives typed errors for anything that no writer writes', async () => {
    const changes: ((manifest: Record<string, unknown>, files: Record<string, unknown>[]) => unknown)[] = [
      () => '',
      () => '[]',
      () => 'null',
      () => '{"format":1}',
      () => '['.repeat(100_000),
      () => '{"__proto__":{"format":1,"name":"m"}}',
      (manifest) => void (manifest['name'] = 'other'),
      (manifest) => void (manifest['type'] = '\u001b[31m'),
      (manifest) => void (manifest['files'] = []),
      (manifest) => void (manifest['files'] = { length: 1 }),
      (manifest) => void (manifest['aliases'] = ['latest']),
      (manifest) => void (manifest['createdBy'] = { run: 7 }),
      (manifest, files) => void (manifest['files'] = [...files, ...files]),
      (_, [first]) => void (first!['sha256'] = '../../../../etc/passwd'),
      (_, [first]) => void (first!['bytes'] = -1),
      (_, [first]) => void (first!['bytes'] = 1e300),
      (_, [first]) => void (first!['url'] = 'javascript:alert(1)'),
    ];
    for (const change of changes) {
      const artifacts = openArtifacts(await forged(change));
      await expect(artifacts.open('m:v1'), String(change)).rejects.toEqual(refusal('CORRUPT'));
      expect((await artifacts.list())[0]?.problems, String(change)).toHaveLength(1);
      expect((await artifacts.verify()).problems, String(change)).not.toHaveLength(0);
    }
  });

  it('does not follow links, whatever they replace', async () => {
    if (process.platform === 'win32') return;
    const secret = join(folder(), 'secret');
    writeFileSync(secret, 'w');
    const base = await forged(() => undefined);
    const artifacts = openArtifacts(base);
    const { files } = await artifacts.open('m:v1');
    const sha256 = files[0]?.sha256 ?? '';
    const blob = join(base, '.artifacts/blobs/sha256', sha256.slice(0, 2), sha256);
    unlinkSync(blob);
    symlinkSync(secret, blob);
    await expect((await artifacts.open('m:v1')).read('w')).rejects.toEqual(refusal('CORRUPT'));
    const names = join(base, '.artifacts/names');
    symlinkSync(folder(), join(names, 'linked'));
    expect((await artifacts.list()).map(({ name, problems }) => [name, problems.length])).toContainEqual([
      'linked',
      1,
    ]);
    const run = open(base);
    await expect(run.logArtifact('linked', { w: { text: '' } })).rejects.toEqual(refusal('INVALID_NAME'));
    rmSync(join(base, '.artifacts'), { recursive: true });
    const elsewhere = folder();
    symlinkSync(elsewhere, join(base, '.artifacts'));
    await expect(run.logArtifact('m', { w: { text: '' } })).rejects.toEqual(refusal('INVALID_NAME'));
    expect(readdirSync(elsewhere)).toEqual([]);
    await run.close();
  });

  it('cannot make a content out of another', async () => {
    const base = await forged((_, [first, second]) => void (first!['sha256'] = second!['sha256']));
    const version = await openArtifacts(base).open('m:v1');
    expect(Buffer.from(await version.read('w')).toString()).toBe('z'); // What the manifest says, and checked.
    const large = await forged((_, [first]) => void (first!['bytes'] = 2 ** 50));
    await expect((await openArtifacts(large).open('m:v1')).read('w')).rejects.toEqual(
      refusal('INVALID_VALUE'),
    );
    await expect((await openArtifacts(large).open('m:v1')).checkout(folder())).rejects.toEqual(
      refusal('CORRUPT'),
    );
  });
});
