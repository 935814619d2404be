import { describe, expect, it } from 'vitest';
import { roomLeft, roomLeftIn, shortageOf, withShortage } from '../../src/storage/shortage.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('shortage');
const space = { bavail: 1000, bsize: 4096, files: 500, ffree: 100 };

describe('the room of a file system', () => {
  it('is what is left of bytes and of inodes', () => {
    expect(roomLeft(space)).toEqual({ bytes: 4_096_000, inodes: 100 });
    const { bytes, inodes } = roomLeftIn(folder());
    expect(bytes).toBeGreaterThan(0);
    expect(inodes ?? 1).toBeGreaterThan(0);
  });

  it('has no count of inodes where they are made as they are needed', () => {
    expect(roomLeft({ ...space, files: 0, ffree: 0 }).inodes).toBeNull();
  });

  it.each([
    [{ ...space, ffree: 0 }, 'no inodes are left (4096000 bytes are free)'],
    [{ ...space, bavail: 1 }, '4096 bytes are left'],
    [{ ...space, bavail: 0, ffree: 0, files: 0 }, '0 bytes are left'],
    [space, '4096000 bytes are free: a quota, or other files took the room and gave it back'],
  ])('says which of the two has run out: %j', (given, said) => {
    expect(shortageOf(roomLeft(given))).toBe(said);
  });

  it('is not made up where it cannot be found out', () => {
    expect(withShortage('ENOSPC: write', '/nonexistent')).toBe('ENOSPC: write');
    expect(withShortage('ENOSPC: write', folder())).toMatch(/^ENOSPC: write: \d+ bytes are/);
  });
});
