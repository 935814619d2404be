import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { EXPORTERS, exchangeRunOf, exportRun, type ImportReport, importRuns } from 'expman-rx/interop';
import { tempFolders } from '../support/temp-folder.js';
import { yamlOf } from '../support/read-back.js';
import { anyRun, givenRun, logOf, plainRow, rowsOf } from './run-arbitrary.js';

const folder = tempFolders('import');
const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);

/** The one run of a report. */
function onlyRun({ imported, failed }: ImportReport): ImportReport['imported'][number] {
  const [run] = imported;
  if (run === undefined || imported.length > 1)
    throw failed[0]?.error ?? new Error(`${imported.length} runs`);
  return run;
}

const source = givenRun({
  experiment: 'my exp',
  run: 'lr=1e-3',
  status: 'FAILED',
  startedAt: new Date(START).toISOString(),
  endedAt: new Date(START + HOUR).toISOString(),
  tags: ['baseline'],
  notes: 'a note',
  group: 'sweep-1',
  params: { lr: 0.001, layers: [64, 32] },
  fields: [{ name: 'loss', type: 'DOUBLE' }],
  givenRows: [0, 1, 2].map((step) => ({ step, timestamp: START + step + 0.125, values: { loss: 1 / step } })),
  givenLog: [{ timestampMs: START + 5, level: 'warn', message: 'hot\n', meta: { degrees: 90 } }],
});

async function exported(format: string, run = source): Promise<string> {
  const path = join(folder(), `run.${format}`);
  await EXPORTERS.find((exporter) => exporter.format === format)?.write(run, path);
  return path;
}

