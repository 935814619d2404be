import type { RunFacts } from '../../model/run-facts.js';
import type { FsPort } from '../../storage/fs-port.js';
import { METRICS_NAME } from '../../storage/metrics-file.js';
import { verifyRun } from '../verify-run.js';
import { artifactLinksTable, artifactVersionsTable, linksSkipped } from './artifact-tables.js';
import { BOUNDED_FUNCTIONS } from './bounded-text.js';
import type { Database } from './duckdb.js';
import { logsTable, paramsTable, runsTable } from './fact-tables.js';
import type { FactsSource, Skipped } from './facts-source.js';
import { type ViewSql, longView, wideView } from './metric-views.js';
import { MetricFiles } from './parquet-sources.js';
import { identifier, literal } from './sql-text.js';
import { type SummaryColumn, summariesTable, summaryColumns } from './summary-tables.js';
import { TableFile } from './table-file.js';
import type { TempFolder } from './temp-folder.js';

/**
 * The columns for summary values in the view `runs`.
 *
 * @bound tells: skipped says how many have none; specs/reader/query/summaries.spec.ts "has room for
 * 1,000 summary values in the view runs, and all in the view summaries"
 */
const MAX_SUMMARIES = 1000;

/** The places that the views of a query are read from. */
export interface ViewSources {
  readonly fs: FsPort;
  readonly baseDir: string;
  readonly source: FactsSource;
  readonly temp: TempFolder;
}

/** The views of one query; files are read once, however often the views are created. */
export class Views {
  private readonly metricFiles: MetricFiles;
  private areMetricsFound = false;
  private logsSkipped: Skipped[] = [];
  private artifactsSkipped: Skipped[] = [];
  private tableFile: TableFile | null = null;
  private summariesSkipped: Skipped[] = [];

  constructor(private readonly sources: ViewSources) {
    this.metricFiles = new MetricFiles(sources.fs, sources.baseDir, sources.temp);
  }

  /** Runs and files that could not be read, and why. */
  get skipped(): readonly Skipped[] {
    return [
      ...this.sources.source.skipped(),
      ...this.metricFiles.skipped,
      ...this.logsSkipped,
      ...this.artifactsSkipped,
      ...this.summariesSkipped,
      ...(this.tableFile?.skipped ?? []),
    ];
  }

  /**
   * Creates the views that a query names, and reads only what they need; returns the files that the
   * database reads later.
   */
  async create(database: Database, words: ReadonlySet<string>): Promise<readonly string[]> {
    // `query` through DESCRIBE or SHOW names no view, so all are created.
    const wants = (view: string): boolean =>
      words.has(view) || words.has('show') || words.has('duckdb_columns');
    const { fs, source, temp } = this.sources;
    const runs = source.runs();
    if (wants('runs')) await database.fill('runs', runsTable(runs, this.summariesOf(runs)));
    if (wants('summaries')) await database.fill('summaries', summariesTable(runs));
    if (wants('params')) await database.fill('params', paramsTable(runs));
    this.artifactsSkipped = [];
    if (wants('artifact_versions'))
      await database.fill(
        'artifact_versions',
        await artifactVersionsTable(fs, this.sources.baseDir, this.artifactsSkipped),
      );
    if (wants('artifact_links')) {
      await database.fill('artifact_links', artifactLinksTable(runs));
      this.artifactsSkipped.push(...linksSkipped(runs));
    }
    this.logsSkipped = [];
    if (wants('logs')) await database.fill('logs', logsTable(fs, runs, this.logsSkipped));
    const { metricFiles } = this;
    if (wants('metrics') || wants('wide')) {
      if (!this.areMetricsFound) for (const run of runs) metricFiles.add(run);
      this.areMetricsFound = true;
      await database.fill(
        'files',
        {
          columns: [
            ['path', 'VARCHAR'],
            ['experiment', 'VARCHAR'],
            ['run', 'VARCHAR'],
          ],
          rows: metricFiles.files.map(({ path, facts }) => [path, facts.experiment, facts.run]),
        },
        'expman',
      );
    }
    if (wants('tables')) {
      this.tableFile ??= new TableFile(fs, runs, temp);
      await database.fill('logged_tables', this.tableFile.ids, 'expman');
      await makeView(database, 'tables', this.tableFile.view('expman.logged_tables'));
    }
    const { files } = metricFiles;
    if (wants('metrics')) await makeView(database, 'metrics', longView(files));
    if (wants('wide')) await makeView(database, 'wide', wideView(files));
    for (const sql of BOUNDED_FUNCTIONS) await database.run(sql);
    const tables = this.tableFile?.path ?? null;
    return [...files.map(({ path }) => path), ...(tables === null ? [] : [tables])];
  }

  /** Returns the columns of the view `runs` for summary values, as many as it has room for. */
  private summariesOf(runs: readonly RunFacts[]): SummaryColumn[] {
    const all = summaryColumns(runs);
    const left = all.length - MAX_SUMMARIES;
    const reason = `${left} of ${all.length} summary values have no column in the view runs; the view summaries has all of them`;
    this.summariesSkipped = left > 0 ? [{ runDir: this.sources.baseDir, code: 'TOO_LARGE', reason }] : [];
    return all.slice(0, MAX_SUMMARIES);
  }

  /** Excludes the files that turn out to be corrupt; false if there are none. */
  excludeCorrupt(): boolean {
    const { metricFiles, sources } = this;
    const problems = [...metricFiles.files].flatMap((file) => {
      if (file.isSnapshot) return [];
      const problem = verifyRun(sources.fs, file.facts.runDir).problems.find(
        (each) => each.file === METRICS_NAME,
      );
      return problem === undefined ? [] : [{ file, problem }];
    });
    for (const { file, problem } of problems) metricFiles.exclude(file, problem.message);
    return problems.length > 0;
  }
}

async function makeView(database: Database, name: string, { sql, lists }: ViewSql): Promise<void> {
  for (const [list, paths] of lists)
    await database.run(`SET VARIABLE ${list} = [${paths.map(literal).join(', ')}]`);
  await database.run(`CREATE VIEW ${identifier(name)} AS ${sql}`);
}
