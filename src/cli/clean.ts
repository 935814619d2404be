import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { hideRun, removeHidden } from '../interop/target/hidden-folders.js';
import { ExpmanError } from '../model/errors.js';
import type { RunFacts } from '../model/run-facts.js';
import { printable } from '../model/printable.js';
import { nodeFs } from '../storage/node-fs.js';
import { OwnerWatch, mustHaveEndedHere } from '../storage/owner-watch.js';
import { releaseLock, takeLock } from '../storage/run-lock.js';
import { readIdentity } from '../run/identity.js';
import { type CommandRun, UsageError, codeAndMessageOf, durationOption, numberOption } from './command.js';
import type { CLEAN } from './command-options.js';
import { filterOf, findRuns } from './find-runs.js';
import { pointOutUnknown } from './point-out.js';
import { type SparedParent, sparedParents, sparedText } from './spared-parents.js';
import { type Cell, ExitCode, type Terminal } from './terminal.js';
import { bytesText, count, moment, quantity, statusCell } from './words.js';

interface Candidate {
  readonly facts: RunFacts;
  readonly bytes: number;
}

export const run: CommandRun<typeof CLEAN> = ([dir = ''], options, terminal) => {
  const keep = numberOption(options, 'keep', { min: 0 });
  const olderThan = durationOption(options, 'olderThan');
  const filter = filterOf(options);
  if (keep === undefined && olderThan === undefined && filter === null)
    throw new UsageError('say which runs to delete: --keep, --older-than or --where');
  const base = resolve(dir);
  const { runs } = findRuns(dir, {}, terminal);
  pointOutUnknown({ where: options.where }, runs, terminal);
  const chosen = beyondNewest(runs, keep ?? 0)
    .filter((facts) => (filter?.matches(facts) ?? true) && facts.status !== 'RUNNING')
    .filter(({ startedAt }) => olderThan === undefined || Date.parse(startedAt) < Date.now() - olderThan);
  const spared = sparedParents(chosen);
  for (const each of spared) terminal.complain(sparedText(each));
  const old = chosen
    .filter(({ runDir }) => spared.every((each) => each.runDir !== runDir))
    .map((facts) => ({ facts, bytes: bytesIn(facts.runDir) }));
  const isForced = options.force === true && options.dryRun !== true;
  const failed = isForced ? deleteAll(base, old, terminal) : new Map<string, string>();
  report({ old, spared, failed, total: runs.length, isForced }, options.json === true, terminal);
  return failed.size > 0 ? ExitCode.io : ExitCode.ok;
};

/** Returns the runs after the newest `keep` of each experiment, by start time. */
function beyondNewest(runs: readonly RunFacts[], keep: number): RunFacts[] {
  const byExperiment = new Map<string, RunFacts[]>();
  for (const facts of runs) {
    const folder = dirname(facts.runDir);
    const known = byExperiment.get(folder);
    if (known === undefined) byExperiment.set(folder, [facts]);
    else known.push(facts);
  }
  const newestFirst = (one: RunFacts, other: RunFacts): number =>
    other.startedAt.localeCompare(one.startedAt) || other.run.localeCompare(one.run);
  return [...byExperiment.values()].flatMap((all) => all.sort(newestFirst).slice(keep));
}

function deleteAll(base: string, old: readonly Candidate[], terminal: Terminal): ReadonlyMap<string, string> {
  const failed = new Map<string, string>();
  for (const [index, { facts }] of old.entries()) {
    terminal.progress(`deleting run ${index + 1} of ${old.length}`);
    try {
      deleteRun(base, facts);
    } catch (error) {
      failed.set(facts.runDir, codeAndMessageOf(error));
      terminal.complain(codeAndMessageOf(error));
    }
  }
  return failed;
}

/**
 * Deletes a run's folder. It must lie in the base, be a folder and not a link, and still hold the
 * listed run, without an owner.
 *
 * The folder is hidden first, so that one that cannot be deleted completely no longer looks like a
 * run.
 */
function deleteRun(base: string, { runDir, uuid }: RunFacts): void {
  const inside = relative(base, runDir);
  if (inside.startsWith('..') || inside.split(sep).includes('..'))
    throw new ExpmanError('INVALID_VALUE', `${runDir} lies outside ${base}`, { path: runDir });
  if (!lstatSync(runDir).isDirectory())
    throw new ExpmanError('INVALID_VALUE', `${runDir} is not a folder`, { path: runDir });
  const watch = new OwnerWatch(nodeFs, runDir);
  const ownership = watch.look();
  mustHaveEndedHere(runDir, ownership);
  // The lock of a dead owner keeps others away as well as ours would.
  const owner = ownership.kind === 'free' ? takeLock(nodeFs, runDir, 0, { watch, ends: true }) : null;
  let hidden: string;
  try {
    if (readIdentity(nodeFs, runDir).identity.uuid !== uuid)
      throw new ExpmanError('INVALID_VALUE', `${runDir} now holds another run`, { path: runDir });
    hidden = hideRun(runDir);
  } catch (error) {
    if (owner !== null) releaseLock(nodeFs, runDir, owner);
    throw error;
  }
  removeHidden(hidden, owner);
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sum + bytesIn(path);
    return entry.isFile() ? sum + lstatSync(path).size : sum;
  }, 0);
}

interface Cleaning {
  readonly old: readonly Candidate[];
  readonly spared: readonly SparedParent[];
  readonly failed: ReadonlyMap<string, string>;
  readonly total: number;
  readonly isForced: boolean;
}

function report({ old, spared, failed, total, isForced }: Cleaning, isJson: boolean, terminal: Terminal): void {
  const gone = old.filter(({ facts }) => !failed.has(facts.runDir));
  const bytes = gone.reduce((sum, each) => sum + each.bytes, 0);
  if (isJson) {
    terminal.json({
      dryRun: !isForced,
      deleted: gone.map(({ facts: { experiment, run, runDir, status, startedAt }, bytes }) => ({
        ...{ experiment, run, runDir, status, startedAt, bytes },
      })),
      spared,
      failed: [...failed].map(([runDir, message]) => ({ runDir, message })),
      kept: total - gone.length,
      bytes,
    });
    return;
  }
  if (gone.length > 0)
    terminal.table([
      ['run', 'status', 'started', 'size'],
      ...gone.map(({ facts, bytes: size }): Cell[] => [
        printable(`${facts.experiment}/${facts.run}`),
        statusCell(facts.status),
        moment(facts.startedAt),
        bytesText(size),
      ]),
    ]);
  const what = `${count(gone.length)} of ${quantity(total, 'runs')}, ${bytesText(bytes)}`;
  terminal.print(isForced ? `deleted ${what}` : `would delete ${what}; add --force to delete them`);
}
