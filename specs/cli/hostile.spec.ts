import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { openExperiments, openRun, readMedia } from 'expman-rx/reader';
import { lastValueFrom } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExpmanError } from '../../dist/model/errors.js';
import { parseYaml, stringifyYaml } from '../../dist/storage/yaml-file.js';
import { type HandEntry, paxPath, tarGzOf, tarOf } from '../interop/archive/tar-by-hand.js';
import { amount } from '../support/amount.js';
import { type CliEnd, EXPMAN, expman } from '../support/cli.js';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';
import { FACTS, NAMES, PAYLOADS, YAML } from './hostile/inputs.js';
import { Lab, type Templates, expectHarmless, makeTemplates, seeded } from './hostile/lab.js';

const folder = tempFolders('hostile');
const keep = tempFolders('hostile-templates', afterAll);
let templates: Templates;
let inputs = 0;

beforeAll(async () => {
  templates = await makeTemplates(keep());
  // What is loaded once is no input's doing.
  const out = keep();
  for (const format of FORMATS)
    await expmanHere('export', templates.closed, '-f', format, '-o', join(out, format));
  for (const command of ['list', 'inspect', 'tail', 'verify', 'compare', 'plot'])
    await expmanHere(command, templates.closed);
});

const FORMATS = ['csv', 'json', 'ndjson', 'arrow', 'parquet', 'neptune', 'tensorboard'] as const;
const title = (text: string): string =>
  JSON.stringify(text)
    .replace(/[^ -~]/g, '.')
    .slice(0, 40);
const titled = (texts: readonly string[]): (readonly [string, string])[] =>
  texts.map((text) => [title(text), text]);

/** A lab whose bad run is what an input makes of a template. */
function labWith(spoil: (runDir: string, lab: Lab) => void, template: keyof Templates = 'closed'): Lab {
  inputs++;
  const lab = new Lab(folder(), templates[template], templates);
  spoil(lab.bad, lab);
  return lab.begin();
}

/** What anybody would do with a folder of experiments. */
async function lookAtAll(lab: Lab): Promise<void> {
  await lab.expectGoodIsListed();
  await lab.expman('list', lab.base, '--columns', 'params.lr,metrics.loss.min,notes,error');
  for (const command of ['inspect', 'tail', 'verify', 'plot', 'compare']) await lab.expman(command, lab.bad);
  await lab.expman('compare', lab.base, '--markdown', '--all');
  await lab.expman('inspect', lab.bad, '--json');
  await lab.expman('doctor', lab.base);
  await lab.expman('clean', lab.base, '--keep', '0');
  await lab.expman('export', lab.bad, '-f', 'json', '-o', join(lab.outside, 'out/a.json'));
}

/** The same for a program: a run is read, or refused with an error of ours. */
async function readAll(runDir: string): Promise<void> {
  try {
    const run = openRun(runDir);
    await run.metrics({ fromStep: 1, downsample: 10 });
    await run.logs({ last: 10 });
    for await (const row of run.rows()) expect(row.values).toBeDefined();
    await lastValueFrom(run.follow(), { defaultValue: null });
    await readMedia(runDir);
  } catch (error) {
    expect(error).toBeInstanceOf(ExpmanError);
  }
}

/** What changes a run, or tries to. */
async function mendAll(lab: Lab): Promise<void> {
  await lab.expman('tag', lab.bad, '--add', 'x');
  await lab.expman('archive', lab.bad, '-o', join(lab.outside, 'out/a.tar.gz'));
  await lab.expman('recover', lab.base);
  await lab.expman('clean', lab.base, '--keep', '1', '--force');
}

