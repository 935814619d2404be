import type { Rewind } from '../../channel/rewind.js';
import type { PlainMetricColumn } from '../../columnar/metric-columns.js';
import { decodeParams, encodeParams } from '../../model/params.js';
import { type Step, parseStep } from '../../model/step.js';
import { VERSION } from '../../model/version.js';
import type { FileFooter } from '../../storage/parquet/index.js';
import { unsupportedVersion } from '../../storage/unsupported-version.js';
import type { PlainTally } from './metric-summaries.js';
import type { Watermark } from '../replay/replay.js';

const SCHEMA_VERSION = 1;
/** Written in place of a number of calls. */
const UNKNOWN = 'unknown';

/** What a published file says of its run, beside its columns. */
export interface FileFacts {
  readonly runUuid: string;
  /** Up to where the file holds the run's records. */
  readonly watermark: Watermark;
  /** Calls whose rows the file holds, or held before a rewind. */
  readonly loggedRows: number;
  /** The sessions that have rows in the file, in order. */
  readonly sessions: readonly Session[];
  /** Rows that rewinds have taken out so far. */
  readonly rewound: number;
  /** Those rewinds. */
  readonly rewinds: readonly Rewind[];
  /**
   * For the last rows of the last session, how many in turn took the clock's timestamp and how many the caller's, up to
   * the last row; empty where all took the clock's, and when nothing joins them any more.
   */
  readonly stamps: readonly number[];
  readonly columns: readonly PlainMetricColumn[];
  readonly tallies: readonly PlainTally[];
  /** The greatest step of the rows in the file. */
  readonly lastStep: Step | null;
  /** False for a file of expman-rx 0.1.0, which cannot read a log of version 2. */
  readonly readsCalls: boolean;
}

/** An open of the run, as its rows say it. */
export interface Session {
  /** The epoch of its owner. */
  readonly epoch: number;
  /** Rows of the file before its first one. */
  readonly firstRow: number;
}

/** A published file, by its footer. */
export interface PublishedFile {
  readonly footer: FileFooter;
  readonly facts: FileFacts;
  readonly rows: number;
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
  const facts = factsOf(metadata);
  const rows = footer.groups.reduce((sum, group) => sum + group.rows, 0);
  if (metadata.has('sessions') || rows === 0) return { footer, facts, rows };
  // A file of 0.1.0 does not say where its sessions began: together they count as one, of an owner that never was.
  return { footer, facts: { ...facts, sessions: [{ epoch: -1, firstRow: 0 }] }, rows };
}

/** The facts as key/value metadata of a Parquet footer. */
export function metadataOf(facts: Omit<FileFacts, 'readsCalls'>): Map<string, string> {
  const { runUuid, watermark, loggedRows, sessions, rewound, rewinds, stamps, columns, tallies, lastStep } =
    facts;
  return new Map([
    ['run_uuid', runUuid],
    ['epoch', String(watermark.epoch)],
    ['wal_seq', String(watermark.seq)],
    ['logged_rows', String(loggedRows)],
    ['wal_calls', String(watermark.calls ?? UNKNOWN)],
    ['schema_version', String(SCHEMA_VERSION)],
    ['written_by', VERSION],
    ['sessions', JSON.stringify(sessions)],
    ...(rewinds.length > 0
      ? [
          ['rewound', String(rewound)] as const,
          ['rewinds', encodeParams({ rewinds: rewinds.map((rewind) => ({ ...rewind })) })] as const,
        ]
      : []),
    ...(stamps.length > 0 ? [['stamps', stamps.join(' ')] as const] : []),
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
    sessions: sessionsOf(metadata.get('sessions')),
    rewound: countOf(metadata.get('rewound')),
    rewinds: rewindsOf(metadata.get('rewinds')),
    stamps: (metadata.get('stamps') ?? '').split(' ').filter(Boolean).map(Number),
    columns: entriesOf<PlainMetricColumn>(summary['columns']),
    tallies: entriesOf<PlainTally>(summary['tallies']),
    lastStep: typeof lastStep === 'number' || typeof lastStep === 'bigint' ? lastStep : null,
    readsCalls: metadata.has('wal_calls'),
  };
}

function callsIn(text: string | undefined): number | null {
  const calls = Number(text ?? NaN);
  return Number.isSafeInteger(calls) ? calls : null;
}

function countOf(text: string | undefined): number {
  const count = Number(text ?? 0);
  return Number.isSafeInteger(count) && count >= 0 ? count : 0;
}

function rewindsOf(text: string | undefined): Rewind[] {
  const said = decodeParams(text ?? '{}')['rewinds'];
  return Array.isArray(said) ? said.filter(isRewind) : [];
}

function isRewind(value: unknown): value is Rewind {
  const { epoch, seq, fromStep, mediaBytes } = value as Readonly<Partial<Record<keyof Rewind, unknown>>>;
  return [epoch, seq, mediaBytes].every(Number.isSafeInteger) && parseStep(fromStep) !== undefined;
}

/** The sessions a file names; none where it names none. */
function sessionsOf(text: string | undefined): Session[] {
  let said: unknown;
  try {
    said = JSON.parse(text ?? '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(said)) return [];
  return said.filter(
    (session): session is Session =>
      typeof session === 'object' &&
      session !== null &&
      Number.isSafeInteger((session as Partial<Session>).epoch) &&
      Number.isSafeInteger((session as Partial<Session>).firstRow),
  );
}

/** Lists of what begins with a metric's name; a file from elsewhere may hold anything in their place. */
function entriesOf<T extends readonly [metric: string, ...unknown[]]>(value: unknown): T[] {
  if (!Array.isArray(value)) return [];
  return value.filter((entry): entry is T => Array.isArray(entry) && typeof entry[0] === 'string');
}
