import { join, resolve } from 'node:path';
import { CHECKPOINTS_FOLDER } from '../model/checkpoint.js';
import { MEDIA_FOLDER } from '../model/media.js';
import { printable, printableLines } from '../model/printable.js';
import { isParamGroup, type ParamValue } from '../model/param-value.js';
import { parentText } from '../model/run-parent.js';
import type { Degradation, RunIdentity } from '../model/run-file.js';
import { lineageProblem } from '../run/lineage.js';
import { type CheckpointFacts, checkpointFacts } from '../run/stored-checkpoint.js';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { nodeFs } from '../storage/node-fs.js';
import { isOwned } from '../storage/owner-watch.js';
import { factsOf } from '../reader/read-facts.js';
import { lineageIn } from '../reader/inherited-rows.js';
import { checkpointListOf } from '../reader/read-checkpoints.js';
import { inspectRun, type RunInfo } from '../reader/inspect-run.js';
import { mediaOf } from '../reader/read-media.js';
import type { CommandRun } from './command.js';
import type { NONE } from './command-options.js';
import { withoutFiles } from './find-runs.js';
import { type InspectedParts, printSections } from './inspect-sections.js';
import { LeftOut } from './left-out.js';
import { type Cell, ExitCode, type Terminal } from './terminal.js';
import { count, cut, firstOf, lossWithPlace, quantity, statusCell, tookText } from './words.js';

const FACT_WIDTH = 15;
/**
 * @bound tells: the line says how many more, --json has all; specs/cli/merge.spec.ts "names the runs that one was
 * merged from"
 */
const MAX_NAMED = 5;
const LIVES = { alive: 'alive', unsure: 'may be alive', dead: 'dead' } as const;

export const run: CommandRun<typeof NONE> = (paths, { json }, terminal) => {
  const folders = withoutFiles(paths);
  const leftOut = new LeftOut(terminal);
  const runs = folders.flatMap((path) => {
    try {
      return [inspectRun(nodeFs, resolve(path))];
    } catch (error) {
      leftOut.add(path, error);
      return [];
    }
  });
  if (runs.length === 0) leftOut.throwFirst();
  const inspected = runs.map((info) => {
    const { runDir } = info;
    const media = readPart(runDir, MEDIA_FOLDER, leftOut, () => mediaOf(nodeFs, runDir));
    const checkpoints = readPart(runDir, CHECKPOINTS_FOLDER, leftOut, () => checkpointsIn(runDir));
    return { info, media, checkpoints };
  });
  // The facts that `list` prints have the same names here.
  const plain = inspected.map(({ info, ...parts }) => ({ ...factsOf(info), ...info, ...parts }));
  if (json === true) terminal.json(folders.length === 1 ? plain[0] : plain);
  else for (const { info, ...parts } of inspected) print(info, parts, terminal);
  // Damage in the log is shown; reporting it as an error is left to `verify`.
  const isCorrupt = runs.some(({ corrupt }) => corrupt.includes(METRICS_NAME));
  return Math.max(leftOut.end(), isCorrupt ? ExitCode.invalid : ExitCode.ok);
};

const checkpointsIn = (runDir: string): CheckpointFacts[] =>
  checkpointListOf(nodeFs, runDir).lines.map((line) => checkpointFacts(runDir, line));

/** Reads a part of a run; null if it cannot be read, which is reported. */
function readPart<T>(runDir: string, name: string, leftOut: LeftOut, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    leftOut.add(join(runDir, name), error);
    return null;
  }
}

function print(run: RunInfo, parts: InspectedParts, terminal: Terminal): void {
  const { identity, status, publishedRows, walRows } = run;
  terminal.print(
    `${terminal.style('bold', printable(`${identity.experiment}/${identity.run}`))}  ${shown(statusCell(status, run.owner), terminal)}`,
  );
  for (const [name, text] of factLines(run))
    if (text !== '') terminal.print(`  ${terminal.style('dim', name.padEnd(FACT_WIDTH))}${text}`);
  printSections(run, parts, terminal);
  if (walRows > 0 && !isOwned({ kind: run.owner }))
    terminal.print(
      `\n  ${quantity(publishedRows, 'rows are')} in metrics.parquet; \`expman recover\` moves the rest there.`,
    );
}

