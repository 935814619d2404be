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
/** The text written in place of an unknown number of calls. */
const UNKNOWN = 'unknown';

/** The facts in a published file about its run, beside its columns. */
export interface FileFacts {
  readonly runUuid: string;
  /** The position up to which the file holds the run's records. */
  readonly watermark: Watermark;
  /** The number of calls whose rows the file holds, or held before a rewind. */
  readonly loggedRows: number;
  /** The sessions that have rows in the file, in order. */
  readonly sessions: readonly Session[];
  /** The number of rows that rewinds have removed so far. */
  readonly rewound: number;
  /** Those rewinds. */
  readonly rewinds: readonly Rewind[];
  /**
   * For the last rows of the last session, up to the last one, the lengths of runs of rows with the
   * clock's timestamp and with the caller's, in alternation; empty if all have the clock's, or if
   * no call can join them any more.
   */
  readonly stamps: readonly number[];
  readonly columns: readonly PlainMetricColumn[];
  readonly tallies: readonly PlainTally[];
  /** The greatest step of the rows in the file. */
  readonly lastStep: Step | null;
  /** False for a file of expman-rx 0.1.0, which cannot read a log of version 2. */
  readonly readsCalls: boolean;
}

/** A session of the run, as recorded with its rows. */
export interface Session {
  /** The epoch of its owner. */
  readonly epoch: number;
  /** The number of rows of the file before its first one. */
  readonly firstRow: number;
}

/** A published file, read from its footer. */
export interface PublishedFile {
  readonly footer: FileFooter;
  readonly facts: FileFacts;
  readonly rows: number;
}

/**
 * Reads the facts of the published file at `path` from its footer.
 *
 * @throws {@link ExpmanError} `UNSUPPORTED_VERSION` for one that a later version of this package
 * wrote
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
  // A file of 0.1.0 does not say where its sessions began: together they count as one, of an
  // imaginary owner.
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

/**
 * Reads the facts from a footer's metadata; for a file without any, those of a run without a
 * published file.
 */
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

/** The sessions listed in a file; empty if it lists none. */
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

/**
 * A list of entries that begin with a metric's name; a file from elsewhere may hold anything in its
 * place.
 */
function entriesOf<T extends readonly [metric: string, ...unknown[]]>(value: unknown): T[] {
  if (!Array.isArray(value)) return [];
  return value.filter((entry): entry is T => Array.isArray(entry) && typeof entry[0] === 'string');
}
