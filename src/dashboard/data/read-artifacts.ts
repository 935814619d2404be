import { ExpmanError } from '../../model/errors.js';
import { jsonText } from '../../model/json-text.js';
import { versionRef } from '../../model/artifact-ref.js';
import { Artifacts } from '../../reader/artifacts/artifacts.js';
import type { LineageIndex, LineageRun } from '../../reader/artifacts/lineage.js';
import type { ArtifactVersion } from '../../storage/artifacts/artifact-version.js';
import { nodeFs } from '../../storage/node-fs.js';
import type {
  ArtifactAnswer,
  ArtifactProblemAnswer,
  ArtifactRunAnswer,
  ArtifactsAnswer,
  ArtifactsRequest,
  ArtifactVersionAnswer,
  ArtifactVersionDetails,
} from '../api.js';

/**
 * Runs or versions of each kind in a lineage.
 *
 * @bound tells: the answer and the page say how many more; specs/dashboard/server/artifacts.spec.ts
 * "names 100 runs of a lineage, and counts the others"
 */
const MAX_RELATED = 100;

/** Lists artifacts as JSON of an `ArtifactsAnswer`. */
export async function listArtifacts(
  dir: string,
  lineage: LineageIndex,
  { offset, limit }: ArtifactsRequest,
): Promise<string> {
  const all = await new Artifacts(nodeFs, dir).list();
  return jsonText({
    total: all.length,
    offset,
    artifacts: all.slice(offset, offset + limit).map(({ name, type, versions, bytes, newest, problems }) => ({
      ...{ name, type, versions, bytes },
      newest: newest === null ? null : versionAnswer(newest, lineage),
      problems: problems.map((problem) => problemAnswer(problem, dir)),
    })),
  } satisfies ArtifactsAnswer);
}

/**
 * Lists the versions of an artifact as JSON of an `ArtifactAnswer`, the newest first.
 *
 * @throws ExpmanError `ARTIFACT_NOT_FOUND`, `INVALID_NAME`
 */
export async function listVersions(
  dir: string,
  name: string,
  lineage: LineageIndex,
  { offset, limit }: ArtifactsRequest,
): Promise<string> {
  const { versions, problems } = await new Artifacts(nodeFs, dir).readable(name);
  if (versions.length + problems.length === 0)
    throw new ExpmanError('ARTIFACT_NOT_FOUND', `there is no artifact ${name}`);
  return jsonText({
    ...{ name, offset, total: versions.length },
    versions: versions
      .reverse()
      .slice(offset, offset + limit)
      .map((version) => versionAnswer(version, lineage)),
    problems: problems.map((problem) => problemAnswer(problem, dir)),
  } satisfies ArtifactAnswer);
}

/**
 * Describes a version as JSON of an `ArtifactVersionDetails`.
 *
 * @throws ExpmanError `ARTIFACT_NOT_FOUND`, `INVALID_NAME`, `CORRUPT`
 */
export async function readVersion(
  dir: string,
  { name, version: number }: { readonly name: string; readonly version: number },
  index: LineageIndex,
  { offset, limit }: ArtifactsRequest,
): Promise<string> {
  const version = await new Artifacts(nodeFs, dir).open(versionRef(name, number));
  const { loggedBy, usedBy, ancestors, descendants, leftOut } = index.of(version);
  return jsonText({
    version: versionAnswer(version, index),
    digest: version.digest,
    lineage: {
      loggedBy: some(loggedBy.map(runAnswer)),
      usedBy: some(usedBy.map(runAnswer)),
      ancestors: some(ancestors),
      descendants: some(descendants),
      leftOut,
    },
    total: version.files.length,
    offset,
    files: version.files
      .slice(offset, offset + limit)
      .map(({ path, bytes, sha256, url }) => ({ path, bytes, sha256, url })),
  } satisfies ArtifactVersionDetails);
}

function versionAnswer(version: ArtifactVersion, index: LineageIndex): ArtifactVersionAnswer {
  const { name, type, createdAt, createdBy, aliases, bytes, files } = version;
  const { loggedBy, usedBy } = index.of(version);
  return {
    ...{ name, version: version.version, type, createdAt, bytes },
    createdBy: runAnswer(loggedBy[0] ?? { ...createdBy, runDir: null }),
    aliases: [...aliases],
    files: files.length,
    users: usedBy.length,
  };
}

const runAnswer = ({
  experiment,
  run,
  runDir,
}: Pick<LineageRun, 'experiment' | 'run' | 'runDir'>): ArtifactRunAnswer => ({
  ...{ experiment, run, isThere: runDir !== null },
});

const some = <T>(all: readonly T[]): { first: T[]; left: number } => ({
  first: all.slice(0, MAX_RELATED),
  left: Math.max(0, all.length - MAX_RELATED),
});

/** The folder that is shown is in no answer. */
const problemAnswer = (
  { ref, code, message }: ArtifactProblemAnswer,
  dir: string,
): ArtifactProblemAnswer => ({ ref, code, message: message.replaceAll(dir, '…') });
