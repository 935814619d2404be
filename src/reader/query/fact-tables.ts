import { join } from 'node:path';
import { jsonOrText } from '../../model/json-text.js';
import { type ParamValue, isParamGroup, paramLeaves } from '../../model/param-value.js';
import { parentText } from '../../model/run-parent.js';
import type { RunFacts } from '../../model/run-facts.js';
import { parseLogLine } from '../../run/log-line.js';
import type { FsPort } from '../../storage/fs-port.js';
import { readAll } from '../../storage/read-all.js';
import { LOG_NAME } from '../../run/file-names.js';
import { throwProcessFault } from '../process-fault.js';
import type { Cell, FactTable } from './fact-table.js';
import { type Skipped, skippedFor } from './facts-source.js';
import { type SummaryColumn, summaryColumns } from './summary-tables.js';

/**
 * Bytes of a log that are read; of a longer one, only the end is read.
 *
 * @bound tells: skipped says of which log only the end was read; specs/reader/query/query.spec.ts
 * "says of which log it has read the end alone"
 */
const MAX_LOG_BYTES = 16 * 1024 * 1024;

/** Makes a table with one row per run: its facts, then these of its summary values. */
export function runsTable(
  runs: readonly RunFacts[],
  summaries: readonly SummaryColumn[] = summaryColumns(runs),
): FactTable {
  return {
    columns: [
      ['experiment', 'VARCHAR'],
      ['run', 'VARCHAR'],
      ['run_dir', 'VARCHAR'],
      ['uuid', 'VARCHAR'],
      ['status', 'VARCHAR'],
      ['started_at', 'TIMESTAMPTZ'],
      ['ended_at', 'TIMESTAMPTZ'],
      ['duration_ms', 'DOUBLE'],
      ['rows', 'BIGINT'],
      ['accepted', 'BIGINT'],
      ['rewound', 'BIGINT'],
      ['last_step', 'BIGINT'],
      ['dropped', 'BIGINT'],
      ['invalid', 'BIGINT'],
      ['lost', 'BIGINT'],
      ['tags', 'VARCHAR[]'],
      ['notes', 'VARCHAR'],
      ['group', 'VARCHAR'],
      ['rank', 'BIGINT'],
      ['parent', 'VARCHAR'],
      ['exit_code', 'BIGINT'],
      ['error', 'VARCHAR'],
      ['alerts', 'BIGINT'],
      ['project', 'VARCHAR'],
      ...summaries.map(({ name, type }) => [name, type] as const),
    ],
    rows: runs.map((run) => [
      run.experiment,
      run.run,
      run.runDir,
      run.uuid,
      run.status,
      moment(run.startedAt),
      moment(run.endedAt),
      run.durationMs,
      integer(run.rows),
      integer(run.accepted),
      integer(run.rewound),
      run.lastStep === null ? null : BigInt(run.lastStep),
      integer(run.dropped),
      integer(run.invalid),
      integer(run.lost),
      run.tags,
      run.notes,
      run.group,
      integer(run.rank),
      run.parent === undefined ? null : parentText(run.parent),
      integer(run.exitCode),
      run.error === undefined ? null : jsonOrText(run.error),
      integer(run.alerts.length + run.alertsLeftOut),
      run.project,
      ...summaries.map((column) => column.of(run)),
    ]),
  };
}

/**
 * Makes a table with one row per parameter: its path as in {@link paramLeaves}, its text (JSON for
 * a list), and its number if it is one.
 */
export function paramsTable(runs: readonly RunFacts[]): FactTable {
  return {
    columns: [
      ['experiment', 'VARCHAR'],
      ['run', 'VARCHAR'],
      ['key', 'VARCHAR'],
      ['value', 'VARCHAR'],
      ['number', 'DOUBLE'],
    ],
    rows: paramRows(runs),
  };
}

function* paramRows(runs: readonly RunFacts[]): Generator<Cell[]> {
  for (const { experiment, run, params } of runs)
    for (const [key, value] of paramLeaves(params)) {
      if (isParamGroup(value)) continue;
      const number = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
      yield [experiment, run, key, paramText(value), number];
    }
}

function paramText(value: ParamValue): string | null {
  if (value === null) return null;
  return typeof value === 'object' ? jsonOrText(value) : String(value);
}

/** Makes a table with one row per log line; logs that cannot be read are reported in `skipped`. */
export function logsTable(fs: FsPort, runs: readonly RunFacts[], skipped: Skipped[]): FactTable {
  return {
    columns: [
      ['experiment', 'VARCHAR'],
      ['run', 'VARCHAR'],
      ['timestamp', 'TIMESTAMPTZ'],
      ['level', 'VARCHAR'],
      ['message', 'VARCHAR'],
      ['meta', 'VARCHAR'],
    ],
    rows: logRows(fs, runs, skipped),
  };
}

function* logRows(fs: FsPort, runs: readonly RunFacts[], skipped: Skipped[]): Generator<Cell[]> {
  for (const { experiment, run, runDir } of runs)
    for (const line of linesOf(fs, runDir, skipped)) {
      const said = parseLogLine(line);
      if (said === undefined) continue;
      const meta = Object.keys(said.meta).length === 0 ? null : jsonOrText(said.meta);
      yield [experiment, run, said.timestampMs, said.level, said.message, meta];
    }
}

function linesOf(fs: FsPort, runDir: string, skipped: Skipped[]): string[] {
  const path = join(runDir, LOG_NAME);
  try {
    if (fs.stat(path) === null) return [];
    const file = fs.open(path, 'read');
    try {
      const { kind, size } = fs.statOpen(file);
      if (kind !== 'file') throw new TypeError(`${path} is not a regular file`);
      const bytes = Buffer.alloc(Math.min(size, MAX_LOG_BYTES));
      readAll(fs, file, bytes, size - bytes.length, path);
      if (size > bytes.length)
        skipped.push({
          runDir,
          code: 'TOO_LARGE',
          reason: `only the last ${MAX_LOG_BYTES} bytes of ${path} were read`,
        });
      return bytes.toString('utf8').split('\n');
    } finally {
      fs.close(file);
    }
  } catch (error) {
    throwProcessFault(error);
    skipped.push(skippedFor(runDir, error));
    return [];
  }
}

const moment = (iso: string | undefined): number | null => {
  const ms = Date.parse(iso ?? '');
  return Number.isNaN(ms) ? null : ms;
};

/** Converts a count from a file, which may not be an integer. */
const integer = (count: number | undefined): bigint | null =>
  Number.isSafeInteger(count) ? BigInt(count ?? 0) : null;
