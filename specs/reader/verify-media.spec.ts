import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkMedia } from '../../src/reader/verify-media.js';
import { nodeFs } from '../../src/storage/node-fs.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('verify-media');

describe('the check of a logged file', () => {
  it('is of the file that was opened, should another have taken its path since the first look', () => {
    const path = join(folder(), 'a.txt');
    const logged = 'as logged';
    writeFileSync(path, logged);
    const media = {
      ...({ name: 'a', step: 0, file: 'a.txt', kind: 'media', type: 'text/plain', caption: null } as const),
      ...{ bytes: logged.length, sha256: createHash('sha256').update(logged).digest('hex') },
      ...{ timestamp: '2026-01-01T00:00:00.000Z', path },
    };
    const before = nodeFs.stat(path);
    expect(() => checkMedia(nodeFs, { text: '', media })).not.toThrow();
    writeFileSync(path, `${logged} and more`);
    expect(() => checkMedia({ ...nodeFs, stat: () => before }, { text: '', media })).toThrow(
      'a.txt has 18 bytes instead of the 9 that were logged',
    );
  });
});