/** Returns the names and texts of facts that are one line each; a text is empty if it says nothing. */
function factLines(run: RunInfo): readonly (readonly [name: string, text: string])[] {
  const { identity, rows, walRows, dropped, invalid, losses, tornBytes } = run;
  return [
    ['uuid', identity.uuid],
    ['started', printable(identity.startedAt)],
    ['ended', printable(run.endedAt ?? '')],
    ['took', tookText(run) + sessionsText(identity.resumed?.length ?? 0)],
    [
      'rows',
      `${count(rows)}${walRows > 0 ? `, of which ${walRows === 1 ? '1 is' : `${count(walRows)} are`} in the write-ahead log only` : ''}`,
    ],
    ['last step', String(run.lastStep ?? '')],
    ['calls', run.accepted === rows ? '' : count(run.accepted)],
    ['rewound', run.rewound > 0 ? `${quantity(run.rewound, 'rows')} removed by resuming with fromStep` : ''],
    ['dropped', dropped > 0 ? count(dropped) : ''],
    ['lost', losses.length > 0 ? lossWithPlace(losses) : ''],
    ['invalid values', invalid > 0 ? count(invalid) : ''],
    ['tags', printable(identity.tags.join(', '))],
    ['project', printable(run.project ?? '')],
    ['group', printable(identity.group ?? '')],
    ['rank', String(identity.rank ?? '')],
    ['forked from', forkText(run)],
    ['copied from', printable(namesText(identity.copiedFrom))],
    ['merged from', printable(mergedText(identity))],
    ['notes', linesText(identity.notes)],
    [
      'owner',
      run.owner === 'free'
        ? ''
        : `process ${identity.pid} on ${printable(identity.host)}, ${LIVES[run.owner]}`,
    ],
    ['error', run.error === undefined ? '' : linesText(`${run.error.name}: ${run.error.message}`)],
    ['exit code', String(run.exitCode ?? '')],
    ['degraded', run.degraded === undefined ? '' : linesText(degradedText(run.degraded))],
    [
      'left out',
      run.artifactLinksLeftOut > 0
        ? `${quantity(run.artifactLinksLeftOut, 'versions')} of artifacts, for which run.yaml had no room`
        : '',
    ],
    ['torn', tornBytes > 0 ? `${quantity(tornBytes, 'bytes')} at the end of the write-ahead log` : ''],
    ['corrupt', printable(run.corrupt.join(', '))],
    [
      'malformed',
      printable(cut(run.malformed.map(({ file, message }) => `${file}: ${message}`).join('; '), 200)),
    ],
    ['kept as found', printable(run.kept.filter((name) => !run.setAside.includes(name)).join(', '))],
    [
      'set aside',
      run.setAside.length > 0
        ? `${printable(run.setAside.join(', '))} by an older version; \`expman recover\` restores it`
        : '',
    ],
    [
      'not readable',
      run.rowsBehindGap > 0
        ? `${count(run.rowsBehindGap)} rows after damaged bytes; \`expman recover\` saves them`
        : '',
    ],
  ];
}

/** The names in an entry that says of which run something is: `digits/baseline`. */
function namesText(said: ParamValue | undefined): string {
  const { experiment, run } = isParamGroup(said) ? said : {};
  return typeof experiment === 'string' && typeof run === 'string' ? `${experiment}/${run}` : '';
}

function mergedText({ mergedFrom: { as, runs } = {} }: RunIdentity): string {
  if (!Array.isArray(runs)) return '';
  const names = runs.map(namesText);
  return `${typeof as === 'string' ? `${as}: ` : ''}${firstOf(names, MAX_NAMED)}`;
}

function forkText({ runDir, identity }: RunInfo): string {
  const { parent } = identity;
  if (parent === undefined) return '';
  const problem = lineageProblem(lineageIn(nodeFs, runDir, identity));
  return printable(parentText(parent)) + (problem === null ? '' : `; ${printable(problem)}`);
}

const sessionsText = (resumed: number): string =>
  resumed === 0 ? '' : `, in ${count(resumed + 1)} sessions`;

const degradedText = ({ code, message, since }: Degradation): string =>
  `${code}: ${message}${since === '' ? '' : ` (since ${since})`}`;

/** Indents all lines of a text but the first below it. */
const linesText = (text: string): string =>
  printableLines(cut(text, 200)).join(`\n${' '.repeat(FACT_WIDTH + 2)}`);

const shown = (cell: Cell, terminal: Terminal): string =>
  typeof cell === 'string' ? cell : terminal.style(cell.style, cell.text);
