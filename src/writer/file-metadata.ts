import type { PlainMetricColumn } from '../columnar/metric-columns.js';
import { decodeParams, encodeParams } from '../model/params.js';
import type { FileFooter } from '../storage/parquet/index.js';
import type { PlainTally } from './metric-summaries.js';
import type { Watermark } from './replay.js';

const SCHEMA_VERSION = '1';

/** What a published file says of its run, beside its columns. */
export interface FileFacts {
  readonly runUuid: string;
  /** Up to where the file holds the run's records. */
  readonly watermark: Watermark;
  /** Rows as they were logged: rows of one step count one by one. */
  readonly loggedRows: number;
  readonly columns: readonly PlainMetricColumn[];
  readonly tallies: readonly PlainTally[];
  readonly lastStep: number | null;
}

/** A published file, by its footer. */
export interface PublishedFile {
  readonly footer: FileFooter;
  readonly facts: FileFacts;
}

export const publishedFile = (footer: FileFooter): PublishedFile => ({
  footer,
  facts: factsOf(footer.metadata),
});

/** The facts as key/value metadata of a Parquet footer. */
export function metadataOf(facts: FileFacts): Map<string, string> {
  const { runUuid, watermark, loggedRows, columns, tallies, lastStep } = facts;
  return new Map([
    ['run_uuid', runUuid],
    ['epoch', String(watermark.epoch)],
    ['wal_seq', String(watermark.seq)],
    ['logged_rows', String(loggedRows)],
    ['schema_version', SCHEMA_VERSION],
    [
      'summary',
      encodeParams({ columns, tallies: tallies.map(([metric, tally]) => [metric, { ...tally }]), lastStep }),
    ],
  ]);
}

/** The facts a footer's metadata holds; of a file that says nothing, those of a run of which nothing is published. */
export function factsOf(metadata: ReadonlyMap<string, string>): FileFacts {
  const summary = decodeParams(metadata.get('summary') ?? '{}');
  const { lastStep } = summary;
  return {
    runUuid: metadata.get('run_uuid') ?? '',
    watermark: { epoch: Number(metadata.get('epoch') ?? -1), seq: Number(metadata.get('wal_seq') ?? 0) },
    loggedRows: Number(metadata.get('logged_rows') ?? 0),
    columns: entriesOf<PlainMetricColumn>(summary['columns']),
    tallies: entriesOf<PlainTally>(summary['tallies']),
    lastStep: typeof lastStep === 'number' ? lastStep : null,
  };
}

/** Lists of what begins with a metric's name; a file from elsewhere may hold anything in their place. */
function entriesOf<T extends readonly [metric: string, ...unknown[]]>(value: unknown): T[] {
  if (!Array.isArray(value)) return [];
  return value.filter((entry): entry is T => Array.isArray(entry) && typeof entry[0] === 'string');
}
