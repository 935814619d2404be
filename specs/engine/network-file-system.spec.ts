import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { nameOfType, networkFileSystemOf } from '../../src/engine/surroundings/network-file-system.js';

describe('a network file system', () => {
  it('is told by its type, signed or not, and a local one is none', () => {
    expect([0x6969, 0xff534d42, 0xff534d42 | 0, 0x65735546].map(nameOfType)).toEqual([
      'NFS',
      'CIFS',
      'CIFS',
      'FUSE',
    ]);
    // ext4, tmpfs, overlayfs, btrfs, xfs
    expect([0xef53, 0x01021994, 0x794c7630, 0x9123683e, 0x58465342].map(nameOfType)).toEqual(
      Array<null>(5).fill(null),
    );
  });

  it('is none where there is no such folder', () => {
    expect(networkFileSystemOf(`${tmpdir()}/there/is/no/such/folder`)).toBeNull();
  });
});
