import { printable } from '../model/printable.js';
import type { ArtifactLineage, ArtifactSummary, ArtifactVersion, LineageRun } from '../reader/index.js';
import type { Cell, Terminal } from './terminal.js';
import { bytesText, count, cut, firstOf, hashText, moment, quantity } from './words.js';

/**
 * The files of a version that are shown.
 *
 * @bound tells: the last line says how many more, --json has all; specs/cli/artifacts.spec.ts "shows 40 files, and says how many more there are"
 */
const MAX_ROWS = 40;
/**
 * The runs or versions that one line names.
 *
 * @bound tells: the line says how many more, --json has all; specs/cli/artifacts.spec.ts "names some runs of a lineage, and counts the others"
 */
const MAX_NAMES = 10;
/**
 * The characters of a path or an address that are shown.
 *
 * @bound tells: the cell ends in an ellipsis, --json has all; specs/cli/artifacts.spec.ts "shows 40 files, and says how many more there are"
 */
const MAX_PATH = 80;

/** A version with its lineage. */
interface ShownVersion {
  readonly version: ArtifactVersion;
  readonly lineage: ArtifactLineage;
}

/** Makes the object that `--json` prints for a version. */
export function versionJson({
  name,
  version,
  ref,
  type,
  createdAt,
  createdBy,
  aliases,
  digest,
  bytes,
  files,
}: ArtifactVersion): object {
  return { name, version, ref, type, createdAt, createdBy, aliases, digest, bytes, files };
}

/** Prints one line per artifact. */
export function printSummaries(summaries: readonly ArtifactSummary[], terminal: Terminal): void {
  terminal.table(
    [
      ['artifact', 'type', 'versions', 'size', 'newest', 'logged', 'by', 'aliases'],
      ...summaries.map(({ name, type, versions, bytes, newest, aliases }): Cell[] => [
        printable(name),
        printable(type),
        count(versions),
        bytesText(bytes),
        newest === null ? '' : `v${newest.version}`,
        newest === null ? '' : moment(newest.createdAt),
        newest === null ? '' : runText(newest.createdBy),
        Object.entries(aliases)
          .map(([alias, version]) => `${alias} v${version}`)
          .join(', '),
      ]),
    ],
    ['versions', 'size'],
  );
}

/** Prints one line per version. */
export function printVersions(shown: readonly ShownVersion[], terminal: Terminal): void {
  terminal.table(
    [
      ['version', 'files', 'size', 'logged', 'by', 'used by', 'aliases'],
      ...shown.map(({ version, lineage }): Cell[] => [
        version.ref,
        count(version.files.length),
        bytesText(version.bytes),
        moment(version.createdAt),
        runText(version.createdBy),
        lineage.usedBy.length === 0 ? '' : quantity(lineage.usedBy.length, 'runs'),
        version.aliases.join(', '),
      ]),
    ],
    ['files', 'size'],
  );
}

/** Prints the facts of a version, its lineage and its files. */
export function printVersion(version: ArtifactVersion, lineage: ArtifactLineage, terminal: Terminal): void {
  const { ref, type, aliases, files } = version;
  terminal.print(`${terminal.style('bold', ref)}  ${printable(type)}`);
  const facts: (readonly [string, string])[] = [
    ['aliases', aliases.join(', ')],
    ['logged', moment(version.createdAt)],
    ['by', runsText(lineage.loggedBy)],
    ['used by', runsText(lineage.usedBy)],
    ['comes from', firstOf(lineage.ancestors, MAX_NAMES)],
    ['led to', firstOf(lineage.descendants, MAX_NAMES)],
    [
      'left out',
      lineage.leftOut > 0 ? `${quantity(lineage.leftOut, 'versions')} for which run.yaml had no room` : '',
    ],
    ['digest', version.digest],
    ['size', `${bytesText(version.bytes)} in ${quantity(files.length, 'files')}`],
  ];
  for (const [name, text] of facts)
    if (text !== '') terminal.print(`  ${terminal.style('dim', name.padEnd(12))}${text}`);
  terminal.print('');
  const hasReferences = files.some(({ url }) => url !== null);
  terminal.table(
    [
      ['file', 'bytes', 'sha256', ...(hasReferences ? ['kept at'] : [])],
      ...files
        .slice(0, MAX_ROWS)
        .map(({ path, bytes, sha256, url }): Cell[] => [
          printable(cut(path, MAX_PATH)),
          bytes === null ? '' : count(bytes),
          hashText(sha256),
          ...(hasReferences ? [printable(cut(url ?? '', MAX_PATH))] : []),
        ]),
    ],
    ['bytes'],
  );
  if (files.length > MAX_ROWS) terminal.print(`  … and ${count(files.length - MAX_ROWS)} more`);
}

const runsText = (runs: readonly LineageRun[]): string =>
  firstOf(
    runs.map((run) => `${runText(run)}${run.runDir === null ? ' (no longer there)' : ''}`),
    MAX_NAMES,
  );

const runText = ({ experiment, run }: { readonly experiment: string; readonly run: string }): string =>
  printable(`${experiment}/${run}`);
