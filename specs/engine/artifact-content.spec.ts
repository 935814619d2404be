import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, ExpmanError, LoggingEngine } from '../../src/index.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('artifact-content');
const open = (base = folder()): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false }));
const saved = (run: LoggingEngine, name: string): string =>
  readFileSync(join(run.runDir, 'artifacts', name), 'utf8');

describe('the content of an artifact', () => {
  it('is a text, a value as JSON, or bytes of any kind', async () => {
    const run = open();
    await run.saveArtifact('notes.txt', { text: 'naïve' });
    const facts = await run.saveArtifact('deep/w.json', { json: { w: [1, null, 'x'] } });
    await run.saveArtifact('bytes', Uint8Array.of(104, 105));
    await run.saveArtifact('buffer', Uint8Array.of(104, 105).buffer);
    await run.close();
    expect(saved(run, 'notes.txt')).toBe('naïve');
    expect(saved(run, 'deep/w.json')).toBe('{\n  "w": [\n    1,\n    null,\n    "x"\n  ]\n}\n');
    expect([saved(run, 'bytes'), saved(run, 'buffer')]).toEqual(['hi', 'hi']);
    expect(facts).toMatchObject({ name: 'deep/w.json', bytes: 42 });
  });

  it('is never taken for a name, nor another file for the content', async () => {
    const base = folder();
    const run = open(base);
    const old = join(base, 'weights.json');
    writeFileSync(old, 'old');
    for (const content of [JSON.stringify({ w: [1, 2] }), 'line\nline', "it's", '"quoted"']) {
      const failed = run.saveArtifact(old, content);
      await expect(failed).rejects.toMatchObject({ code: 'INVALID_NAME' });
      await expect(failed).rejects.toThrow(/looks like content.*\{ text \}.*\{ json \}/s);
    }
    await run.close();
    expect(existsSync(join(run.runDir, 'artifacts'))).toBe(false);
  });

  it('rejects whatever else it is given with a typed error', async () => {
    const run = open();
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    const wrong: readonly unknown[] = [
      { w: 1 },
      5,
      null,
      { json: undefined },
      { json: loop },
      { json: 1n },
      { text: 5 },
    ];
    for (const content of wrong)
      await expect(run.saveArtifact('o.json', content as never)).rejects.toMatchObject({
        code: 'INVALID_VALUE',
      });
    for (const name of [5, undefined, null, {}]) {
      const error: unknown = await run
        .saveArtifact(name as never, { text: '' })
        .catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(ExpmanError);
      expect(error).toMatchObject({ code: 'INVALID_NAME' });
    }
    await run.close();
    expect(existsSync(join(run.runDir, 'artifacts'))).toBe(false);
  });
});
