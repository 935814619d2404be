import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import {
  archiveRun,
  EXPORTERS,
  type ExportFormat,
  exportRun,
  type ImportReport,
  importRuns,
  unarchiveRun,
} from 'expman-rx/interop';
import { openRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { logLines, yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('summaries');

const SUMMARY = {
  ...{ pass_rate: 0.88, seen: 2n ** 60n, passed: true, model: '5', worst: NaN, zero: -0 },
  ...{ loss: 0.1, $number: 'x', 'é\n"': -Infinity },
};

/** A closed run with a summary, and a metric of the name of one of its values. */
async function logged(): Promise<string> {
  const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
  for (const step of [0, 1]) run.logMetrics({ loss: 0.5 + step, 'summary/loss': step }, step);
  run.summary(SUMMARY);
  run.summary({ passed: true, pass_rate: 0.88 }, { headline: true });
  run.defineMetric('val/*', { goal: 'min', x: 'epoch', summary: 'best' });
  run.defineMetric('loss', { summary: 'mean' });
  await run.close();
  return run.runDir;
}

function onlyRun({ imported, failed }: ImportReport): ImportReport['imported'][number] {
  const [run] = imported;
  if (run === undefined) throw failed[0]?.error ?? new Error('no run');
  return run;
}

async function exported(format: ExportFormat): Promise<string> {
  const path = join(folder(), `run.${format}`);
  await exportRun(await logged(), format, path);
  return path;
}

/** Imports a file in which a text is replaced. */
async function altered(from: string | RegExp, to: string): Promise<ImportReport['imported'][number]> {
  const path = await exported('ndjson');
  const text = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  expect(readFileSync(path, 'utf8')).not.toBe(text);
  return onlyRun(await importRuns(path, { dir: folder() }));
}

describe('the summary of a run', () => {
  it.each(EXPORTERS.map(({ format }) => format))(
    'comes back from %s, with headline and definitions, and makes no rows',
    async (format) => {
      const { runDir, rows, invalid, leftOut } = onlyRun(
        await importRuns(await exported(format), { dir: folder() }),
      );
      const { facts } = openRun(runDir);
      expect({ ...facts.summary }).toStrictEqual(SUMMARY);
      expect(facts).toMatchObject({
        headline: ['passed', 'pass_rate'],
        definitions: { 'val/*': { goal: 'min', x: 'epoch', summary: 'best' }, loss: { summary: 'mean' } },
      });
      expect([...facts.metrics.keys()].sort()).toEqual(['loss', 'summary/loss']);
      expect([rows, invalid, leftOut]).toEqual([2, 0, []]);
    },
  );

  it.each(EXPORTERS.map(({ format }) => format))(
    'comes from %s with the versions of artifacts that the run has logged and used',
    async (format) => {
      const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
      run.logMetrics({ loss: 1 }, 0);
      await run.logArtifact('model', { w: { text: '1' } }, { type: 'model' });
      await run.useArtifact('model:v1');
      await run.close();
      const path = join(folder(), `run.${format}`);
      await exportRun(run.runDir, format, path);
      const { runDir, leftOut } = onlyRun(await importRuns(path, { dir: folder() }));
      const { loggedArtifacts, usedArtifacts } = openRun(run.runDir).facts;
      expect(Object.keys(usedArtifacts)).toEqual(['model:v1']);
      expect(openRun(runDir).facts).toMatchObject({ loggedArtifacts, usedArtifacts });
      expect(leftOut).toEqual([]);
    },
  );

  it('is in an archive, as run.yaml has it', async () => {
    const runDir = await logged();
    const path = join(folder(), 'run.tar.gz');
    await archiveRun(runDir, path);
    const { runDir: back } = await unarchiveRun(path, folder());
    expect({ ...openRun(back).facts.summary }).toStrictEqual(SUMMARY);
    expect(openRun(back).facts).toMatchObject({
      headline: ['passed', 'pass_rate'],
      definitions: openRun(runDir).facts.definitions,
    });
  });

  it('adds nothing to the files of a run that has none', async () => {
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    run.logMetrics({ loss: 1 }, 0);
    await run.close();
    for (const format of ['json', 'ndjson', 'csv'] as const) {
      const path = join(folder(), `run.${format}`);
      await exportRun(run.runDir, format, path);
      const text = readFileSync(format === 'csv' ? `${path}.run.ndjson` : path, 'utf8');
      expect(text).not.toMatch(/"summary"|"headline"|"definitions"/);
    }
  });
});

describe('a summary in a file that cannot be trusted', () => {
  it('keeps its values, and has the others counted and reported', async () => {
    const { runDir, invalid } = await altered(
      /"summary":\{.*?\},"headline"/,
      `"summary":{"ok":1,"list":[1],"none":null,"__proto__":2,"constructor":3,"big":{"$bigint":"1${'0'.repeat(40)}"},` +
        `"tag":{"$number":"x"},"$odd":{"$what":1},"deep":${'['.repeat(500)}${']'.repeat(500)}},"headline"`,
    );
    expect({ ...openRun(runDir).facts.summary }).toEqual({ ok: 1 });
    expect(invalid).toBe(8);
    const log = logLines(runDir).join('\n');
    for (const name of ['list', 'none', '__proto__', 'constructor', 'big', 'tag', '$odd', 'deep'])
      expect(log).toContain(`"${name}" was left out`);
  });

  it.each([
    ['"summary":[1]', 1],
    ['"summary":null', 1],
    ['"summary":"much"', 0],
  ])('that is %s is no reason to fail', async (summary, invalid) => {
    expect(await altered(/"summary":\{.*?\}(?=,"headline")/, summary)).toMatchObject({ rows: 2, invalid });
  });

  it('takes no versions of artifacts that are none, no more than there is room for, and says so', async () => {
    const link = { type: 'model', digest: 'a'.repeat(64), at: '2026-03-01T12:00:00.000Z' };
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`model:v${at + 1}`, link]));
    const odd = { 'odd:v1': { ...link, type: '<b>' }, 'late:v1': { ...link, at: 'soon' }, 'a/../b:v1': link };
    const { runDir, leftOut } = await altered(
      '"headline":',
      `"usedArtifacts":${JSON.stringify({ ...odd, ...many })},"loggedArtifacts":[1],"headline":`,
    );
    const { usedArtifacts, loggedArtifacts, artifactLinksLeftOut } = openRun(runDir).facts;
    const kept = Object.keys(usedArtifacts).length;
    expect(kept).toBeGreaterThan(500);
    expect(Object.keys(usedArtifacts)).not.toContain('odd:v1');
    expect(loggedArtifacts).toEqual({});
    expect(leftOut).toEqual([
      `${5002 - kept} of 5002 versions of artifacts that the run has logged and used`,
    ]);
    expect(artifactLinksLeftOut).toBe(5000 - kept);
  });

  it('is cut where a run has no more room, and the headline goes first', async () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`value ${at}`, 'x'.repeat(50)]));
    const { runDir, invalid } = await altered(
      /"summary":\{.*?\},"headline":\[.*?\]/,
      `"summary":${JSON.stringify(many)},"headline":["value 4999","nothing"]`,
    );
    const { summary, headline } = openRun(runDir).facts;
    expect(Object.keys(summary).length).toBeGreaterThan(1000);
    expect(Object.keys(summary).length + invalid).toBe(5000);
    expect(headline).toEqual(['value 4999']);
    expect(logLines(runDir).join('\n')).toMatch(/may have 131072 bytes together/);
  });

  it('is counted likewise where it is that of another tool', async () => {
    const path = join(folder(), 'run-x');
    mkdirSync(path);
    writeFileSync(join(path, 'wandb-history.jsonl'), '{"_step":0,"loss":1}\n');
    const deep = `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`;
    writeFileSync(
      join(path, 'wandb-summary.json'),
      `{"ok":1,"__proto__":"x","constructor":2,"long":"${'x'.repeat(200_000)}","deep":${deep},"nan":NaN}`,
    );
    writeFileSync(
      join(path, 'config.yaml'),
      `_wandb: {value: {m: [{1: __proto__, 8: 1}, {1: loss, 8: 1}, {7: 5}]}}\n`,
    );
    const { runDir, rows, invalid, leftOut } = onlyRun(await importRuns(path, { dir: folder() }));
    const { summary, definitions } = openRun(runDir).facts;
    expect(summary).toMatchObject({ ok: 1, nan: NaN });
    expect(Object.keys(summary)).toHaveLength(3);
    expect(Object.keys(summary)[1]).toMatch(/^deep(?:\.a){15}$/);
    expect(definitions).toEqual({ loss: { goal: 'min' } });
    expect([rows, invalid, leftOut]).toEqual([
      1,
      3,
      [expect.stringMatching(/^1 of 2 definitions of metrics, .*"__proto__": pattern must be/)],
    ]);
  });

  it('says which definitions of metrics are none', async () => {
    const { runDir, leftOut } = await altered(
      /"definitions":\{.*?\}(?=,"fields")/,
      '"definitions":{"ok":{"goal":"max"},"a":{"goal":"low"},"b":3,"__proto__":{"goal":"min"},"c":{}}',
    );
    expect(openRun(runDir).facts.definitions).toEqual({ ok: { goal: 'max' } });
    expect(leftOut).toEqual([
      expect.stringMatching(/^4 of 5 definitions of metrics, the first of them that of "a": goal must be/),
    ]);
    expect(yamlOf(runDir)).toMatchObject({ imported: { leftOut } });
    expect(logLines(runDir).join('\n')).toContain('4 of 5 definitions of metrics');
  });
});