describe('a name nobody may have', () => {
  it.each(titled(NAMES))('as an argument: %s', async (_title, name) => {
    const lab = labWith(() => undefined);
    const source = join(lab.outside, 'out/run.json');
    const archive = join(lab.outside, 'out/run.tar.gz');
    await lab.expman('export', lab.good, '-f', 'json', '-o', source);
    await lab.expman('archive', lab.good, '-o', archive);
    const here = process.cwd();
    process.chdir(join(lab.outside, 'work'));
    try {
      for (const command of ['list', 'inspect', 'verify', 'export', 'tail', 'recover', 'doctor'])
        await lab.expman(command, '--', name);
      for (const option of ['--experiment', '--run-name']) {
        expect((await lab.expman('import', source, '--dir', lab.base, `${option}=${name}`)).exit).not.toBe(0);
        expect(
          (await lab.expman('unarchive', archive, '--dir', lab.base, `${option}=${name}`)).exit,
        ).not.toBe(0);
      }
      expect(readdirSync(lab.base)).toEqual(['exp']);
      expect(readdirSync(join(lab.base, 'exp')).sort()).toEqual(['bad', 'good']);
    } finally {
      process.chdir(here);
    }
  });

  const possible = NAMES.filter(
    (name) => !/[/\0]/.test(name) && !['', '.', '..'].includes(name) && Buffer.byteLength(name) < 256,
  );
  it.each(titled(possible))('as a run folder and an experiment on disk: %s', async (_title, name) => {
    inputs++;
    const lab = new Lab(folder(), templates.closed, templates, name);
    cpSync(templates.killed, join(lab.base, name, name), { recursive: true });
    lab.begin();
    await lookAtAll(lab);
    await mendAll(lab);
  });
});

