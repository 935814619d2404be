import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { deleteClosedRun } from '../interop/target/delete-run.js';
import { ExpmanError } from '../model/errors.js';
import type { RunFacts } from '../model/run-facts.js';
import { printable } from '../model/printable.js';
import {
  type CommandRun,
  UsageError,
  codeAndMessageOf,
  durationOption,
  listOf,
  numberOption,
} from './command.js';
import type { CLEAN } from './command-options.js';
import { filterOf, findRuns } from './find-runs.js';
import { type BestRule, bestRule, newestFirst } from './keep-best.js';
import { pointOutUnknown } from './point-out.js';
import { type SparedParent, sparedParents, sparedText } from './spared-parents.js';
import { type Cell, ExitCode, type Terminal } from './terminal.js';
import { bytesText, count, firstOf, moment, quantity, statusCell, valueText } from './words.js';

/**
 * @bound tells: the line says how many more, --json has all; specs/cli/clean-best.spec.ts "says how
 * many of the best it does not name"
 */
const MAX_NAMED = 5;

interface Candidate {
  readonly facts: RunFacts;
  readonly bytes: number;
}

/** Runs that stay, and the reasons. */
interface Kept {
  readonly best: readonly RunFacts[];
  readonly protectedRuns: readonly RunFacts[];
  readonly withoutFigure: number;
}

export const run: CommandRun<typeof CLEAN> = ([dir = ''], options, terminal) => {
  const keep = numberOption(options, 'keep', { min: 0 });
  const olderThan = durationOption(options, 'olderThan');
  const filter = filterOf(options);
  const rule = bestRule(options);
  const protectedTags = new Set(listOf(options.protectTag));
  if (keep === undefined && olderThan === undefined && filter === null && rule === null)
    throw new UsageError('say which runs to delete: --keep, --keep-best, --older-than or --where');
  const base = resolve(dir);
  const { runs } = findRuns(dir, {}, terminal);
  pointOutUnknown({ where: options.where, ...(rule !== null && { sort: rule.by }) }, runs, terminal);
  const experiments = byExperiment(runs);
  const best = rule === null ? [] : experiments.flatMap((all) => rule.bestOf(all));
  const stays = new Set([...experiments.flatMap((all) => all.slice(0, keep ?? 0)), ...best]);
  const doomed = experiments
    .flat()
    .filter((facts) => !stays.has(facts) && (filter?.matches(facts) ?? true) && facts.status !== 'RUNNING')
    .filter(({ startedAt }) => olderThan === undefined || Date.parse(startedAt) < Date.now() - olderThan);
  const isProtected = ({ tags }: RunFacts): boolean => tags.some((tag) => protectedTags.has(tag));
  const chosen = doomed.filter((facts) => !isProtected(facts));
  const spared = sparedParents(chosen);
  for (const each of spared) terminal.complain(sparedText(each));
  const old = chosen
    .filter(({ runDir }) => spared.every((each) => each.runDir !== runDir))
    .map((facts) => ({ facts, bytes: bytesIn(facts.runDir) }));
  const kept: Kept = {
    best,
    protectedRuns: doomed.filter(isProtected),
    withoutFigure: rule === null ? 0 : old.filter(({ facts }) => rule.figureOf(facts) === undefined).length,
  };
  const isForced = options.force === true && options.dryRun !== true;
  const failed = isForced ? deleteAll(base, old, terminal) : new Map<string, string>();
  const cleaning = { old, spared, failed, total: runs.length, isForced, kept, rule, protectedTags };
  report(cleaning, options.json === true, terminal);
  return failed.size > 0 ? ExitCode.io : ExitCode.ok;
};

/** Returns the runs of each experiment, the newest first. */
function byExperiment(runs: readonly RunFacts[]): RunFacts[][] {
  const experiments = new Map<string, RunFacts[]>();
  for (const facts of runs) {
    const folder = dirname(facts.runDir);
    const known = experiments.get(folder);
    if (known === undefined) experiments.set(folder, [facts]);
    else known.push(facts);
  }
  return [...experiments.values()].map((all) => all.sort(newestFirst));
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

/** Deletes the folder of a listed run, which must lie in the base. */
function deleteRun(base: string, { runDir, uuid }: RunFacts): void {
  const inside = relative(base, runDir);
  if (inside.startsWith('..') || inside.split(sep).includes('..'))
    throw new ExpmanError('INVALID_VALUE', `${runDir} lies outside ${base}`, { path: runDir });
  deleteClosedRun(runDir, uuid);
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
  readonly kept: Kept;
  readonly rule: BestRule | null;
  readonly protectedTags: ReadonlySet<string>;
}

function report(cleaning: Cleaning, isJson: boolean, terminal: Terminal): void {
  const { old, spared, failed, total, isForced, kept, rule } = cleaning;
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
      best: kept.best.map((facts) => ({ runDir: facts.runDir, value: rule?.figureOf(facts) })),
      protected: kept.protectedRuns.map(({ runDir }) => runDir),
      withoutValue: kept.withoutFigure,
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
  for (const line of keptLines(cleaning)) terminal.print(line);
  const what = `${count(gone.length)} of ${quantity(total, 'runs')}, ${bytesText(bytes)}`;
  terminal.print(isForced ? `deleted ${what}` : `would delete ${what}; add --force to delete them`);
}

/** Says what stays, and which runs go without having been compared. */
function keptLines({ kept, rule, protectedTags, isForced }: Cleaning): string[] {
  const { best, protectedRuns, withoutFigure } = kept;
  const lines = [];
  if (rule !== null) {
    const named = best.map(
      (facts) => `${facts.experiment}/${facts.run} ${valueText(rule.figureOf(facts) ?? '')}`,
    );
    lines.push(`kept as the best by ${rule.by}: ${best.length === 0 ? 'none' : firstOf(named, MAX_NAMED)}`);
  }
  if (protectedRuns.length > 0)
    lines.push(
      `kept for the tag ${[...protectedTags].join(' or ')}: ${firstOf(
        protectedRuns.map(({ experiment, run }) => `${experiment}/${run}`),
        MAX_NAMED,
      )}`,
    );
  if (rule !== null && withoutFigure > 0)
    lines.push(
      `${count(withoutFigure)} of the runs ${isForced ? 'to delete' : 'above'} have no ${rule.by} to compare`,
    );
  return lines.map(printable);
}
