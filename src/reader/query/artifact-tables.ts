import { type ArtifactLink, splitRef } from '../../model/artifact-links.js';
import type { RunFacts } from '../../model/run-facts.js';
import type { FsPort } from '../../storage/fs-port.js';
import { Artifacts } from '../artifacts/artifacts.js';
import type { Cell, FactTable } from './fact-table.js';
import type { Skipped } from './facts-source.js';

/**
 * Makes a table with one row per version of an artifact below a folder of experiments; versions that
 * cannot be read are reported in `skipped`.
 *
 * @throws ExpmanError `IO` for errors that are not the fault of a version
 */
export async function artifactVersionsTable(
  fs: FsPort,
  baseDir: string,
  skipped: Skipped[],
): Promise<FactTable> {
  const artifacts = new Artifacts(fs, baseDir);
  const rows: Cell[][] = [];
  for (const name of await artifacts.names()) {
    const { versions, problems } = await artifacts.readable(name);
    for (const { ref, code, message } of problems)
      skipped.push({ runDir: baseDir, code, reason: `the artifact ${ref}: ${message}` });
    for (const { version, ref, type, createdAt, createdBy, aliases, digest, bytes, files } of versions)
      rows.push([
        name,
        BigInt(version),
        ref,
        type,
        Date.parse(createdAt),
        createdBy.experiment,
        createdBy.run,
        createdBy.uuid,
        aliases,
        digest,
        BigInt(bytes),
        BigInt(files.length),
      ]);
  }
  return {
    columns: [
      ['name', 'VARCHAR'],
      ['version', 'BIGINT'],
      ['ref', 'VARCHAR'],
      ['type', 'VARCHAR'],
      ['created_at', 'TIMESTAMPTZ'],
      ['experiment', 'VARCHAR'],
      ['run', 'VARCHAR'],
      ['run_uuid', 'VARCHAR'],
      ['aliases', 'VARCHAR[]'],
      ['digest', 'VARCHAR'],
      ['bytes', 'BIGINT'],
      ['files', 'BIGINT'],
    ],
    rows,
  };
}

/** Makes a table with one row for each version that a run has logged or used. */
export function artifactLinksTable(runs: readonly RunFacts[]): FactTable {
  return {
    columns: [
      ['experiment', 'VARCHAR'],
      ['run', 'VARCHAR'],
      ['run_uuid', 'VARCHAR'],
      ['link', 'VARCHAR'],
      ['ref', 'VARCHAR'],
      ['name', 'VARCHAR'],
      ['version', 'BIGINT'],
      ['type', 'VARCHAR'],
      ['digest', 'VARCHAR'],
      ['at', 'TIMESTAMPTZ'],
    ],
    rows: linkRows(runs),
  };
}

/** Tells of how many such versions run.yaml had no room, by run. */
export const linksSkipped = (runs: readonly RunFacts[]): Skipped[] =>
  runs.flatMap(({ runDir, artifactLinksLeftOut: left }) =>
    left === 0
      ? []
      : [
          {
            runDir,
            code: 'TOO_LARGE',
            reason: `${left} versions of artifacts that it has logged or used are not in its run.yaml, which had no room for them`,
          },
        ],
  );

function* linkRows(runs: readonly RunFacts[]): Generator<Cell[]> {
  for (const { experiment, run, uuid, loggedArtifacts, usedArtifacts } of runs)
    for (const [link, links] of [
      ['logged', loggedArtifacts],
      ['used', usedArtifacts],
    ] as const)
      for (const [ref, found] of Object.entries(links))
        yield [experiment, run, uuid, link, ref, ...factsOf(ref, found)];
}

function factsOf(ref: string, { type, digest, at }: ArtifactLink): Cell[] {
  const { name = null, version = null } = splitRef(ref) ?? {};
  const moment = Date.parse(at);
  return [
    name,
    version === null ? null : BigInt(version),
    type,
    digest,
    Number.isNaN(moment) ? null : moment,
  ];
}
