import { createHash } from 'node:crypto';
import { ExpmanError } from '../../model/errors.js';
import { jsonText } from '../../model/json-text.js';
import { paramLeaves } from '../../model/param-value.js';
import type { RunFacts } from '../../model/run-facts.js';
import { LineageIndex } from '../../reader/artifacts/lineage.js';
import { type RunListing, type UnreadableRun, listRuns } from '../../reader/run-index.js';
import { parseSort } from '../../reader/where/parse-sort.js';
import { parseWhere } from '../../reader/where/parse-where.js';
import { nodeFs } from '../../storage/node-fs.js';
import type { HistoryRequest, RunsAnswer, RunsRequest } from '../api.js';
import { experimentFacts } from './experiment-facts.js';
import { findRun } from './find-run.js';
import { readHistory } from './read-history.js';
import type { ListNews, RunPlace } from './data-messages.js';

/** A list is fresh for this long, or for this many times the time it took to read. */
const FRESH = { ms: 500, times: 5 };
/** The same factor for checking whether anything has changed, which happens all the time. */
const VERSION_TIMES = 20;
/** A list is read again for a run it does not have, but no more often than this. */
const MISS_MS = 200;
/**
 * Characters of an answer; a longer one holds fewer runs than were asked for.
 *
 * @bound loses nothing: the answer says how many runs there are, and the next page has the rest
 */
const MAX_TEXT = 8 * 1024 * 1024;
/**
 * @bound tells: the answer and the menu of columns say how many more;
 * specs/dashboard/server/api.spec.ts "lists 1,000 names of metrics and of parameters, and says how
 * many there are beyond those"
 */
const MAX_KEYS = 1000;

interface Listing extends RunListing {
  readonly at: number;
  readonly tookMs: number;
  readonly places: ReadonlyMap<string, RunPlace>;
  readonly version: string;
}

/** The runs that match a question. */
interface Matching {
  readonly of: Listing;
  readonly key: string;
  readonly runs: readonly (RunFacts | UnreadableRun)[];
  readonly keys: Pick<
    RunsAnswer,
    'paramKeys' | 'metricKeys' | 'summaryKeys' | 'headlineKeys' | 'keysLeftOut'
  >;
  /** The number of parameters beyond those keys. */
  readonly paramsLeftOut: number;
}

/** The runs below a folder, listed again when the list is no longer fresh. */
export class RunsView {
  private listing: Listing | null = null;
  private matched: Matching | null = null;
  private index: { readonly of: Listing; readonly lineage: LineageIndex } | null = null;

  constructor(private readonly dir: string) {}

  /**
   * Returns a page of the matching runs as JSON of a `RunsAnswer`.
   *
   * @throws ExpmanError `INVALID_FILTER`
   */
  page({ offset, limit, ...query }: RunsRequest): string {
    const listing = this.fresh();
    const { runs: matching, keys } = this.matching(listing, query);
    const texts: string[] = [];
    let length = 0;
    for (const run of matching.slice(offset, offset + limit)) {
      const text = jsonText('code' in run ? unreadableFacts(run) : run);
      if ((length += text.length) > MAX_TEXT && texts.length > 0) break;
      texts.push(text);
    }
    const head = jsonText({ total: matching.length, offset, ...keys });
    return `${head.slice(0, -1)},"runs":[${texts.join(',')}]}`;
  }

  /** The matching runs in order; kept, because scrolling asks for the same ones again and again. */
  private matching(listing: Listing, query: Omit<RunsRequest, 'offset' | 'limit'>): Matching {
    const { experiment, where = '', sort = '-startedAt' } = query;
    const key = JSON.stringify([experiment, where, sort]);
    if (this.matched?.of === listing && this.matched.key === key) return this.matched;
    const filter = where.trim() === '' ? null : parseWhere(where);
    const order = parseSort(sort);
    const isWanted = (run: { readonly experiment: string }): boolean =>
      experiment === undefined || run.experiment === experiment;
    const runs = listing.runs
      .filter((facts) => isWanted(facts) && (filter?.matches(facts) ?? true))
      .sort(order);
    // An unreadable run has no facts to filter by; without a filter it is listed after the others.
    const unreadable = filter === null ? listing.unreadable.filter(isWanted) : [];
    this.matched = { of: listing, key, runs: [...runs, ...unreadable], ...keysOf(runs) };
    return this.matched;
  }

  /**
   * Returns the history of a figure as JSON of a `HistoryAnswer`.
   *
   * @throws ExpmanError `INVALID_FILTER`, `INVALID_OPTION`
   */
  history(query: HistoryRequest): string {
    const { runs, keys, paramsLeftOut } = this.matching(this.fresh(), {
      ...(query.experiment !== undefined && { experiment: query.experiment }),
      ...(query.where !== undefined && { where: query.where }),
    });
    const readable = runs.flatMap((run) => ('code' in run ? [] : [run]));
    return readHistory(readable, query, { paramKeys: keys.paramKeys, leftOut: paramsLeftOut });
  }

  /** Returns who has logged and used which versions of artifacts. */
  lineage(): LineageIndex {
    const listing = this.fresh();
    if (this.index?.of !== listing) this.index = { of: listing, lineage: new LineageIndex(listing.runs) };
    return this.index.lineage;
  }

