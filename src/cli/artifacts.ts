import { resolve } from 'node:path';
import { parseArtifactRef } from '../model/artifact-ref.js';
import { printable } from '../model/printable.js';
import {
  type Artifacts,
  type ArtifactSummary,
  type ArtifactVerification,
  openArtifacts,
} from '../reader/index.js';
import { printSummaries, printVersion, printVersions, versionJson } from './artifact-tables.js';
import { type CommandRun, UsageError, listOf } from './command.js';
import type { OptionsOf } from './command.js';
import type { ARTIFACTS } from './command-options.js';
import { dirOr } from './find-runs.js';
import { ExitCode, type Terminal } from './terminal.js';
import { bytesText, count, quantity } from './words.js';

type Options = OptionsOf<typeof ARTIFACTS>;

export const run: CommandRun<typeof ARTIFACTS> = async ([which], options, terminal) => {
  mustFit(which, options);
  const artifacts = openArtifacts(resolve(dirOr(options.dir)));
  if (options.verify === true) return verify(artifacts, which, options, terminal);
  if (options.prune === true) return prune(artifacts, options, terminal);
  if (which === undefined) return list(artifacts, options, terminal);
  if (options.output !== undefined) return checkOut(artifacts, which, options.output, options, terminal);
  await moveAliases(artifacts, which, options);
  return which.includes(':')
    ? showVersion(artifacts, which, options, terminal)
    : showArtifact(artifacts, which, options, terminal);
};

/** @throws {@link UsageError} for options that do not go together */
function mustFit(which: string | undefined, options: Options): void {
  const { verify, prune, output, alias, removeAlias, force, versions } = options;
  const tasks = Object.entries({
    '--verify': verify,
    '--prune': prune,
    '--output': output,
    '--alias': alias ?? removeAlias,
  });
  const given = tasks.flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (given.length > 1) throw new UsageError(`${given.join(' and ')} cannot be combined; choose one of them`);
  if (prune === true && which !== undefined)
    throw new UsageError('--prune is for all artifacts; leave the name out');
  if (prune !== true && (force === true || versions === true))
    throw new UsageError(`${force === true ? '--force' : '--versions'} belongs to --prune`);
  if (which === undefined && (output ?? alias ?? removeAlias) !== undefined)
    throw new UsageError('say which artifact: model:v3, for example');
  if (alias !== undefined && which?.includes(':') !== true)
    throw new UsageError('--alias needs a version: model:v3, for example');
}

async function list(artifacts: Artifacts, { json }: Options, terminal: Terminal): Promise<number> {
  const summaries = await artifacts.list();
  if (json === true) terminal.json(summaries.map(summaryJson));
  else if (summaries.length === 0)
    terminal.print(`no artifacts with versions below ${printable(artifacts.dir)}`);
  else printSummaries(summaries, terminal);
  return tellProblems(
    summaries.flatMap(({ problems }) => problems),
    terminal,
  );
}

const summaryJson = ({ newest, ...summary }: ArtifactSummary): object => ({
  ...summary,
  newest: newest === null ? null : versionJson(newest),
});

async function showArtifact(
  artifacts: Artifacts,
  name: string,
  { json }: Options,
  terminal: Terminal,
): Promise<number> {
  const versions = await artifacts.versions(name);
  const lineageOf = artifacts.lineages();
  const shown = versions.map((version) => ({ version, lineage: lineageOf(version) }));
  if (json === true)
    terminal.json(
      shown.map(({ version, lineage }) => ({
        ...versionJson(version),
        usedBy: lineage.usedBy.map(({ experiment, run }) => `${experiment}/${run}`),
      })),
    );
  else printVersions(shown, terminal);
  return ExitCode.ok;
}

async function showVersion(
  artifacts: Artifacts,
  ref: string,
  { json }: Options,
  terminal: Terminal,
): Promise<number> {
  const version = await artifacts.open(ref);
  const lineage = artifacts.lineages()(version);
  if (json === true) {
    const { loggedBy, usedBy, ancestors, descendants, leftOut } = lineage;
    terminal.json({
      ...versionJson(version),
      lineage: { loggedBy, usedBy, ancestors, descendants, leftOut },
    });
  } else printVersion(version, lineage, terminal);
  return ExitCode.ok;
}

async function checkOut(
  artifacts: Artifacts,
  which: string,
  output: string,
  { json }: Options,
  terminal: Terminal,
): Promise<number> {
  const version = await artifacts.open(which);
  const { dir, files, references } = await version.checkout(resolve(output));
  if (json === true) terminal.json({ ref: version.ref, dir, files, references });
  else {
    terminal.print(`${version.ref}: ${quantity(files.length, 'files')} in ${printable(dir)}`);
    for (const { path, url } of references)
      terminal.print(`  not fetched: ${printable(path)} is at ${printable(url ?? '')}`);
  }
  return ExitCode.ok;
}

async function moveAliases(
  artifacts: Artifacts,
  which: string,
  { alias, removeAlias }: Options,
): Promise<void> {
  const added = listOf(alias);
  if (added !== undefined) await artifacts.addAliases(which, added);
  const removed = listOf(removeAlias);
  if (removed !== undefined) await artifacts.removeAliases(parseArtifactRef(which).name, removed);
}

async function verify(
  artifacts: Artifacts,
  which: string | undefined,
  { json }: Options,
  terminal: Terminal,
): Promise<number> {
  terminal.waiting('reading contents');
  const found = await artifacts.verify(which);
  terminal.clearProgress();
  if (json === true) {
    terminal.json(found);
    return found.problems.length > 0 ? ExitCode.invalid : ExitCode.ok;
  }
  const verdict =
    found.problems.length > 0 ? terminal.style('red', 'CORRUPT') : terminal.style('green', 'intact');
  terminal.print(
    `${quantity(found.versions, 'versions')}, ${bytesText(found.checkedBytes)} checked  ${verdict}`,
  );
  return tellProblems(found.problems, terminal);
}

async function prune(artifacts: Artifacts, options: Options, terminal: Terminal): Promise<number> {
  const found = await artifacts.prune({ force: options.force === true, versions: options.versions === true });
  if (options.json === true) {
    terminal.json(found);
    return ExitCode.ok;
  }
  const { dryRun, versions, contents, bytes, leftovers } = found;
  if (versions.length > 0) terminal.table([['version'], ...versions.map((ref) => [printable(ref)])]);
  const what = [
    ...(options.versions === true ? [quantity(versions.length, 'versions')] : []),
    `${quantity(contents, 'contents')} of ${bytesText(bytes)}`,
    ...(leftovers > 0 ? [`${count(leftovers)} left by interrupted processes`] : []),
  ].join(', ');
  terminal.print(dryRun ? `would delete ${what}; add --force to delete them` : `deleted ${what}`);
  return ExitCode.ok;
}

function tellProblems(problems: ArtifactVerification['problems'], terminal: Terminal): number {
  for (const { ref, file, code, message } of problems)
    terminal.complain(`${ref}${file === null ? '' : ` ${JSON.stringify(file)}`}: ${code}: ${message}`);
  return problems.length > 0 ? ExitCode.invalid : ExitCode.ok;
}
