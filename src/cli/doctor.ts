import { accessSync, constants, lstatSync } from 'node:fs';
import { cpus, freemem, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { networkFileSystemOf } from '../engine/surroundings/network-file-system.js';
import { deadHiddenFolders } from '../interop/target/hidden-folders.js';
import { attempt } from '../model/attempt.js';
import { messageOf } from '../model/errors.js';
import { printable } from '../model/printable.js';
import type { RunFacts } from '../model/run-facts.js';
import { RunStatus } from '../model/run-status.js';
import { duckdbVersion } from '../reader/query/duckdb.js';
import type { RunListing } from '../reader/run-index.js';
import { isTempName } from '../storage/atomic-file.js';
import { nodeFs } from '../storage/node-fs.js';
import { isElsewhere, readOwnership } from '../storage/owner-watch.js';
import { type RoomLeft, roomLeftIn } from '../storage/shortage.js';
import { keptFiles } from '../run/kept-files.js';
import type { CommandRun } from './command.js';
import type { NONE } from './command-options.js';
import { dirOr, findRuns } from './find-runs.js';
import { ExitCode } from './terminal.js';
import { bytesText, count, firstOf, quantity } from './words.js';

const LITTLE_SPACE = 1e9;
/** A run makes about ten files. */
const FEW_INODES = 10_000;
/**
 * @bound tells: the finding says how many more; specs/cli/left-out.spec.ts "says how many runs it
 * does not name"
 */
const MAX_NAMED = 5;

/** A check and its result. */
interface Finding {
  readonly kind: 'fine' | 'warning' | 'problem';
  readonly what: string;
  /** Advice on how to fix it. */
  readonly advice?: string;
}

export const run: CommandRun<typeof NONE> = async ([dir], options, terminal) => {
  const path = resolve(dirOr(dir));
  const findings: Finding[] = [nodeFinding(), machineFinding(), await duckdbFinding()];
  if (nodeFs.stat(path)?.kind === 'folder')
    findings.push(
      ...folderFindings(path),
      ...runFindings(findRuns(path, {}, terminal)),
      ...importFindings(path),
    );
  else findings.push({ kind: 'problem', what: `there is no folder ${path}` });
  if (options.json === true) terminal.json(findings);
  else
    for (const { kind, what, advice } of findings) {
      const sign = kind === 'fine' ? 'ok' : kind === 'warning' ? 'warn' : 'error';
      const style = kind === 'fine' ? 'green' : kind === 'warning' ? 'yellow' : 'red';
      terminal.print(`${terminal.style(style, sign.padEnd(6))} ${printable(what)}`);
      if (advice !== undefined) terminal.print(`       ${printable(advice)}`);
    }
  return findings.some(({ kind }) => kind === 'problem') ? ExitCode.invalid : ExitCode.ok;
};

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOld = major < 20 || (major === 20 && minor < 15);
  return {
    kind: isOld ? 'problem' : 'fine',
    what: `Node ${process.versions.node}${isOld ? ', older than 20.15' : ''}`,
  };
}

const machineFinding = (): Finding => ({
  kind: 'fine',
  what: `${process.platform} ${process.arch}, ${quantity(cpus().length, 'cores')}, ${bytesText(freemem())} of ${bytesText(totalmem())} memory free`,
});

async function duckdbFinding(): Promise<Finding> {
  try {
    return { kind: 'fine', what: `DuckDB ${await duckdbVersion()} for \`expman query\`` };
  } catch (error) {
    return { kind: 'warning', what: `\`expman query\` does not work: ${printable(messageOf(error))}` };
  }
}

function folderFindings(path: string): Finding[] {
  const findings: Finding[] = [];
  const network = networkFileSystemOf(path);
  if (network !== null)
    findings.push({
      kind: 'warning',
      what: `${path} is on ${network}: use one writer at a time; synced files may arrive late`,
    });
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    findings.push({ kind: 'warning', what: `${path} cannot be written to: ${messageOf(error)}` });
  }
  const { mode, uid } = lstatSync(path);
  if (process.getuid !== undefined && uid !== process.getuid() && uid !== 0)
    findings.push({ kind: 'warning', what: `${path} belongs to another user (${uid})` });
  if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0)
    findings.push({ kind: 'warning', what: `anyone can write to ${path}`, advice: `chmod o-w ${path}` });
  attempt(() => {
    findings.push(roomFinding(path, roomLeftIn(path)));
  });
  return findings;
}

