import { createHash } from 'node:crypto';
import { ArtifactStore } from '../../src/storage/artifacts/artifact-store.js';
import type { ArtifactFs } from '../../src/storage/artifacts/artifact-fs.js';
import type { ArtifactFile } from '../../src/model/artifact-manifest.js';
import type { ArtifactVersion } from '../../src/storage/artifacts/artifact-version.js';
import { Violation, must } from './check-run.js';

export const BASE = '/lab';

/** A version that a program logs. */
export interface Act {
  readonly name: string;
  /** The texts of its files, by their paths. */
  readonly texts: Readonly<Record<string, string>>;
  readonly aliases: readonly string[];
}

/** Versions, the same content again, aliases that move, and enough versions that aliases are stated again. */
export const ACTS: readonly Act[] = [
  { name: 'data', texts: { a: 'one', 'deep/b': 'two' }, aliases: ['best', 'first'] },
  { name: 'data', texts: { a: 'three' }, aliases: ['best'] },
  { name: 'data', texts: { a: 'one', 'deep/b': 'two' }, aliases: ['best'] },
  { name: 'model', texts: { w: 'x'.repeat(9000), same: 'one' }, aliases: [] },
  ...Array.from({ length: 17 }, (_, at) => ({
    name: 'many',
    texts: { n: String(at) },
    aliases: [`n${at % 3}`],
  })),
  { name: 'data', texts: { a: 'three' }, aliases: ['first'] },
];

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Logs a version by the store that runs log with. */
export function perform(
  store: ArtifactStore,
  { name, texts, aliases }: Act,
  recorded: (version: ArtifactVersion) => Promise<void> = () => Promise.resolve(),
  run = 'run',
): Promise<ArtifactVersion> {
  const files = Object.entries(texts).map(([path, text]): ArtifactFile => ({
    path,
    bytes: text.length,
    sha256: sha256(text),
    url: null,
  }));
  return store.log({
    ...{ name, aliases, files, type: undefined, recorded },
    createdBy: { experiment: 'exp', run, uuid: run },
    contentOf: ({ path }) => [Buffer.from(texts[path] ?? '')],
  });
}

/** All artifacts in one text: the files of every version, and the version of every alias. Every content is read. */
export async function stateOf(fs: ArtifactFs, what: string): Promise<string> {
  const store = new ArtifactStore(fs, BASE);
  const said: string[] = [];
  for (const name of await store.versions.names()) {
    const state = await store.versions.state(name);
    for (const found of state.versions) {
      must(found.kind !== 'damaged', 'I2', () => `${what}: ${name}:v${found.version} cannot be read`);
      if (found.kind !== 'whole') continue;
      const version = store.opened(found, state);
      const texts: string[] = [];
      for (const { path } of version.files) {
        const bytes = await version.read(path).catch((error: unknown) => {
          throw new Violation(
            'I2',
            `${what}: ${version.ref} is there, but not its content: ${String(error)}`,
          );
        });
        texts.push(`${path}=${sha256(Buffer.from(bytes).toString())}`);
      }
      said.push(`${version.ref} ${texts.join(' ')}`);
    }
    said.push(...[...state.aliases].map(([alias, version]) => `${name}:${alias} -> v${version}`).sort());
  }
  return said.join('\n');
}
