import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { type ArtifactLinks, artifactLinksIn } from '../model/artifact-links.js';
import { codeOf, messageOf } from '../model/errors.js';
import { jsonable } from '../model/jsonable.js';
import type { MetricSummary } from '../model/metric.js';
import { type Params, decodeParams, encodeParams } from '../model/params.js';
import type { RunFacts } from '../model/run-facts.js';
import { type AlertFacts, alertFactsIn } from '../model/alerts.js';
import { type SummaryFacts, summaryFactsIn } from '../model/summary-values.js';
import { readWhole, replaceFile } from '../storage/atomic-file.js';
import type { FileFacts, FsPort } from '../storage/fs-port.js';
import { makeFolders } from '../storage/make-folders.js';
import { privateFs } from '../storage/node-fs.js';
import { readProject } from '../run/experiment-file.js';
import { CONFIG_NAME, RUN_NAME } from '../run/file-names.js';
import { throwProcessFault } from './process-fault.js';
import { mayHoldRuns } from './run-folders.js';
import { plainFacts, readFacts, summaryIn } from './read-facts.js';

const VERSION = 4;
/** @bound loses nothing: without a cache each run is read */
const MAX_CACHE_BYTES = 1024 * 1024 * 1024;
/** A folder changed this recently may change again without a new modification time. */
const RACY_MS = 2000;
/**
 * The least number of runs for which a cache is worth its file.
 *
 * @bound loses nothing: fewer runs are listed without a cache
 */
const WORTHWHILE = 100;
/** Levels of folders: an experiment holds runs, and a folder of experiments holds experiments. */
const DEPTH = 2;

/** A run folder that cannot be read; it does not hide the others. */
export interface UnreadableRun {
  readonly runDir: string;
  /** The name of the folder above it. */
  readonly experiment: string;
  readonly run: string;
  /** An {@link ErrorCode}. */
  readonly code: string;
  readonly message: string;
}

/** The runs below a folder. */
export interface RunListing {
  /** By experiment and name. */
  readonly runs: readonly RunFacts[];
  readonly unreadable: readonly UnreadableRun[];
}

/** Called with the progress of a listing. */
export type OnScan = (done: number, total: number) => void;

/**
 * Returns the default folder of the cache: `expman-rx` in `$XDG_CACHE_HOME`, or in `~/.cache`;
 * null, for no cache, if the user has no home, as in a container that runs under an arbitrary user
 * id.
 */
export function defaultCacheDir(): string | null {
  const given = process.env['XDG_CACHE_HOME'];
  if (given !== undefined && given !== '') return join(given, 'expman-rx');
  try {
    return join(homedir(), '.cache', 'expman-rx');
  } catch {
    return null;
  }
}

interface Entry {
  /** Inode, size and time of the run's folder, its run.yaml and its config.yaml. */
  readonly key: string;
  readonly text: string;
}

/**
 * Lists the runs at or below a folder: a run, an experiment, or a folder of experiments. Links are
 * not followed.
 *
 * Facts of closed runs are cached in a file in `cacheDir` (null for no cache), and are valid while
 * a run's folder and its two YAML files have the same inode, size and time. That file may be
 * deleted at any moment; one that is not valid is ignored.
 */
export function listRuns(
  fs: FsPort,
  base: string,
  cacheDir: string | null = defaultCacheDir(),
  onScan: OnScan = () => undefined,
): RunListing {
  const unreadable: UnreadableRun[] = [];
  const found = runsBelow(fs, base, DEPTH, unreadable);
  const cachePath = cacheDir === null ? null : join(cacheDir, cacheName(base));
  const cache = cachePath === null || found.length < WORTHWHILE ? EMPTY : readCache(fs, cachePath);
  const next = new Map<string, Entry>();
  const runs: RunFacts[] = [];
  const now = Date.now();
  const projects = new Map<string, string | null>();
  const projectOf = (folder: string): string | null => {
    const project = projects.get(folder) ?? (projects.has(folder) ? null : readProject(fs, folder));
    projects.set(folder, project);
    return project;
  };
  let fresh = 0;
  found.forEach(({ runDir, folder, file }, index) => {
    onScan(index, found.length);
    try {
      const key = keyOf(folder, file, fs.stat(join(runDir, CONFIG_NAME)));
      const known = cache.get(runDir);
      const remembered = known?.key === key ? factsFrom(known.text, runDir, projectOf) : null;
      if (remembered !== null && known !== undefined) {
        next.set(runDir, known);
        runs.push(remembered);
        return;
      }
      const { facts, isSettled } = readFacts(fs, runDir, projectOf);
      runs.push(facts);
      if (!isSettled || now - folder.modifiedMs < RACY_MS) return;
      fresh++;
      next.set(runDir, { key, text: encodeParams(plainFacts(facts)) });
    } catch (error) {
      throwProcessFault(error);
      unreadable.push(unreadableRun(runDir, error));
    }
  });
  const isStale = fresh > 0 || next.size < cache.size;
  if (cachePath !== null && found.length >= WORTHWHILE && isStale) attempt(() => writeCache(cachePath, next));
  return { runs, unreadable };
}

