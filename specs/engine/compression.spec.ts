import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine, type ExperimentOptions } from 'expman-rx';
import { parquetMetadata } from 'hyparquet';
import { expect, it } from 'vitest';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('compression');

/** The codecs of the chunks of a run that logged doubles no compressor makes smaller, and a column that any does. */
async function codecsOf(compression: ExperimentOptions['compression']): Promise<Map<string, Set<string>>> {
  const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { compression, environment: false }));
  for (let step = 0; step < 2000; step++)
    run.logMetrics(
      { noise: Math.sin(step * 12.9898) * 43758.5453, word: `the same words ${step % 500}` },
      step,
    );
  const { runDir } = await run.close();
  const bytes = readFileSync(join(runDir, 'metrics.parquet'));
  const { row_groups: groups } = parquetMetadata(new Uint8Array(bytes).buffer);
  const codecs = new Map<string, Set<string>>();
  for (const { meta_data: chunk } of groups.flatMap(({ columns }) => columns)) {
    const name = chunk?.path_in_schema.join('.') ?? '';
    codecs.set(name, (codecs.get(name) ?? new Set()).add(chunk?.codec ?? ''));
  }
  return codecs;
}

it.each([
  ['none', ['UNCOMPRESSED'], ['UNCOMPRESSED']],
  ['auto', ['UNCOMPRESSED'], ['SNAPPY']],
  ['snappy', ['SNAPPY'], ['SNAPPY']],
] as const)('compression: %s means what it says', async (compression, noise, word) => {
  const codecs = await codecsOf(compression);
  expect([[...(codecs.get('noise') ?? [])], [...(codecs.get('word') ?? [])]]).toEqual([noise, word]);
});
