import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ArtifactStore, isKept } from '../../src/storage/artifacts/artifact-store.js';
import { nodeFs } from '../../src/storage/node-fs.js';

const GOLDEN = new URL('../faults/golden/vectors/artifacts.json', import.meta.url);

/** Writes the golden artifacts below a folder. */
export function unpackArtifacts(base: string): void {
  const packed = JSON.parse(readFileSync(GOLDEN, 'utf8')) as { artifacts: Readonly<Record<string, string>> };
  for (const [name, text] of Object.entries(packed.artifacts)) {
    const path = join(base, '.artifacts', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.from(text, 'base64'));
  }
}

/** What a reader must say of the artifacts below a folder, as this package says it. */
export async function expectedArtifacts(base: string): Promise<object> {
  const store = new ArtifactStore(nodeFs, base);
  const said: Record<string, object> = {};
  for (const name of await store.versions.names()) {
    const { versions, aliases, unsureBelow } = await store.versions.state(name);
    const shown: object[] = [];
    for (const found of versions)
      if (found.kind !== 'whole') shown.push({ version: found.version, kind: found.kind });
      else {
        const { type, createdBy, digest, bytes, files } = found.manifest;
        const intact: boolean[] = [];
        for (const file of files) if (isKept(file)) intact.push(await store.blobs.has(file));
        shown.push({
          version: found.version,
          kind: found.kind,
          type,
          createdBy,
          digest,
          bytes,
          files,
          intact: intact.every(Boolean),
        });
      }
    said[name] = { versions: shown, aliases: Object.fromEntries(aliases), unsureBelow };
  }
  return said;
}
