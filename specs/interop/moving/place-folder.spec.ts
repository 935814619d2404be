import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { claimFolder, moveToClaim } from '../../../src/interop/target/place-folder.js';
import { nodeFs } from '../../../src/storage/node-fs.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('place-folder', afterEach);

describe('a folder that gets its name', () => {
  it.each(['rename', 'syncFolder'] as const)('is where it was if the %s fails', async (call) => {
    const base = folder();
    const [draft, place] = [join(base, 'draft'), join(base, 'run')];
    mkdirSync(draft);
    writeFileSync(join(draft, 'run.yaml'), 'status: FINISHED\n');
    expect(await claimFolder(place)).toBe(true);
    const failing = vi.spyOn(nodeFs, call).mockImplementationOnce(() => {
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    });
    try {
      expect(() => moveToClaim(draft, place)).toThrow('ENOSPC');
    } finally {
      failing.mockRestore();
    }
    expect(readdirSync(base)).toEqual(['draft']);
    expect(readFileSync(join(draft, 'run.yaml'), 'utf8')).toBe('status: FINISHED\n');
  });
});