  /**
   * Returns the experiments as JSON of an `ExperimentsAnswer`, by their latest run, newest first.
   */
  experiments(): string {
    const listing = this.fresh();
    const byName = new Map<string, { readonly runs: RunFacts[]; unreadable: number }>();
    const of = (name: string): { readonly runs: RunFacts[]; unreadable: number } => {
      const known = byName.get(name) ?? { runs: [], unreadable: 0 };
      byName.set(name, known);
      return known;
    };
    for (const facts of listing.runs) of(facts.experiment).runs.push(facts);
    for (const { experiment } of listing.unreadable) of(experiment).unreadable++;
    const experiments = [...byName].map(([name, { runs, unreadable }]) =>
      experimentFacts(name, runs, unreadable, this.folderOf(name)),
    );
    experiments.sort((a, b) => (b.lastStartedAt ?? '').localeCompare(a.lastStartedAt ?? ''));
    return jsonText({ experiments });
  }

  /** Returns the places of those runs that exist. */
  places(ids: readonly string[]): RunPlace[] {
    let listing = this.fresh();
    const missing = ids.filter((id) => !listing.places.has(id));
    const isOld = performance.now() - listing.at > Math.max(MISS_MS, listing.tookMs);
    if (missing.length > 0 && (isOld || missing.some((id) => this.hasBegun(id, listing))))
      listing = this.list();
    return ids.flatMap((id) => listing.places.get(id) ?? []);
  }

  /** Returns the folder of an experiment. @throws ExpmanError `RUN_NOT_FOUND` */
  folderOf(experiment: string): string {
    const { runs, unreadable } = this.fresh();
    const run = [...runs, ...unreadable].find((each) => each.experiment === experiment);
    if (run === undefined) throw new ExpmanError('RUN_NOT_FOUND', 'there is no such experiment');
    return run.runDir.slice(0, -run.run.length - 1);
  }

  /** Returns the state of the list and of some runs in it. */
  news(ids: readonly string[]): ListNews {
    const listing = this.fresh(VERSION_TIMES);
    const wanted = new Set(ids);
    const facts = listing.runs
      .map((run) => [`${run.experiment}/${run.run}`, run] as const)
      .filter(([id]) => wanted.has(id))
      .map(([id, run]) => [id, jsonText(run)] as const);
    return { version: listing.version, facts: Object.fromEntries(facts) };
  }

  /** Drops the list, so that a change shows at once. */
  forget(): void {
    this.listing = null;
  }

  /** True if a run that is missing from the list exists by now. */
  private hasBegun(id: string, { unreadable }: Listing): boolean {
    if (unreadable.some(({ experiment, run }) => `${experiment}/${run}` === id)) return false;
    return findRun(this.dir, id) !== null;
  }

  private fresh(times = FRESH.times): Listing {
    const { listing } = this;
    if (listing === null) return this.list();
    const { at, tookMs } = listing;
    return performance.now() - at < Math.max(FRESH.ms, times * tookMs) ? listing : this.list();
  }

  private list(): Listing {
    const begun = performance.now();
    const { runs, unreadable } = listRuns(nodeFs, this.dir);
    const places = new Map(
      runs.map((facts) => {
        const id = `${facts.experiment}/${facts.run}`;
        return [id, { id, runDir: facts.runDir, startedMs: Date.parse(facts.startedAt) }];
      }),
    );
    const version = createHash('sha1');
    for (const run of runs) {
      const { uuid, status, rows, tags, notes } = run;
      version.update(
        `${uuid} ${status} ${rows} ${tags.join(',')} ${notes} ${summaryText(run)} ${countsText(run)}\n`,
      );
    }
    for (const { runDir, code } of unreadable) version.update(`${runDir} ${code}\n`);
    const at = performance.now();
    this.listing = { runs, unreadable, at, tookMs: at - begun, places, version: version.digest('hex') };
    return this.listing;
  }
}

/** The summary of a run and its definitions as text; empty for a run that has neither. */
const summaryText = ({ summary, headline, definitions }: RunFacts): string =>
  Object.keys(summary).length + Object.keys(definitions).length === 0
    ? ''
    : jsonText([summary, headline, definitions]);

/** The project of a run, and the number of its alerts and of versions that it has logged and used. */
const countsText = ({ project, alerts, alertsLeftOut, loggedArtifacts, usedArtifacts }: RunFacts): string =>
  [
    project ?? '',
    alerts.length + alertsLeftOut,
    Object.keys(loggedArtifacts).length,
    Object.keys(usedArtifacts).length,
  ].join(' ');

function keysOf(runs: readonly RunFacts[]): Pick<Matching, 'keys' | 'paramsLeftOut'> {
  const paramKeys = new Set<string>();
  const metricKeys = new Set<string>();
  const summaryKeys = new Set<string>();
  const headlineKeys = new Set<string>();
  for (const { params, metrics, summary, headline } of runs) {
    for (const [key] of paramLeaves(params)) paramKeys.add(key);
    for (const name of metrics.keys()) metricKeys.add(name);
    for (const name of Object.keys(summary)) summaryKeys.add(name);
    for (const name of headline) headlineKeys.add(name);
  }
  const left = ({ size }: ReadonlySet<string>): number => Math.max(0, size - MAX_KEYS);
  const keysLeftOut = left(paramKeys) + left(metricKeys) + left(summaryKeys);
  return {
    keys: {
      paramKeys: firstSorted(paramKeys),
      metricKeys: firstSorted(metricKeys),
      summaryKeys: firstSorted(summaryKeys),
      headlineKeys: firstSorted(headlineKeys),
      ...(keysLeftOut > 0 && { keysLeftOut }),
    },
    paramsLeftOut: left(paramKeys),
  };
}

/** The first names to appear, sorted alphabetically. */
const firstSorted = (names: ReadonlySet<string>): string[] => [...names].slice(0, MAX_KEYS).sort();

const unreadableFacts = ({ experiment, run, runDir, code, message }: UnreadableRun): object => ({
  ...{ experiment, run, status: 'UNREADABLE' },
  error: { name: code, message: message.replaceAll(runDir, `${experiment}/${run}`) },
});