describe('an imported run', () => {
  it('has the status, the times, the tags, the parameters and the origin of its source', async () => {
    const path = await exported('ndjson');
    const { runDir } = onlyRun(await importRuns(path, { dir: folder() }));
    expect(yamlOf(runDir)).toMatchObject({
      experiment: 'my_exp',
      run: 'lr_1e-3',
      status: 'FAILED',
      startedAt: '2026-01-01T00:00:00.000Z',
      endedAt: '2026-01-01T01:00:00.000Z',
      durationMs: HOUR,
      tags: ['baseline'],
      notes: 'a note',
      group: 'sweep-1',
      imported: { from: path, format: 'ndjson', experiment: 'my exp', run: 'lr=1e-3' },
    });
    expect(yamlOf(runDir)).not.toHaveProperty('environment');
    expect(yamlOf(runDir, 'config.yaml')).toEqual({ lr: 0.001, layers: [64, 32] });
  });

  it('says which of its tags and how much of its notes and group a run has no room for', async () => {
    const tags = Array.from({ length: 1002 }, (_, at) => (at === 0 ? 't'.repeat(130) : `t${at}`));
    const wide = { ...source, tags, notes: 'n'.repeat(65_540), group: 'g'.repeat(129) };
    const { runDir, leftOut } = onlyRun(await importRuns(await exported('ndjson', wide), { dir: folder() }));
    expect(leftOut).toEqual([
      expect.stringMatching(/^the last 2 of the 130 characters of the tag "t{39}…", which may have 128$/),
      'the last 2 of 1002 tags, of which a run may have 1000',
      'the last 4 of the 65540 characters of the notes, which may have 65536',
      'the last 1 of the 129 characters of the group, which may have 128',
    ]);
    expect(yamlOf(runDir)).toMatchObject({ imported: { leftOut } });
    for (const part of leftOut)
      expect(readFileSync(join(runDir, 'run.log'), 'utf8')).toContain(part.slice(0, 30));
    const whole = onlyRun(await importRuns(await exported('ndjson'), { dir: folder() }));
    expect(whole.leftOut).toEqual([]);
    expect(yamlOf(whole.runDir)['imported']).not.toHaveProperty('leftOut');
  });

  it('has the lines of the log under their own times and levels', async () => {
    const { runDir } = onlyRun(await importRuns(await exported('json'), { dir: folder() }));
    expect(readFileSync(join(runDir, 'run.log'), 'utf8')).toBe(
      '2026-01-01T00:00:00.005Z WARN  hot\\n {"degrees":90}\n',
    );
  });

  it('has the rows of its source, whatever they are, for each format that keeps them', async () => {
    // What neptune and TensorBoard do not keep is in their own round trips.
    const lossy = ['neptune', 'tensorboard'];
    const formats = EXPORTERS.map(({ format }) => format).filter((format) => !lossy.includes(format));
    await fc.assert(
      fc.asyncProperty(anyRun, fc.constantFrom(...formats), async (run, format) => {
        const { runDir } = onlyRun(await importRuns(await exported(format, run), { dir: folder() }));
        const rows = await rowsOf(await exchangeRunOf(runDir));
        const names = new Map([
          ['step', 'step_'],
          ['timestamp', 'timestamp_'],
        ]);
        fc.pre(run.fields.every(({ name }) => !/^(?:step|timestamp)_*$/.test(name) || names.size === 0));
        // Arrow does not say which of its texts were numbers; see the round trips.
        fc.pre(format !== 'arrow' || run.fields.every(({ mixed = false }) => !mixed));
        const wanted = run.givenRows.map(plainRow);
        expect(rows.map(([step, , values]) => [step, values])).toEqual(
          wanted.map(([step, , values]) => [step, values]),
        );
        wanted.forEach(([, micros], at) => micros !== null && expect(rows[at]?.[1]).toBe(micros));
        // That a metric changes its type the run says itself.
        const lines = await logOf(await exchangeRunOf(runDir));
        expect(lines.filter(({ message }) => !message.includes(' was logged as a '))).toHaveLength(
          EXPORTERS.find((known) => known.format === format)?.loses.includes('log') === true &&
            format !== 'csv'
            ? 0
            : run.givenLog.length,
        );
      }),
      { numRuns: 25 },
    );
  });

  it('that was still going on is INTERRUPTED here, and lasted to its last row', async () => {
    const path = await exported('ndjson', { ...source, status: 'RUNNING', endedAt: null });
    const { runDir, status } = onlyRun(await importRuns(path, { dir: folder() }));
    expect(status).toBe('INTERRUPTED');
    expect(yamlOf(runDir)).toMatchObject({ status, endedAt: '2026-01-01T00:00:00.002Z', durationMs: 2 });
  });

  it('gets a suffix where its name is taken, and takes given names', async () => {
    const dir = folder();
    const path = await exported('csv');
    const runs = [];
    for (let i = 0; i < 3; i++) runs.push(onlyRun(await importRuns(path, { dir, again: true })).run);
    expect(runs).toEqual(['lr_1e-3', 'lr_1e-3_2', 'lr_1e-3_3']);
    const named = onlyRun(await importRuns(path, { dir, experiment: 'other', runName: 'mine' }));
    expect(named.runDir).toBe(join(dir, 'other', 'mine'));
    expect(named.rows).toBe(3);
  });

  it('never leaves the folder of experiments, whatever it is called', async () => {
    for (const name of [
      '../../etc',
      '/abs',
      'C:\\x',
      '',
      '.',
      '..',
      'con',
      'nul.txt',
      'a\0b',
      '\u202e',
      '🦔',
      'x'.repeat(300),
    ]) {
      const dir = folder();
      const { experiment, run } = onlyRun(
        await importRuns(await exported('ndjson', { ...source, experiment: name, run: name }), { dir }),
      );
      expect(readdirSync(dir)).toEqual([experiment]);
      expect(existsSync(join(dir, experiment, run, 'metrics.parquet'))).toBe(true);
    }
  });
});