describe('YAML to be afraid of', () => {
  const files = ['run.yaml', 'config.yaml', '../experiment.yaml', '../sweep.yaml'];
  it.each(files.flatMap((file) => Object.keys(YAML).map((name) => [file, name] as const)))(
    '%s: %s',
    async (file, name) => {
      const lab = labWith((runDir) => {
        writeFileSync(join(runDir, file), `${YAML[name] ?? ''}\n# end\n`, 'latin1');
      });
      if (file.startsWith('..')) await lab.expectGoodIsListed();
      else await lookAtAll(lab);
      for (const experiment of await openExperiments(lab.base, { cacheDir: null }).experiments())
        for (const read of [() => experiment.about(), () => experiment.sweep()])
          await read().catch((error: unknown) => {
            expect(error).toBeInstanceOf(ExpmanError);
          });
      await mendAll(lab);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  it.each(FACTS.map(([key, value], at) => [at, key, value] as const))(
    'run.yaml says of itself, %i: %s',
    async (_at, key, value) => {
      const lab = labWith((runDir) => {
        say(runDir, { [key]: value });
      });
      await lookAtAll(lab);
      await mendAll(lab);
    },
  );
});

/** Changes what a run.yaml says. */
function say(runDir: string, facts: object): void {
  const path = join(runDir, 'run.yaml');
  const file = parseYaml(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, stringifyYaml({ ...file, ...facts }));
}

describe('text that a terminal would obey', () => {
  it.each(titled(PAYLOADS))('in every text of run.yaml: %s', async (_title, text) => {
    const lab = labWith((runDir) => {
      const summary = { last: text, count: 1 };
      say(runDir, {
        ...{
          experiment: text,
          run: text,
          startedAt: text,
          endedAt: text,
          host: text,
          notes: text,
        },
        ...{
          tags: [text, text],
          group: text,
          error: { name: text, message: text },
          metrics: { [text]: summary },
        },
        ...{
          artifacts: { [text]: { bytes: 1, sha256: text } },
          degraded: { reason: text },
          environment: { [text]: text },
        },
      });
    });
    await lookAtAll(lab);
    await mendAll(lab);
  });

  it.each(titled(PAYLOADS))('in parameters and the log: %s', async (_title, text) => {
    const lab = labWith((runDir) => {
      writeFileSync(
        join(runDir, 'config.yaml'),
        stringifyYaml({ [text]: text, deep: { [text]: [text, { [text]: null }] } }),
      );
      appendFileSync(join(runDir, 'run.log'), `${text}\n2026-01-01T00:00:00.000Z error ${text}\n${text}`);
    });
    await lookAtAll(lab);
    await lab.expman('tail', lab.bad, '--level', text, '--grep', text, '--metrics', text);
    await lab.expman('list', lab.base, `--where=notes = "${text}"`, `--columns=${text}`);
    await lab.expman('plot', lab.bad, `--metric=${text}`);
    await lab.expman('note', lab.bad, '--', text);
    await mendAll(lab);
  });

  it.each(titled(PAYLOADS.filter((text) => text.length < 2000)))(
    'logged by a run itself: %s',
    async (_title, text) => {
      inputs++;
      const lab = new Lab(folder(), templates.closed, templates).begin();
      const run = new LoggingEngine(
        new ExperimentConfig('exp', lab.base, { runName: 'own', environment: false }),
      );
      run.logParams({ [text]: text });
      run.logMetrics({ [text]: text, [`${text}2`]: 1 }, 1);
      run.logger.error(text, { [text]: text });
      await run.close();
      rmSync(lab.bad, { recursive: true });
      renameSync(run.runDir, lab.bad);
      await lookAtAll(lab);
      await lab.expman('query', lab.base, 'SELECT m.*, l.* FROM metrics m, logs l LIMIT 50');
      // Two of the formats each, so that all see a few.
      for (const format of [FORMATS[inputs % FORMATS.length]!, FORMATS[(inputs + 3) % FORMATS.length]!]) {
        const out = join(lab.outside, 'out', format);
        await lab.expman('export', lab.bad, '-f', format, '-o', out);
        if (existsSync(out)) await lab.expman('import', out, '--dir', lab.base, '-f', format);
      }
    },
  );

  it.each(titled(PAYLOADS.filter((text) => Buffer.byteLength(text) < 200 && !/[\0/]/.test(text))))(
    'as the name of files: %s',
    async (_title, text) => {
      const lab = labWith((runDir) => {
        for (const path of ['', 'artifacts', 'media']) writeFileSync(join(runDir, path, text), 'x');
        writeFileSync(
          join(runDir, 'run.lock'),
          JSON.stringify({ pid: 1, startTicks: 1, bootId: text, host: text, epoch: 9, token: text }),
        );
      });
      await lookAtAll(lab);
      await mendAll(lab);
    },
  );
});

describe('a damaged file', () => {
  const random = seeded(6);
  const flips = (count: number): readonly number[] => Array.from({ length: count }, () => random(2 ** 22));

  it.each(flips(amount(8, 250)))('metrics.parquet with a byte changed, %i', async (at) => {
    await damaged('closed', 'metrics.parquet', (bytes) => {
      // Half of them in the footer, which is what everything rests on.
      const place = at % 2 === 0 ? at % bytes.length : bytes.length - 1 - (at % 2000);
      bytes[Math.max(0, place)]! ^= 1 << (at % 8);
      return bytes;
    });
  });

  it.each(flips(amount(4, 100)))('metrics.parquet cut off, %i', async (at) => {
    await damaged('closed', 'metrics.parquet', (bytes) => bytes.subarray(0, at % bytes.length));
  });

  it.each([0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])(
    'metrics.parquet with a footer of %i bytes',
    async (length) => {
      await damaged('closed', 'metrics.parquet', (bytes) => {
        bytes.writeUInt32LE(length, bytes.length - 8);
        return bytes;
      });
    },
  );

  it.each(flips(amount(8, 250)))('a write-ahead log with a byte changed, %i', async (at) => {
    await damaged('killed', 'wal', (bytes) => {
      bytes[at % bytes.length]! ^= 1 << (at % 8);
      return bytes;
    });
  });

  it.each(flips(amount(4, 100)))('a write-ahead log cut off, %i', async (at) => {
    await damaged('killed', 'wal', (bytes) => bytes.subarray(0, at % bytes.length));
  });

  it.each(flips(amount(4, 80)))('a write-ahead log with absurd lengths, %i', async (at) => {
    await damaged('killed', 'wal', (bytes) => {
      bytes.writeUInt32LE(0xffffffff - (at % 3), (at * 4) % (bytes.length - 4));
      return bytes;
    });
  });

  const locks = [
    '',
    '{',
    '[]',
    'null',
    '{"pid":1e999}',
    '{"pid":-1,"host":"x","epoch":0,"token":"t"}',
    '\0'.repeat(4096),
    'x'.repeat(100_000),
    '{"pid":1,"host":"\\u001b[2J","epoch":9007199254740991,"token":"\\u009b"}',
  ];
  it.each(locks.map((text, at) => [at, text] as const))('run.lock, %i', async (_at, text) => {
    await damaged('killed', 'run.lock', () => Buffer.from(text));
  });

  const logs = [
    '\0'.repeat(100_000),
    'x'.repeat(5_000_000),
    '\n'.repeat(200_000),
    '\u001b[2J'.repeat(10_000),
    '2026-01-01T00:00:00.000Z info {"a":',
    '999999-99-99T99:99:99Z error x',
    '\ud800\udfff\n',
    '{"'.repeat(50_000),
  ];
  it.each(logs.map((text, at) => [at, text] as const))('run.log, %i', async (_at, text) => {
    await damaged('closed', 'run.log', () => Buffer.from(`${text}\n`));
  });

  const manifests = [
    '',
    '{',
    '{"path":"../../../canary"}',
    '{"name":"a","step":1,"type":"image","path":"/etc/passwd","sha256":"x","bytes":1}',
    '[]\nnull\n1',
    '{"name":"\\u001b[2J"}',
    'x'.repeat(3_000_000),
  ];
  it.each(manifests.map((text, at) => [at, text] as const))(
    'media/manifest.ndjson, %i',
    async (_at, text) => {
      await damaged('closed', 'media/manifest.ndjson', () => Buffer.from(`${text}\n`));
    },
  );

  it.each([
    'run.yaml',
    'config.yaml',
    'run.log',
    'metrics.parquet',
    'run.lock',
    'wal',
    'media/manifest.ndjson',
  ])('%s of 40 GB without a byte in it', async (name) => {
    const lab = labWith(
      (runDir) => {
        const path = join(runDir, nameIn(runDir, name));
        if (!existsSync(path)) writeFileSync(path, '');
        truncateSync(path, 40e9);
      },
      name === 'wal' ? 'killed' : 'closed',
    );
    await lab.expectGoodIsListed();
    for (const command of ['inspect', 'tail', 'verify', 'recover']) await lab.expman(command, lab.bad);
  });

  async function damaged(
    template: keyof Templates,
    name: string,
    damage: (bytes: Buffer) => Uint8Array,
  ): Promise<void> {
    const lab = labWith((runDir) => {
      const path = join(runDir, nameIn(runDir, name));
      writeFileSync(path, damage(existsSync(path) ? readFileSync(path) : Buffer.alloc(0)));
      age(path);
    }, template);
    await lookAtAll(lab);
    await readAll(lab.bad);
    await lab.expman('tail', lab.bad, '-f');
    await mendAll(lab);
  }
});

/** A lock that is not new is nobody's who lives. */
const age = (path: string): void => {
  lutimesSync(path, new Date(0), new Date(0));
};

const nameIn = (runDir: string, name: string): string =>
  name === 'wal' ? (readdirSync(runDir).find((each) => each.startsWith('wal-')) ?? 'wal-0-0.log') : name;

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

describe('an archive', () => {
  const run = (): HandEntry[] => [
    { path: 'exp/r/run.yaml', body: readFileSync(join(templates.closed, 'run.yaml')) },
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

describe.skipIf(process.platform === 'win32')('what nobody may read', () => {
  // Root may read everything: then it is looked at by a user who may not.
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
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
