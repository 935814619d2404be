import type { FsPort } from '../../storage/fs-port.js';
import { METRICS_NAME } from '../../storage/metrics-file.js';
import { verifyRun } from '../verify-run.js';
import { BOUNDED_FUNCTIONS } from './bounded-text.js';
import type { Database } from './duckdb.js';
import { logsTable, paramsTable, runsTable } from './fact-tables.js';
import type { FactsSource, Skipped } from './facts-source.js';
import { type ViewSql, longView, wideView } from './metric-views.js';
import { MetricFiles } from './parquet-sources.js';
import { identifier, literal } from './sql-text.js';
import { TableFile } from './table-file.js';
import type { TempFolder } from './temp-folder.js';

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
  private tableFile: TableFile | null = null;

  constructor(private readonly sources: ViewSources) {
    this.metricFiles = new MetricFiles(sources.fs, sources.baseDir, sources.temp);
  }

  /** Runs and files that could not be read, and why. */
  get skipped(): readonly Skipped[] {
    return [
      ...this.sources.source.skipped(),
      ...this.metricFiles.skipped,
      ...this.logsSkipped,
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
    if (wants('runs')) await database.fill('runs', runsTable(runs));
    if (wants('params')) await database.fill('params', paramsTable(runs));
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
