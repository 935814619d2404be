import { describe, expect, it } from 'vitest';
import { ArtifactStore } from '../../../src/storage/artifacts/artifact-store.js';
import { prune } from '../../../src/storage/artifacts/prune.js';
import { BASE, perform } from '../../faults/artifact-acts.js';
import { MemoryFs } from '../../faults/memory-fs.js';

const NOW = { force: true, nowMs: Date.now() };
const act = (texts: Readonly<Record<string, string>>): Parameters<typeof perform>[1] => ({
  name: 'm',
  texts,
  aliases: [],
});

function oldFolder(): { readonly fs: MemoryFs; readonly store: ArtifactStore } {
  const fs = new MemoryFs();
  fs.makeFolder(BASE);
  return { fs, store: new ArtifactStore(fs, BASE) };
}

describe('a prune beside a writer', () => {
  it('keeps an old content that the writer has found, and whose version is not there yet', async () => {
    const { fs, store } = oldFolder();
    await perform(store, act({ a: 'old' }));
    fs.remove(store.layout.versionFile('m', 1));
    fs.reboot();
    let pruned: unknown;
    const version = await store.log({
      ...{ name: 'm', type: undefined, aliases: [], createdBy: { experiment: 'e', run: 'r', uuid: 'u' } },
      files: await filesOf({ a: 'old', b: 'new' }),
      // It is asked for once the writer has seen that the other content is there.
      contentOf: async function* ({ path }) {
        if (path === 'b') pruned = await prune(fs, BASE, { ...NOW, readRuns: null });
        yield Buffer.from(path === 'b' ? 'new' : 'old');
      },
      recorded: () => Promise.resolve(),
    });
    expect(pruned).toMatchObject({ contents: 0 });
    expect(Buffer.from(await version.read('a')).toString()).toBe('old');
  });

  it('keeps an old version whose content the writer logs again, until the run has recorded it', async () => {
    const { fs, store } = oldFolder();
    for (const text of ['1', '2', '3']) await perform(store, act({ w: text }));
    fs.reboot();
    const other = new ArtifactStore(fs, BASE);
    await other.versions.moveAliases('m', new Map([['keep', 3]]));
    let pruned: unknown;
    const version = await perform(store, act({ w: '1' }), async () => {
      await other.versions.moveAliases('m', new Map([['latest', 3]]));
      pruned = await prune(fs, BASE, { ...NOW, readRuns: () => () => false });
    });
    expect(pruned).toMatchObject({ versions: ['m:v2'] });
    expect(version.ref).toBe('m:v1');
    expect(Buffer.from(await (await other.open({ name: 'm', version: 1 })).read('w')).toString()).toBe('1');
  });
});

async function filesOf(
  texts: Readonly<Record<string, string>>,
): Promise<Parameters<ArtifactStore['log']>[0]['files']> {
  const { store } = oldFolder();
  return (await perform(store, act(texts))).files;
}