/** Checks bytes and inodes: a disk that has run out of either is full. */
export function roomFinding(path: string, { bytes, inodes }: RoomLeft): Finding {
  const isShort = bytes < LITTLE_SPACE || (inodes !== null && inodes < FEW_INODES);
  const files = inodes === null ? '' : ` and ${quantity(inodes, 'inodes')}`;
  return { kind: isShort ? 'problem' : 'fine', what: `${bytesText(bytes)}${files} free in ${path}` };
}

function importFindings(path: string): Finding[] {
  const left = deadHiddenFolders(path);
  if (left.length === 0) return [];
  const what = `${quantity(left.length, 'hidden folders were')} left by an interrupted import, copy, move or deletion: ${firstOf(left, MAX_NAMED)}`;
  return [
    {
      kind: 'warning',
      what,
      advice: 'do it again, which removes the leftovers, or delete the folder: no run needs it',
    },
  ];
}

/** Finds runs that are there more than once: a move between file systems may have been killed. */
function twinFindings(runs: readonly RunFacts[]): Finding[] {
  const byUuid = new Map<string, string[]>();
  for (const { uuid, runDir } of runs) byUuid.set(uuid, [...(byUuid.get(uuid) ?? []), runDir]);
  const twins = [...byUuid.values()].filter((dirs) => dirs.length > 1);
  if (twins.length === 0) return [];
  const named = twins.map((dirs) => dirs.join(' and '));
  return [
    {
      kind: 'warning',
      what: `${quantity(twins.length, 'runs are')} there more than once: ${firstOf(named, MAX_NAMED)}`,
      advice:
        'a move to another file system was interrupted: `expman mv` again finishes it; or one archive was unpacked twice',
    },
  ];
}

function runFindings({ runs, unreadable }: RunListing): Finding[] {
  const open = runs.filter(({ status }) => status === RunStatus.Running).length;
  const owned = runs.map(({ runDir }) => ({ runDir, ownership: readOwnership(nodeFs, runDir) }));
  const gone = owned.flatMap(({ runDir, ownership }) =>
    ownership.kind === 'dead' ? [{ runDir, isElsewhere: isElsewhere(ownership.owner) }] : [],
  );
  const dead = gone.filter((run) => !run.isElsewhere);
  const silent = gone.filter((run) => run.isElsewhere);
  const unsure = owned.filter(({ ownership }) => ownership.kind === 'unsure');
  const degraded = runs.filter((facts) => facts.degraded !== undefined);
  const left = runs.filter(
    ({ runDir, status }) => status !== RunStatus.Running && nodeFs.list(runDir).some(isTempName),
  );
  const lossy = runs.filter(({ dropped }) => dropped > 0);
  const lost = runs.filter((facts) => facts.lost > 0);
  const kept = runs.filter(({ runDir }) => keptFiles(nodeFs, runDir).length > 0);
  const named = (dirs: readonly { readonly runDir: string }[]): string =>
    firstOf(
      dirs.map(({ runDir }) => runDir),
      MAX_NAMED,
    );
  const finding = (
    kind: Finding['kind'],
    dirs: readonly { readonly runDir: string }[],
    what: string,
    advice: string,
  ): Finding[] =>
    dirs.length === 0 ? [] : [{ kind, what: `${quantity(dirs.length, what)}: ${named(dirs)}`, advice }];
  return [
    { kind: 'fine', what: `${quantity(runs.length, 'runs')}, ${count(open)} of them open` },
    ...twinFindings(runs),
    ...finding(
      'problem',
      unreadable,
      'folders cannot be read as a run',
      '`expman verify` shows what is wrong with them',
    ),
    ...finding('warning', dead, 'runs whose process has died', '`expman reap` closes them'),
    ...finding(
      'warning',
      silent,
      'runs are owned by other hosts that have been silent for 15 s',
      'if those hosts are gone for good, `expman reap --force` closes the runs',
    ),
    ...finding(
      'warning',
      unsure,
      'runs are owned by other hosts and may or may not still be running',
      'times cannot be compared, as no file can be written to their folders; check on those hosts, or make the folders writable',
    ),
    ...finding(
      'warning',
      degraded,
      'runs had trouble with their disk or writer',
      '`expman inspect` shows which',
    ),
    ...finding(
      'warning',
      lossy,
      'runs have dropped rows',
      'they logged faster than the disk could write, with backpressure "drop"',
    ),
    ...finding(
      'warning',
      lost,
      `runs have lost ${quantity(
        lost.reduce((sum, facts) => sum + facts.lost, 0),
        'calls',
      )}`,
      '`expman inspect` names the files in which the losses were found',
    ),
    ...finding(
      'warning',
      kept,
      'runs hold damaged files (*.corrupt)',
      '`expman verify` names them; delete them when you no longer need them',
    ),
    ...finding('warning', left, 'runs hold temporary files', '`expman recover` removes them'),
  ];
}