function unreadableRun(runDir: string, error: unknown): UnreadableRun {
  return {
    runDir,
    experiment: basename(dirname(runDir)),
    run: basename(runDir),
    code: codeOf(error, 'IO'),
    message: messageOf(error),
  };
}

interface FoundRun {
  readonly runDir: string;
  readonly folder: FileFacts;
  readonly file: FileFacts;
}

function runsBelow(fs: FsPort, path: string, depth: number, unreadable: UnreadableRun[]): FoundRun[] {
  let names: string[] = [];
  try {
    const folder = fs.stat(path);
    if (folder?.kind !== 'folder') return [];
    const file = fs.stat(join(path, RUN_NAME));
    if (file?.kind === 'file') return [{ runDir: path, folder, file }];
    // The folder of a run that is being imported lies in a hidden folder, and so do artifacts.
    if (depth > 0) names = fs.list(path).filter(mayHoldRuns);
  } catch (error) {
    throwProcessFault(error);
    // At this depth it may be a run; above, it is a folder of something else.
    if (depth === 0) unreadable.push(unreadableRun(path, error));
    return [];
  }
  return names.sort().flatMap((name) => runsBelow(fs, join(path, name), depth - 1, unreadable));
}

function keyOf(...files: readonly (FileFacts | null)[]): string {
  return files
    .map((facts) => (facts === null ? '-' : `${facts.inode}:${facts.size}:${facts.modifiedMs}`))
    .join(' ');
}

const EMPTY: ReadonlyMap<string, Entry> = new Map();

const cacheName = (base: string): string =>
  // @bound loses nothing: the name of a file in a cache
  `${createHash('sha256').update(base).digest('hex').slice(0, 32)}.json`;

function readCache(fs: FsPort, path: string): ReadonlyMap<string, Entry> {
  try {
    const [head, ...lines] = readWhole(fs, path, MAX_CACHE_BYTES).toString('utf8').split('\n');
    if (head !== headLine()) return EMPTY;
    return new Map(
      lines.flatMap((line) => {
        const [runDir, key, text] = line.split('\t');
        return runDir === undefined || key === undefined || text === undefined
          ? []
          : [[JSON.parse(runDir) as string, { key, text }] as const];
      }),
    );
  } catch {
    return EMPTY;
  }
}

function writeCache(path: string, entries: ReadonlyMap<string, Entry>): void {
  // It repeats what private runs say.
  makeFolders(privateFs, dirname(path));
  const lines = [...entries].map(([runDir, { key, text }]) => `${JSON.stringify(runDir)}\t${key}\t${text}`);
  replaceFile(privateFs, path, Buffer.from([headLine(), ...lines].join('\n')));
}

const headLine = (): string => `expman-rx listing ${VERSION}`;

/** Parses the facts in a cache; null if they are not valid. */
function factsFrom(
  text: string,
  runDir: string,
  projectOf: (experimentFolder: string) => string | null,
): RunFacts | null {
  try {
    const { metrics, summary, headline, definitions, alerts, alertsLeftOut, ...facts } = decodeParams(text);
    if (typeof facts['uuid'] !== 'string' || !Array.isArray(metrics)) return null;
    // The folder is the one that was found, whatever the cache says.
    return jsonable({
      ...(facts as unknown as Omit<RunFacts, 'metrics' | keyof (SummaryFacts & ArtifactLinks & AlertFacts)>),
      runDir,
      // It may have changed, and no file of the run with it.
      project: projectOf(dirname(runDir)),
      metrics: jsonable(new Map(summariesFrom(metrics))),
      ...artifactLinksIn(facts),
      ...summaryFactsIn({ summary, headline, definitions }),
      ...alertFactsIn({ alerts, alertsLeftOut }),
    });
  } catch {
    return null;
  }
}

function summariesFrom(metrics: readonly unknown[]): [string, MetricSummary][] {
  return metrics.flatMap((entry): [string, MetricSummary][] => {
    if (!Array.isArray(entry)) return [];
    const [metric, said] = entry as readonly unknown[];
    const summary = summaryIn((said ?? {}) as Params);
    return typeof metric === 'string' && summary !== null ? [[metric, summary]] : [];
  });
}
