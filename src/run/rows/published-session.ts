import { bitAt } from '../../columnar/bitmap.js';
import type { Column } from '../../columnar/column.js';
import { concatColumns } from '../../columnar/concat.js';
import { doubleAt, halvesOf, isSafeAt } from '../../columnar/int64.js';
import { STEP_FIELD, TIMESTAMP_FIELD } from '../../columnar/row-group.js';
import { sliceColumn } from '../../columnar/slice.js';
import { type ChunkReader, readColumn } from '../../storage/chunk-reader.js';
import type { PublishedFile } from '../summaries/file-metadata.js';
import { JOIN_WINDOW_ROWS, type JoinWindow, type SessionStart } from './row-joiner.js';

/**
 * The state of the session of a published file's watermark, for a joiner that continues it; null if
 * the file has no rows of it, or does not say (a file of 0.1.0: no call joins its rows).
 */
export function publishedSession(file: PublishedFile, read: ChunkReader): SessionStart | null {
  const { facts, rows } = file;
  const session = facts.sessions.at(-1);
  if (session?.epoch !== facts.watermark.epoch) return null;
  const own = rows - session.firstRow;
  return {
    rows: own,
    greatestStep: facts.lastStep === null ? -Infinity : Number(facts.lastStep),
    window: () => joinWindow(file, new LastRows(file, read, Math.min(own, JOIN_WINDOW_ROWS))),
  };
}

function joinWindow(file: PublishedFile, last: LastRows): JoinWindow {
  const { rows } = last;
  const step = last.column(STEP_FIELD.name);
  const timestamp = last.column(TIMESTAMP_FIELD.name);
  if (step?.type !== 'INT64' || timestamp?.type !== 'TIMESTAMP') throw new TypeError('the file has no steps');
  const halves = halvesOf(step.values);
  const steps = new Float64Array(rows).fill(NaN);
  const wideSteps = new Map<number, bigint>();
  for (let row = 0; row < rows; row++) {
    if (!hasValue(step, row)) continue;
    steps[row] = doubleAt(halves, row);
    if (!isSafeAt(halves, row)) wideSteps.set(row, step.values[row] ?? 0n);
  }
  const nameOf = new Map(file.facts.columns.map(([metric, name]) => [metric, name]));
  return {
    steps,
    wideSteps,
    stamps: stampsOf(file.facts.stamps, timestamp.values),
    held: (row) => ({
      has: (metric) => {
        // A metric may be named '', so no name can represent a column that the file lacks.
        const name = nameOf.get(metric);
        const column = name === undefined ? null : last.column(name);
        return column !== null && hasValue(column, row);
      },
    }),
    readAll: () => {
      for (const { name } of file.footer.fields) last.column(name);
    },
  };
}

const hasValue = ({ validity }: Column, row: number): boolean => validity === null || bitAt(validity, row);

/** The timestamps given by callers; NaN for rows with the clock's. */
function stampsOf(runs: readonly number[], timestamps: BigInt64Array): Float64Array {
  const stamps = new Float64Array(timestamps.length).fill(NaN);
  let row = timestamps.length - runs.reduce((sum, length) => sum + length, 0);
  for (const [at, length] of runs.entries()) {
    if (at % 2 === 1)
      for (let i = Math.max(0, -row); i < length; i++) stamps[row + i] = Number(timestamps[row + i] ?? 0n);
    row += length;
  }
  return stamps;
}

/** The last rows of a file; each column is read on first use. */
class LastRows {
  private readonly columns = new Map<string, Column | null>();

  constructor(
    private readonly file: PublishedFile,
    private readonly read: ChunkReader,
    readonly rows: number,
  ) {}

  /** Returns null for a column that the file lacks. */
  column(name: string): Column | null {
    let column = this.columns.get(name);
    if (column === undefined) this.columns.set(name, (column = this.load(name)));
    return column;
  }

  private load(name: string): Column | null {
    const { fields, groups } = this.file.footer;
    const place = fields.findIndex((field) => field.name === name);
    const type = fields[place]?.type;
    if (type === undefined) return null;
    const pieces: Column[] = [];
    let missing = this.rows;
    for (let group = groups.length - 1; group >= 0 && missing > 0; group--) {
      const { rows = 0, chunks = [] } = groups[group] ?? {};
      const chunk = chunks[place];
      const taken = Math.min(rows, missing);
      pieces.unshift(sliceColumn(readColumn(this.read, chunk, type, rows), rows - taken, rows));
      missing -= taken;
    }
    return concatColumns(type, pieces);
  }
}
