import type { Column } from '../../columnar/column.js';
import { numbersOf } from '../../columnar/column-values.js';
import { STEP_FIELD } from '../../columnar/row-group.js';
import { ExpmanError } from '../../model/errors.js';
import type { ChunkReader } from '../../storage/chunk-reader.js';
import { type PlacedChunk, decodeChunk } from '../../storage/parquet/index.js';
import type { PublishedFile } from './file-metadata.js';
import { type MetricSummaries, type PlainTally, type TalliedRows, tallyOf } from './metric-summaries.js';

/**
 * Tallies a file of 0.1.0 again as this version would have: reads the columns with booleans, or
 * with numbers in a batch with texts, and counts them. Any other file stays as it is, and so does
 * one whose columns cannot be read.
 */
export function retallied(bytesOf: ChunkReader, published: PublishedFile): PublishedFile {
  const { facts } = published;
  const lacking = new Map(facts.tallies.filter(([, tally]) => !isWhole(tally)));
  if (lacking.size === 0) return published;
  const counted = new Set([...lacking].flatMap(([metric, tally]) => (isOfTexts(tally) ? [] : [metric])));
  try {
    const found = new Map(tallyFile(bytesOf, published, counted).toPlain());
    const tallies = facts.tallies.map(([metric, tally]) => {
      if (!lacking.has(metric)) return [metric, tally] as const;
      return [
        metric,
        found.get(metric) ?? { ...tally, texts: tally.count - tally.numbers - tally.nan },
      ] as const;
    });
    return { ...published, facts: { ...facts, tallies } };
  } catch (error) {
    if (error instanceof ExpmanError && error.code === 'CORRUPT') return published;
    throw error;
  }
}

/**
 * True if a file's tallies cover all of its values, so that {@link retallied} does not read a
 * column.
 */
export const isTallied = ({ facts }: PublishedFile): boolean =>
  facts.tallies.every(([, tally]) => isWhole(tally));

/** True if each value was tallied as a number, as NaN or as a text. */
const isWhole = ({ count, nan, numbers, texts = 0 }: PlainTally[1]): boolean =>
  count === nan + numbers + texts;

/**
 * True if no batch of the metric had only numbers: its texts may look like numbers, but none is
 * known to be one.
 */
const isOfTexts = ({ last, nan, numbers }: PlainTally[1]): boolean =>
  typeof last === 'string' && nan + numbers === 0;

/**
 * Tallies some metrics of a file from its columns, one row group in memory at a time. @throws
 * ExpmanError `CORRUPT`, `IO`
 */
export function tallyFile(
  bytesOf: ChunkReader,
  { footer, facts }: PublishedFile,
  metrics: ReadonlySet<string>,
): MetricSummaries {
  const placeOf = new Map(footer.fields.map(({ name }, place) => [name, place]));
  const wanted = facts.columns.filter(([metric]) => metrics.has(metric));
  const read = (chunk: PlacedChunk): Column => decodeChunk(bytesOf(chunk), chunk);
  function* rows(): Generator<TalliedRows, void> {
    for (const { chunks, rows } of footer.groups) {
      const chunkOf = (column: string): PlacedChunk | undefined => chunks[placeOf.get(column) ?? -1];
      const step = chunkOf(STEP_FIELD.name);
      yield {
        steps: (step && numbersOf(read(step))) ?? new Float64Array(rows).fill(NaN),
        metrics: wanted.flatMap(([metric, column]) => {
          const chunk = chunkOf(column);
          return chunk === undefined ? [] : [{ metric, column: read(chunk) }];
        }),
      };
    }
  }
  return tallyOf(rows());
}
