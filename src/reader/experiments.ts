import { basename, dirname, join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { jsonable } from '../model/jsonable.js';
import { callback, metricName, ruleOf, string, strings } from '../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../model/options-table.js';
import { parseName } from '../model/names.js';
import { type Params, sanitiseParams } from '../model/params.js';
import type { MetricPoint } from '../model/metric.js';
import type { RunFacts } from '../model/run-facts.js';
import type { FsPort } from '../storage/fs-port.js';
import { readMapping } from '../run/run-record.js';
import { type OnScan, type RunListing, type UnreadableRun, listRuns } from './run-index.js';
import { type FactsGroup, figureNames, groupsOf } from './groups.js';
import { HISTORY_RULES, type HistoryOptions, historyOf } from './history.js';
import { POINT_RULES, type PointSelection } from './points.js';
import { StoredRun, openStoredRun } from './stored-run.js';

/** @bound refuses: CORRUPT, with the size */
const MAX_SWEEP_BYTES = 16 * 1024 * 1024;

/** Options of {@link Experiments}. */
export interface ExperimentsOptions {
  /**
   * The folder that caches listings; default `expman-rx` in `$XDG_CACHE_HOME` or `~/.cache`; null
   * for no cache.
   */
  readonly cacheDir?: string | null | undefined;
  /** Called with the progress of a long listing. */
  readonly onScan?: OnScan | undefined;
}

/** The rules of {@link ExperimentsOptions}. */
export const EXPERIMENTS_OPTIONS = optionsTable<ExperimentsOptions>()({
  cacheDir: ruleOf(
    'a path or null',
    (value): value is string | null => value === null || typeof value === 'string',
  ),
  onScan: callback<OnScan>().orNull(),
});

/** The runs to return; all by default. */
export interface RunQuery {
  /** Only runs of this experiment. */
  readonly experiment?: string | undefined;
  /** Only runs for which this returns true. */
  readonly where?: ((facts: RunFacts) => boolean) | undefined;
}

const RUN_RULES = {
  experiment: string(),
  where: callback<(facts: RunFacts) => boolean>(
    "a function of a run's facts, such as parseWhere(text).matches",
  ),
};
const RUN_QUERY = optionsTable<RunQuery>()(RUN_RULES);

/** The runs and points of a metric to read; all by default. */
export interface PointQuery extends RunQuery, PointSelection {}

const POINT_QUERY = optionsTable<PointQuery>()({ ...RUN_RULES, ...POINT_RULES });

/** The runs of a series, their order, and how many. */
export interface SeriesQuery extends RunQuery, HistoryOptions {}

const SERIES_QUERY = optionsTable<SeriesQuery>()({ ...RUN_RULES, ...HISTORY_RULES });

/** One figure of one run in a series. */
export interface SeriesPoint {
  readonly run: StoredRun;
  /** The value of the field that orders the series; for a date, milliseconds since the epoch. */
  readonly x: number | string;
  readonly value: number;
}

/** The runs to group, the field to group by, and the figures. */
export interface GroupQuery extends RunQuery {
  /** A field as in filters, such as `params.lr`, or `tag`; default `group`. */
  readonly by?: string | undefined;
  /** The figures: summary values, metrics or fields; all summary values and metrics by default. */
  readonly figures?: readonly string[] | undefined;
}

const GROUP_QUERY = optionsTable<GroupQuery>()({
  ...RUN_RULES,
  by: string().byDefault('group'),
  figures: strings('an array of names'),
});

/** Runs that have the same value of a field. */
export interface RunGroup extends Omit<FactsGroup, 'runs'> {
  readonly runs: readonly StoredRun[];
}

/** The points of a metric in one run. */
export interface RunPoints {
  readonly run: StoredRun;
  readonly points: readonly MetricPoint[];
}

/**
 * A folder of experiments (or one experiment, or a run); it is read on demand.
 *
 * @example
 * const lab = openExperiments('./experiments');
 * for (const run of await lab.runs({ where: ({ tags }) => tags.includes('baseline') }))
 *   console.log(run.facts.run, run.facts.status, run.facts.metrics.get('loss')?.min);
 */
export class Experiments {
  /** @hidden */
  constructor(
    private readonly fs: FsPort,
    /** The folder, absolute. */
    readonly dir: string,
    private readonly options: Partial<ResolvedBy<typeof EXPERIMENTS_OPTIONS>> = {},
  ) {}

  /**
   * Lists all runs as they are now, and the folders that cannot be read as a run, which hide none
   * of the others.
   *
   * @throws {@link ExpmanError} `RUN_NOT_FOUND` if there is no such folder
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- errors are rejections, and reading may move to a thread
  async list(): Promise<RunListing> {
    if (this.fs.stat(this.dir)?.kind !== 'folder')
      throw new ExpmanError('RUN_NOT_FOUND', `there is no folder ${this.dir}`, { path: this.dir });
    return listRuns(this.fs, this.dir, this.options.cacheDir, this.options.onScan);
  }

  /** Returns the experiments, by name. @throws as {@link list} */
  async experiments(): Promise<StoredExperiment[]> {
    const { runs, unreadable } = await this.list();
    const folders = new Map<string, StoredRun[]>();
    for (const facts of runs) {
      const stored = new StoredRun(this.fs, facts.runDir, facts);
      const known = folders.get(dirname(facts.runDir));
      if (known === undefined) folders.set(dirname(facts.runDir), [stored]);
      else known.push(stored);
    }
    for (const { runDir } of unreadable) if (!folders.has(dirname(runDir))) folders.set(dirname(runDir), []);
    return [...folders].map(([folder, stored]) => {
      const broken = unreadable.filter(({ runDir }) => dirname(runDir) === folder);
      return new StoredExperiment(this.fs, folder, stored, broken);
    });
  }

  /** Returns runs, by experiment and name. @throws as {@link list} */
  async runs(query: RunQuery = {}): Promise<StoredRun[]> {
    const { experiment, where } = RUN_QUERY.resolve(query);
    const { runs } = await this.list();
    return runs
      .filter(
        (facts) => (experiment === undefined || facts.experiment === experiment) && (where?.(facts) ?? true),
      )
      .map((facts) => new StoredRun(this.fs, facts.runDir, facts));
  }

  /**
   * Reads the numbers of one metric in several runs, as {@link StoredRun.points} does; runs that do
   * not have the metric are left out.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`, `CORRUPT`, `IO`, and as {@link list}
   * @example
   * for (const { run, points } of await lab.points('val_loss', { experiment: 'my_exp', last: 1 }))
   *   console.log(run.facts.run, points.at(-1)?.value);
   */
  async points(metric: string, query: PointQuery = {}): Promise<RunPoints[]> {
    const { experiment, where, ...selection } = POINT_QUERY.resolve(query);
    const runs = await this.runs({ experiment, where });
    const found: RunPoints[] = [];
    for (const run of runs) {
      const isFork = run.facts.parent !== undefined && selection.inherited;
      if (!run.facts.metrics.has(metric) && !isFork) continue;
      const points = await run.points(metric, selection);
      if (run.facts.metrics.has(metric) || points.length > 0) found.push({ run, points });
    }
    return found;
  }

  /**
   * Reads one figure of several runs, one point per run: a summary value, else a metric by its
   * definition (its last value without one), else a field such as `metrics.loss.min`. Runs that do
   * not have it are left out.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`, `INVALID_FILTER` if `by` is not a field, and as
   * {@link list}
   * @example
   * for (const { run, value } of await lab.series('pass_rate', { experiment: 'evals', last: 10 }))
   *   console.log(run.facts.startedAt, value);
   */
  async series(name: string, query: SeriesQuery = {}): Promise<SeriesPoint[]> {
    const wanted = metricName().check('name', name);
    const { experiment, where, by, last } = SERIES_QUERY.resolve(query);
    const runs = await this.runs({ experiment, where });
    const storedOf = new Map(runs.map((run) => [run.facts, run]));
    const { points } = historyOf([...storedOf.keys()], wanted, { by, last });
    return points.flatMap(({ facts, x, value }) => {
      const run = storedOf.get(facts);
      return run === undefined ? [] : [{ run, x, value }];
    });
  }

  /**
   * Groups runs by a field, with mean, deviation and best of their figures; the ranks of one
   * distributed run count as one. With `by: 'tag'` a run is in the group of each of its tags.
   *
   * @throws {@link ExpmanError} `INVALID_OPTION`, `INVALID_FILTER` if `by` is not a field, and as
   * {@link list}
   * @example
   * for (const { value, count, figures } of await lab.groups({ by: 'params.lr', figures: ['accuracy'] }))
   *   console.log(value, count, figures.get('accuracy')?.mean);
   */
  async groups(query: GroupQuery = {}): Promise<RunGroup[]> {
    const { experiment, where, by, figures } = GROUP_QUERY.resolve(query);
    const runs = await this.runs({ experiment, where });
    const storedOf = new Map(runs.map((run) => [run.facts, run]));
    const facts = [...storedOf.keys()];
    return groupsOf(facts, by, figures ?? figureNames(facts)).map((group) =>
      jsonable({ ...group, runs: group.runs.flatMap((each) => storedOf.get(each) ?? []) }),
    );
  }

  /**
   * Returns one run.
   *
   * @throws {@link ExpmanError} `INVALID_NAME`, `RUN_NOT_FOUND`, `CORRUPT`, `UNSAFE_YAML` or `IO`
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async run(experiment: string, run: string): Promise<StoredRun> {
    const folder = join(this.dir, parseName('experiment', experiment));
    if (this.fs.stat(folder)?.kind !== 'folder')
      throw new ExpmanError('RUN_NOT_FOUND', `there is no experiment ${experiment} in ${this.dir}`, {
        path: folder,
      });
    return openStoredRun(this.fs, join(folder, parseName('run', run)));
  }
}

/** An experiment on disk. */
export class StoredExperiment {
  readonly name: string;

  /** @hidden */
  constructor(
    private readonly fs: FsPort,
    /** Its folder, absolute. */
    readonly dir: string,
    /** The runs, by name. */
    readonly runs: readonly StoredRun[],
    /** Folders in it that cannot be read as a run. */
    readonly unreadable: readonly UnreadableRun[],
  ) {
    this.name = basename(dir);
  }

  /**
   * Returns title, description and tags, from `experiment.yaml`.
   *
   * @throws {@link ExpmanError} `CORRUPT`, `UNSAFE_YAML` or `IO`
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async about(): Promise<Params> {
    return sanitiseParams(readMapping(this.fs, this.dir, 'experiment.yaml') ?? {}).params;
  }

  /**
   * Returns space, trials and best trial of the sweep, from `sweep.yaml`; null if the experiment is
   * not a sweep.
   *
   * @throws as {@link about}
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async sweep(): Promise<Params | null> {
    const file = readMapping(this.fs, this.dir, 'sweep.yaml', MAX_SWEEP_BYTES);
    return file === null ? null : sanitiseParams(file).params;
  }
}
