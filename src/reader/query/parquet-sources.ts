import { dirname, join, relative, sep } from 'node:path';
import type { ColumnType } from '../../columnar/column.js';
import { ExpmanError } from '../../model/errors.js';
import type { RunFacts } from '../../model/run-facts.js';
import type { FsPort } from '../../storage/fs-port.js';
import { METRICS_NAME } from '../../storage/metrics-file.js';
import { readFooter } from '../../storage/metrics-footer.js';
import { publishedFile } from '../../run/summaries/file-metadata.js';
import { segmentNames } from '../../run/replay/segment-files.js';
import { throwProcessFault } from '../process-fault.js';
import { openContents } from '../inspect-run.js';
import { type Skipped, skippedFor } from './facts-source.js';
import { numbersBeside, writeSnapshot } from './snapshot-file.js';
import { folded } from './sql-text.js';
import type { TempFolder } from './temp-folder.js';

/** A metric's column in a Parquet file. */
export interface MetricColumn {
  readonly metric: string;
  readonly column: string;
  readonly type: ColumnType;
  /** For a column of text: the place of values that were logged as numbers. */
  readonly numbers?: NumberPlace;
}

/**
 * Nowhere; in the cells that read as numbers; or in a column of their own, beside that of the
 * texts.
 */
export type NumberPlace = 'nowhere' | 'alike' | { readonly column: string };

/** The rows of one run as a Parquet file that the database may read. */
export interface MetricFile {
  readonly facts: RunFacts;
  readonly path: string;
  readonly columns: readonly MetricColumn[];
  /**
   * True if it was written for this query, because the run's own file lacks rows or has names that
   * the database cannot handle.
   */
  readonly isSnapshot: boolean;
}

/** Finds the files with the rows of runs, and checks each before the database reads it. */
export class MetricFiles {
  readonly files: MetricFile[] = [];
  readonly skipped: Skipped[] = [];
  /** Metrics in snapshots have short names, the same in all of them. */
  private readonly names = new Map<string, string>();
  /**
   * The number of snapshots begun: a failed one keeps its number, because its half-written file
   * exists.
   */
  private snapshots = 0;

  constructor(
    private readonly fs: FsPort,
    private readonly baseDir: string,
    private readonly temp: TempFolder,
  ) {}

  /**
   * Adds a run; one whose files cannot be read is skipped and reported.
   *
   * @throws ExpmanError `IO` for errors that are not the fault of a run: the answer would be wrong
   * for all runs left out
   */
  add(facts: RunFacts): void {
    try {
      checkPlace(this.fs, this.baseDir, facts.runDir);
      const file =
        segmentNames(this.fs, facts.runDir).length > 0 ? this.snapshot(facts) : this.published(facts);
      if (file !== null) this.files.push(file);
    } catch (error) {
      if (error === this.temp.failure) throw error;
      throwProcessFault(error);
      this.skipped.push(skippedFor(facts.runDir, error));
    }
  }

  /** Excludes a file that the database could not read. */
  exclude(file: MetricFile, reason: string): void {
    this.files.splice(this.files.indexOf(file), 1);
    this.skipped.push({ runDir: file.facts.runDir, code: 'CORRUPT', reason });
  }

  private published(facts: RunFacts): MetricFile | null {
    const path = join(facts.runDir, METRICS_NAME);
    if (this.fs.stat(path) === null) return null;
    const { footer, facts: said } = publishedFile(readFooter(this.fs, path), path);
    if (said.runUuid !== facts.uuid) throw corrupt(path, 'belongs to another run');
    const types = new Map(footer.fields.map(({ name, type }) => [name, type]));
    if (types.get('step') !== 'INT64' || types.get('timestamp') !== 'TIMESTAMP')
      throw corrupt(path, 'lacks the columns step (INT64) and timestamp');
    const ofTexts = new Set(
      said.tallies.flatMap(([metric, { count, texts }]) => (count === texts ? [metric] : [])),
    );
    const columns = said.columns.flatMap(([metric, column]): MetricColumn[] => {
      const type = types.get(column);
      if (type === undefined) return [];
      return [
        {
          metric,
          column,
          type,
          ...(type === 'UTF8' && { numbers: ofTexts.has(metric) ? 'nowhere' : 'alike' }),
        },
      ];
    });
    const alike = new Set(columns.flatMap(({ column, numbers }) => (numbers === 'alike' ? [column] : [])));
    const isMarked = footer.fields.some(
      ({ name }, at) =>
        alike.has(name) && footer.groups.some(({ chunks }) => chunks[at]?.marks !== undefined),
    );
    const names = footer.fields.map(({ name }) => name);
    // The database does not see marks, and would take texts that look like numbers for numbers.
    if (isMarked || !isTellable(path, names)) return this.snapshot(facts);
    return { facts, path, columns, isSnapshot: false };
  }

  private snapshot(facts: RunFacts): MetricFile {
    const { info, rows } = openContents(this.fs, facts.runDir);
    try {
      if (info.corrupt.length > 0)
        this.skipped.push(
          skippedFor(
            facts.runDir,
            corrupt(facts.runDir, `has files that fail their checks: ${info.corrupt.join(', ')}`),
          ),
        );
      const path = join(this.temp.path, `${this.snapshots++}.parquet`);
      const metrics = new Map([...rows.columnOf].map(([metric, column]) => [column, metric]));
      writeSnapshot(this.fs, path, rows, (name) => this.shortName(metrics.get(name) ?? null, name));
      const columns = rows.fields.flatMap(({ name, type }) => {
        const metric = metrics.get(name);
        if (metric === undefined) return [];
        const column = this.shortName(metric, name);
        return [
          { metric, column, type, ...(type === 'UTF8' && { numbers: { column: numbersBeside(column) } }) },
        ];
      });
      return { facts, path, columns, isSnapshot: true };
    } finally {
      rows.close();
    }
  }

  private shortName(metric: string | null, name: string): string {
    if (metric === null) return name;
    const short = this.names.get(metric) ?? `m${this.names.size}`;
    this.names.set(metric, short);
    return short;
  }
}

/**
 * Checks that a run is in an experiment folder in the base folder, and that none of them is a link
 * to somewhere else.
 */
function checkPlace(fs: FsPort, baseDir: string, runDir: string): void {
  const way = relative(baseDir, runDir);
  const isBelow = way !== '..' && !way.startsWith(`..${sep}`);
  const places = way === '' ? [runDir] : [runDir, dirname(runDir)];
  if (isBelow && places.every((place) => place === baseDir || fs.stat(place)?.kind === 'folder')) return;
  throw new ExpmanError('IO', `${runDir} is not a folder in ${baseDir}`, { path: runDir });
}

// Characters that the database takes for a pattern in a path cannot be escaped everywhere; some
// column names are reserved by its reader.
const PATTERN = /[*?[\]{}]/;
const TAKEN: ReadonlySet<string> = new Set(['', 'filename', 'file_index', 'file_row_number']);

/** True if path and column names mean the same to the database, which ignores case. */
function isTellable(path: string, columns: readonly string[]): boolean {
  const names = new Set(columns.map(folded));
  const isOdd = (name: string): boolean => TAKEN.has(name) || name.includes('\0');
  return !PATTERN.test(path) && names.size === columns.length && ![...names].some(isOdd);
}

function corrupt(path: string, what: string): ExpmanError {
  return new ExpmanError('CORRUPT', `${path} ${what}`, { path });
}
