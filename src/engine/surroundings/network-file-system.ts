import { statfsSync } from 'node:fs';

/** What statfs(2) calls the file systems that are on another machine; FUSE holds what is mounted by SSH or S3. */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x65735546, 'FUSE'],
]);

/** The name of the network file system a folder is on; null for one of this machine, and where that cannot be told. */
export function networkFileSystemOf(folder: string): string | null {
  if (process.platform !== 'linux') return null;
  try {
    return nameOfType(statfsSync(folder).type);
  } catch {
    return null;
  }
}

/** The same by the `type` that statfs(2) gives. */
export function nameOfType(type: number): string | null {
  // Node gives it as a signed word on some machines.
  return NETWORK.get(type >>> 0) ?? null;
}
