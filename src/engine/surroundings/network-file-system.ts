import { statfsSync } from 'node:fs';

/**
 * The types of statfs(2) for file systems on another machine; FUSE covers mounts over SSH or S3.
 */
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

/**
 * The name of the network file system of a folder; null for a local one, and if that cannot be
 * determined.
 */
export function networkFileSystemOf(folder: string): string | null {
  if (process.platform !== 'linux') return null;
  try {
    return nameOfType(statfsSync(folder).type);
  } catch {
    return null;
  }
}

/** The same by the `type` of statfs(2). */
export function nameOfType(type: number): string | null {
  // Node returns it as a signed word on some machines.
  return NETWORK.get(type >>> 0) ?? null;
}
