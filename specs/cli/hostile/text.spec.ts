import { appendFileSync, cpSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { openExperiments } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { ExpmanError } from '../../../dist/modules/model/errors.js';
import { stringifyYaml } from '../../../dist/modules/storage/yaml-file.js';
import { changeRunYaml } from '../../support/read-back.js';
import { FACTS, NAMES, PAYLOADS, YAML } from './inputs.js';
import { Lab } from './lab.js';
import { FORMATS, hostileLabs } from './labs.js';
import { lookAtAll, mendAll, title } from './looks.js';

const titled = (texts: readonly string[]): (readonly [string, string])[] =>
  texts.map((text) => [title(text), text]);
const { folder, labWith, templates } = hostileLabs();

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
    const lab = new Lab(folder(), templates().closed, templates(), name);
    cpSync(templates().killed, join(lab.base, name, name), { recursive: true });
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
        changeRunYaml(runDir, { [key]: value });
      });
      await lookAtAll(lab);
      await mendAll(lab);
    },
  );
});

describe('text that a terminal would obey', () => {
  let given = 0;
  it.each(titled(PAYLOADS))('in every text of run.yaml: %s', async (_title, text) => {
    const lab = labWith((runDir) => {
      const summary = { last: text, count: 1 };
      changeRunYaml(runDir, {
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
      given++;
      const lab = new Lab(folder(), templates().closed, templates()).begin();
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
      for (const format of [FORMATS[given % FORMATS.length]!, FORMATS[(given + 3) % FORMATS.length]!]) {
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
