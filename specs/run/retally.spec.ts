import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ExperimentConfig, LoggingEngine, type MetricValue } from 'expman-rx';
import { openRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { extremeSteps } from '../../src/model/metric.js';
import { chunkReader } from '../../src/storage/chunk-reader.js';
import { nodeFs } from '../../src/storage/node-fs.js';
import { readPublished } from '../../src/run/load-run.js';
import { tallyFile } from '../../src/run/summaries/retally.js';
import { rowOf } from '../faults/rows.mjs';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('retally');
const GOLDEN = new URL('../faults/golden/0.1.0.json', import.meta.url);
const ROWS = 120;

/** A run that 0.1.0 wrote; its footer has no figures of booleans and counts no texts. */
function golden(base: string, state: 'closed' | 'cut-off' = 'closed'): string {
  const runs = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Record<string, Record<string, string>>;
  const runDir = join(base, 'exp', 'old');
  for (const [name, text] of Object.entries(runs[state] ?? {})) {
    mkdirSync(dirname(join(runDir, name)), { recursive: true });
    writeFileSync(join(runDir, name), Buffer.from(text, 'base64'));
  }
  return runDir;
}

const logged = (metric: string, rows: number): MetricValue[] =>
  Array.from({ length: rows }, (_, step) => rowOf('mixed', 0, step)[metric] ?? NaN);
const mean = (flags: readonly MetricValue[]): number => flags.filter(Boolean).length / flags.length;

describe('a run of 0.1.0', () => {
  it('reads as it did', async () => {
    const { metrics } = await openRun(golden(folder())).inspect();
    expect(metrics.get('flag')).toEqual({ last: logged('flag', ROWS).at(-1), count: ROWS });
    expect(metrics.get('note')).toEqual({ last: logged('note', ROWS).at(-1), count: ROWS });
  });

  it('has figures of all its rows where its log holds some of them', async () => {
    const { metrics, publishedRows } = await openRun(golden(folder(), 'cut-off')).inspect();
    expect(publishedRows).toBeLessThan(ROWS);
    const flags = logged('flag', ROWS);
    expect(metrics.get('flag')).toEqual({
      ...{ last: flags.at(-1), count: ROWS, min: 0, max: 1, mean: mean(flags) },
      ...extremeSteps(flags.indexOf(false), flags.indexOf(true)),
    });
    expect(metrics.get('note')).toEqual({ last: logged('note', ROWS).at(-1), count: ROWS, texts: ROWS });
  });

  it('has figures of all its rows once it is taken up again', async () => {
    const base = folder();
    golden(base);
    const run = new LoggingEngine(
      new ExperimentConfig('exp', base, { environment: false, runName: 'old', resume: 'must' }),
    );
    for (let step = ROWS; step < ROWS + 10; step++) run.logMetrics(rowOf('mixed', 0, step), step);
    const { metrics } = await run.close();
    const flags = logged('flag', ROWS + 10);
    expect(metrics.get('flag')).toEqual({
      ...{ last: flags.at(-1), count: flags.length, min: 0, max: 1, mean: mean(flags) },
      ...extremeSteps(flags.indexOf(false), flags.indexOf(true)),
    });
    expect(metrics.get('note')).toEqual({
      ...{ last: logged('note', ROWS + 10).at(-1), count: ROWS + 10, texts: ROWS + 10 },
    });
  });
});

describe('tallying a file', () => {
  it('gives what its footer says', async () => {
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    const values: readonly MetricValue[] = [3, '3', NaN, true, 'x', -1];
    values.forEach((x, step) => {
      run.logMetrics({ x, n: BigInt(step), ok: step > 2, name: `${step}` }, step);
    });
    await run.close();
    const { uuid } = (await openRun(run.runDir).inspect()).identity;
    const published = readPublished(nodeFs, run.runDir, uuid);
    if (published === null) throw new Error('nothing is published');
    const { tallies, columns } = published.facts;
    const wanted = new Set(columns.map(([metric]) => metric));
    const path = join(run.runDir, 'metrics.parquet');
    const file = nodeFs.open(path, 'read');
    try {
      expect(tallyFile(chunkReader(nodeFs, file, path), published, wanted).toPlain()).toEqual(tallies);
    } finally {
      nodeFs.close(file);
    }
  });
});