describe('an import that fails', () => {
  it('leaves no half run behind, and tells the file and the line', async () => {
    const path = await exported('ndjson');
    const lines = readFileSync(path, 'utf8').split('\n');
    lines[2] = '{"row":{"step":1,"loss":"much"}}';
    writeFileSync(path, lines.join('\n'));
    const dir = folder();
    const { imported, failed } = await importRuns(path, { dir });
    expect(imported).toEqual([]);
    expect(failed[0]?.error).toMatchObject({ code: 'CORRUPT', path });
    expect(failed[0]?.error.message).toContain('run.ndjson:3');
    expect(existsSync(join(dir, 'my_exp'))).toBe(false);
  });

  it('of one run keeps no other from being imported', async () => {
    const store = folder();
    for (const [id, status] of [
      ['good', '3'],
      ['bad', '['.repeat(1000)],
    ] as const) {
      mkdirSync(join(store, '0', id), { recursive: true });
      writeFileSync(join(store, '0', id, 'meta.yaml'), `run_id: ${id}\nstatus: ${status}\n`);
    }
    const told: string[] = [];
    const { imported, failed } = await importRuns(store, {
      dir: folder(),
      onRun: ({ kind }) => told.push(kind),
    });
    expect(imported.map(({ run }) => run)).toEqual(['good']);
    expect(failed.map(({ error }) => error.code)).toEqual(['UNSAFE_YAML']);
    expect(told).toEqual(['failed', 'imported']);
  });

  it('knows a file that is cut off', async () => {
    const path = await exported('ndjson');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, text.lastIndexOf('{"end"')));
    const { failed } = await importRuns(path, { dir: folder() });
    expect(failed[0]?.error.message).toContain('cut off');
  });

  it('says which formats there are for what is of none', async () => {
    const path = join(folder(), 'picture.png');
    writeFileSync(path, '\x89PNG');
    for (const refused of [path, folder()])
      await expect(importRuns(refused, { dir: folder() })).rejects.toThrow(
        /known formats: csv, json, ndjson/,
      );
    await expect(importRuns(path, { dir: folder(), format: 'cvs' as never })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    await expect(importRuns(join(path, 'no'), { dir: folder() })).rejects.toMatchObject({
      code: 'RUN_NOT_FOUND',
    });
  });

  it('does not follow links in a source', async () => {
    const outside = join(folder(), 'secret');
    writeFileSync(outside, '1 1 1\n');
    const runDir = join(folder(), '0', 'abc');
    mkdirSync(join(runDir, 'metrics'), { recursive: true });
    mkdirSync(join(runDir, 'params'));
    writeFileSync(join(runDir, 'meta.yaml'), 'run_id: abc\nstatus: 3\n');
    symlinkSync(outside, join(runDir, 'metrics', 'loss'));
    symlinkSync(outside, join(runDir, 'params', 'lr'));
    symlinkSync(runDir, join(runDir, '..', 'linked'));
    const { rows, runDir: made } = onlyRun(await importRuns(join(runDir, '..'), { dir: folder() }));
    expect(rows).toBe(0);
    expect(existsSync(join(made, 'config.yaml')) && yamlOf(made, 'config.yaml')).toSatisfy(
      (params) => params === false || Object.keys(params as object).length === 0,
    );
  });
});

describe('exporting a run of ours', () => {
  it('writes an open run as it is now, and nothing over what is there', async () => {
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    run.logMetrics({ loss: 1 }, 1);
    run.logger.info('begun');
    await run.flush();
    const path = join(folder(), 'open.ndjson');
    await exportRun(run.runDir, 'ndjson', path);
    await run.close();
    expect(readFileSync(path, 'utf8')).toMatch(/"status":"RUNNING".*\n\{"row":\{"step":1,.*"loss":1\}\}\n/);
    await expect(exportRun(run.runDir, 'ndjson', path)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      path,
    });
    await expect(exportRun(run.runDir, 'xls' as never, path)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });

  it('leaves nothing where it fails', async () => {
    const dir = folder();
    const broken = {
      ...source,
      // eslint-disable-next-line @typescript-eslint/require-await -- it fails at once
      rows: async function* () {
        yield { values: { loss: 1 } };
        throw new Error('the disk is gone');
      },
    };
    for (const exporter of EXPORTERS)
      await expect(exporter.write(broken, join(dir, `x.${exporter.format}`))).rejects.toThrow(
        'the disk is gone',
      );
    expect(readdirSync(dir)).toEqual([]);
  });
});
