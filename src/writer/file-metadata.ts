import type { PlainMetricColumn } from '../columnar/metric-columns.js';
import { decodeParams, encodeParams } from '../model/params.js';
import { VERSION } from '../model/version.js';
import type { FileFooter } from '../storage/parquet/index.js';
import { unsupportedVersion } from '../storage/unsupported-version.js';
import type { PlainTally } from './metric-summaries.js';
import type { Watermark } from './replay.js';

const SCHEMA_VERSION = 1;
/** In place of a number of calls. */
const UNKNOWN = 'unknown';

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
  /** False for a file of expman-rx 0.1.0, which cannot read a log of version 2. */
  readonly readsCalls: boolean;
}

/** A published file, by its footer. */
export interface PublishedFile {
  readonly footer: FileFooter;
  readonly facts: FileFacts;
}

/**
 * What a footer says of the published file at `path`.
 *
 * @throws {@link ExpmanError} `UNSUPPORTED_VERSION` for one that a later version of this package wrote
 */
export function publishedFile(footer: FileFooter, path: string): PublishedFile {
  const { metadata } = footer;
  const version = Number(metadata.get('schema_version') ?? SCHEMA_VERSION);
  if (version > SCHEMA_VERSION)
    throw unsupportedVersion(path, {
      ...{ what: 'Parquet file', version, known: SCHEMA_VERSION },
      writtenBy: metadata.get('written_by'),
    });
  return { footer, facts: factsOf(metadata) };
}

/** The facts as key/value metadata of a Parquet footer. */
export function metadataOf(facts: Omit<FileFacts, 'readsCalls'>): Map<string, string> {
  const { runUuid, watermark, loggedRows, columns, tallies, lastStep } = facts;
  return new Map([
    ['run_uuid', runUuid],
    ['epoch', String(watermark.epoch)],
    ['wal_seq', String(watermark.seq)],
    ['logged_rows', String(loggedRows)],
    ['wal_calls', String(watermark.calls ?? UNKNOWN)],
    ['schema_version', String(SCHEMA_VERSION)],
    ['written_by', VERSION],
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
    watermark: {
      epoch: Number(metadata.get('epoch') ?? -1),
      seq: Number(metadata.get('wal_seq') ?? 0),
      calls: callsIn(metadata.get('wal_calls')),
    },
    loggedRows: Number(metadata.get('logged_rows') ?? 0),
    columns: entriesOf<PlainMetricColumn>(summary['columns']),
    tallies: entriesOf<PlainTally>(summary['tallies']),
    lastStep: typeof lastStep === 'number' ? lastStep : null,
    readsCalls: metadata.has('wal_calls'),
  };
}

function callsIn(text: string | undefined): number | null {
  const calls = Number(text ?? NaN);
  return Number.isSafeInteger(calls) ? calls : null;
}

/** Lists of what begins with a metric's name; a file from elsewhere may hold anything in their place. */
function entriesOf<T extends readonly [metric: string, ...unknown[]]>(value: unknown): T[] {
  if (!Array.isArray(value)) return [];
  return value.filter((entry): entry is T => Array.isArray(entry) && typeof entry[0] === 'string');
}
