import { join } from 'node:path';
import { isParamGroup } from '../model/param-value.js';
import type { RunFacts } from '../model/run-facts.js';

/** A file that was saved with a run. */
export interface StoredArtifact {
  readonly name: string;
  readonly bytes: number;
  /** Hex digits of the file's SHA-256 when it was saved. */
  readonly sha256: string;
  /** The path of the file, if it has not been moved. */
  readonly path: string;
}

/** Lists the artifacts of a run without reading their files. */
export function storedArtifacts({
  artifacts,
  runDir,
}: Pick<RunFacts, 'artifacts' | 'runDir'>): StoredArtifact[] {
  return Object.entries(artifacts).flatMap(([name, said]) => {
    if (!isParamGroup(said)) return [];
    const { bytes, sha256 } = said;
    return typeof bytes === 'number' && typeof sha256 === 'string'
      ? [{ name, bytes, sha256, path: join(runDir, 'artifacts', name) }]
      : [];
  });
}
