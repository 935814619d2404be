import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type HandEntry, paxPath, tarGzOf, tarOf } from '../../interop/archive/tar-by-hand.js';
import { Lab, seeded } from './lab.js';
import { FORMATS, hostileLabs } from './labs.js';
import { title } from './looks.js';

const { labWith, templates } = hostileLabs();

describe('an archive', () => {
  const run = (): HandEntry[] => [
    { path: 'exp/r/run.yaml', body: readFileSync(join(templates().closed, 'run.yaml')) },
  ];
  const hostile: Readonly<Record<string, () => Buffer>> = {
    ...Object.fromEntries(
      [
        '../x',
        '/abs',
        'exp/r/../../x',
        'exp/r/a\\..\\x',
        'C:/x',
        'exp/r/\u001b[2J',
        'exp/r/a\nb',
        'exp//r/x',
        './exp/r/x',
        'exp/r/CON',
        'a/b/c/d/e',
        'exp',
        'exp/../../run.yaml',
        'exp/r/é\u202e',
      ].map((path) => [`a file ${title(path)}`, () => tarGzOf([...run(), { path, body: 'x' }])]),
    ),
    ...Object.fromEntries(
      ['1', '2', '3', '4', '6', '7', 'S', 'x', 'g', 'L', 'V', '\0', 'Z'].map((type) => [
        `a member of type ${title(type)}`,
        () => tarGzOf([...run(), { path: 'exp/r/artifacts/a', type, link: '../../../canary' }]),
      ]),
    ),
    'a link and then a file through it': () =>
      tarGzOf([
        ...run(),
        { path: 'exp/r/artifacts', type: '2', link: '../../..' },
        { path: 'exp/r/artifacts/canary', body: 'x' },
      ]),
    'a path of 100 kB': () =>
      tarGzOf([...run(), paxPath(`exp/r/${'x'.repeat(100_000)}`), { path: 'x', body: 'x' }]),
    'a path by pax': () => tarGzOf([...run(), paxPath('exp/r/../../../x'), { path: 'exp/r/a', body: 'x' }]),
    'an absurd size': () => tarGzOf([...run(), { path: 'exp/r/a', size: 0o77777777777 }]),
    'a member twice': () => tarGzOf([...run(), ...run()]),
    'two runs': () => tarGzOf([...run(), { path: 'exp/s/run.yaml', body: 'x' }]),
    'no run': () => tarGzOf([{ path: 'exp/r/x', body: 'x' }]),
    nothing: () => Buffer.alloc(0),
    'no gzip': () => tarOf(run()),
    'garbage behind it': () => Buffer.concat([tarGzOf(run()), Buffer.from('garbage')]),
    'a half': () => tarGzOf(run()).subarray(0, 200),
    'a bomb': () => gzipSync(Buffer.alloc(50_000_000)),
    'YAML to be afraid of': () =>
      tarGzOf([{ path: 'exp/r/run.yaml', body: `${'- '.repeat(1000)}1\n# end\n` }]),
  };
  it.each(Object.keys(hostile))('with %s', async (what) => {
    const lab = labWith((_runDir, { outside }) => {
      mkdirSync(join(outside, 'out'));
      writeFileSync(join(outside, 'out/a.tar.gz'), hostile[what]?.() ?? '');
    });
    const { exit } = await lab.expman(
      'unarchive',
      join(lab.outside, 'out/a.tar.gz'),
      '--dir',
      lab.base,
      '--run-name',
      'new',
    );
    const places = readdirSync(lab.base, { recursive: true, encoding: 'utf8' });
    if (exit !== 0) expect(places.filter((path) => !/^exp(\/(good|bad)(\/|$)|$)/.test(path))).toEqual([]);
    await lab.expectGoodIsListed();
    if (exit === 0) await lab.expman('verify', join(lab.base, 'exp/new'));
  });
});

describe('a file of another tool', () => {
  const random = seeded(9);
  const shots = FORMATS.flatMap((format) =>
    Array.from({ length: 8 }, () => [format, random(2 ** 22)] as const),
  );
  it.each(shots)('%s, damaged (%i)', async (format, at) => {
    const lab = labWith(() => undefined);
    const out = join(lab.outside, 'out', format);
    await lab.expman('export', lab.good, '-f', format, '-o', out);
    for (const path of filesAt(out)) {
      const bytes = readFileSync(path);
      const place = at % Math.max(1, bytes.length);
      if (at % 4 === 0) writeFileSync(path, bytes.subarray(0, place));
      else if (at % 4 === 1 && place + 4 < bytes.length) bytes.writeUInt32LE(0xfffffff0, place);
      else if (bytes.length > 0) bytes[place]! ^= 1 << (at % 8);
      if (at % 4 !== 0) writeFileSync(path, bytes);
    }
    await importBoth(lab, out, format);
  });

  const texts: readonly (readonly [string, string])[] = [
    ['csv', `step,${'a,'.repeat(20_000)}\n1,2`],
    ['csv', '"unclosed'.repeat(1000)],
    ['csv', '\ufeffstep,\u001b[2J,=cmd()\n1,2,3\n'],
    ['csv', 'step,a\n9223372036854775808,1e999\n-1,\n,,,,,\n'],
    ['csv', `step,a\n1,"${'x'.repeat(3_000_000)}"`],
    ['json', '['.repeat(100_000)],
    ['json', '{"__proto__":{"polluted":1},"rows":[]}'],
    ['json', '{"rows":[{"step":"\\u001b[2J"}]}'],
    ['json', `{"a":"${'x'.repeat(3_000_000)}`],
    ['ndjson', '{}\nnull\n[]\n1\n"\\u001b[2J"\n'],
    ['ndjson', '{"step":1e999,"a":'.repeat(1000)],
    ['ndjson', '\0'.repeat(100_000)],
    ['arrow', 'ARROW1\0\0\xff\xff\xff\xff\xff\xff\xff\x7f'],
    ['arrow', 'ARROW1\0\0\xff\xff\xff\x7fARROW1'],
    ['parquet', 'PAR1\xff\xff\xff\x7fPAR1'],
    ['parquet', 'PAR1\0\0\0\0PAR1'],
    ['tensorboard', '\xff\xff\xff\xff\xff\xff\xff\x7f\0\0\0\0'],
    ['tensorboard', '\0'.repeat(100_000)],
    ['neptune', 'PAR1PAR1'],
  ];
  it.each(texts.map(([format, text], at) => [at, format, text] as const))(
    'made up, %i: %s',
    async (_at, format, text) => {
      const lab = labWith((_runDir, { outside }) => {
        mkdirSync(join(outside, 'out/f'), { recursive: true });
        const name =
          format === 'tensorboard'
            ? 'events.out.tfevents.1.host'
            : `a.${format === 'neptune' ? 'parquet' : format}`;
        writeFileSync(join(outside, 'out/f', name), text, 'latin1');
      });
      await importBoth(lab, join(lab.outside, 'out/f'), format);
      for (const path of filesAt(join(lab.outside, 'out/f'))) await importBoth(lab, path, format);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  /** Told by itself, and told which format it is. */
  async function importBoth(lab: Lab, path: string, format: string): Promise<void> {
    await lab.expman('import', path, '--dir', lab.base);
    await lab.expman('import', path, '--dir', lab.base, '-f', format);
    await lab.expectGoodIsListed();
    await lab.expman('list', lab.base);
  }

  const filesAt = (path: string): string[] =>
    statSync(path).isFile()
      ? [path]
      : readdirSync(path, { recursive: true, withFileTypes: true, encoding: 'utf8' })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name));
});
