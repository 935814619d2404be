import { accessSync, constants, lstatSync, statfsSync } from 'node:fs';
import { cpus, freemem, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { networkFileSystemOf } from '../engine/network-file-system.js';
import { attempt } from '../model/attempt.js';
import { messageOf } from '../model/errors.js';
import { printable } from '../model/printable.js';
import { RunStatus } from '../model/run-status.js';
import { duckdbVersion } from '../reader/query/duckdb.js';
import type { RunListing } from '../reader/run-index.js';
import { isTempName } from '../storage/atomic-file.js';
import { nodeFs } from '../storage/node-fs.js';
import { isElsewhere, readOwnership } from '../storage/owner-watch.js';
import type { CommandRun } from './command.js';
import { dirOr, findRuns } from './find-runs.js';
import { ExitCode } from './terminal.js';
import { bytesText, count, firstOf } from './words.js';

const LITTLE_SPACE = 1e9;
/** @bound tells: the finding says how many more; specs/cli/left-out.spec.ts "says how many runs it does not name" */
const MAX_NAMED = 5;

/** What was looked at, and what is wrong with it. */
interface Finding {
  readonly kind: 'fine' | 'warning' | 'problem';
  readonly what: string;
  /** How to mend it. */
  readonly advice?: string;
}

export const run: CommandRun = async ([dir], options, terminal) => {
  const path = resolve(dirOr(dir));
  const findings: Finding[] = [nodeFinding(), machineFinding(), await duckdbFinding()];
  if (nodeFs.stat(path)?.kind === 'folder')
    findings.push(...folderFindings(path), ...runFindings(findRuns(path, options, terminal)));
  else findings.push({ kind: 'problem', what: `there is no folder ${path}` });
  if (options['json'] === true) terminal.json(findings);
  else
    for (const { kind, what, advice } of findings) {
      const sign = kind === 'fine' ? 'ok' : kind === 'warning' ? 'note' : 'WRONG';
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
  what: `${process.platform} ${process.arch}, ${cpus().length} cores, ${bytesText(freemem())} of ${bytesText(totalmem())} memory free`,
});

async function duckdbFinding(): Promise<Finding> {
  try {
    return { kind: 'fine', what: `DuckDB ${await duckdbVersion()} for \`expman query\`` };
  } catch {
    return {
      kind: 'warning',
      what: 'DuckDB is not installed: `expman query` does not work',
      advice: 'npm install @duckdb/node-api',
    };
  }
}

function folderFindings(path: string): Finding[] {
  const findings: Finding[] = [];
  const network = networkFileSystemOf(path);
  if (network !== null)
    findings.push({
      kind: 'warning',
      what: `${path} is on ${network}: one writer at a time, and what is synced may come late`,
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
    findings.push({ kind: 'warning', what: `everybody may write to ${path}`, advice: `chmod o-w ${path}` });
  attempt(() => {
    const { bavail, bsize } = statfsSync(path);
    const free = bavail * bsize;
    findings.push({
      kind: free < LITTLE_SPACE ? 'problem' : 'fine',
      what: `${bytesText(free)} free in ${path}`,
    });
  });
  return findings;
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
    dirs.length === 0 ? [] : [{ kind, what: `${count(dirs.length)} ${what}: ${named(dirs)}`, advice }];
  return [
    { kind: 'fine', what: `${count(runs.length)} runs, ${count(open)} of them open` },
    ...finding(
      'problem',
      unreadable,
      'folders cannot be read as a run',
      '`expman verify` says what is wrong with them',
    ),
    ...finding('warning', dead, 'runs have lost their process', '`expman reap` brings them to their end'),
    ...finding(
      'warning',
      silent,
      'runs are owned by other hosts that have been silent for 15 s',
      '`expman reap --force` brings them to their end, if those hosts are gone for good',
    ),
    ...finding(
      'warning',
      unsure,
      'runs are owned by other hosts, and whether they still run is not known',
      'no file can be written in their folders to compare times; ask on those hosts, or make the folders writable',
    ),
    ...finding(
      'warning',
      degraded,
      'runs had trouble with their disk or writer',
      '`expman inspect` says which',
    ),
    ...finding(
      'warning',
      lossy,
      'runs have dropped rows',
      'they logged faster than the disk wrote, with backpressure drop',
    ),
    ...finding('warning', left, 'runs hold temporary files', '`expman recover` removes them'),
  ];
}
