import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { isRecord } from '../model/stored-values.js';
import { readWhole } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { MAX_YAML_BYTES, isWhole, parseYaml } from '../storage/yaml-file.js';
import { readSimpleYaml } from '../storage/yaml-subset.js';

/**
 * The format of `run.yaml` that this version writes, and the latest it reads; a file without one
 * has format 1.
 */
export const RUN_FORMAT = 2;

/** The mapping in a YAML file; its values may be anything. */
export type Mapping = Readonly<Record<string, unknown>>;

export { isRecord as isMapping };

/**
 * Reads one of a run's YAML files, of at most `maxBytes`, as a mapping; returns null if there is no
 * such file.
 *
 * @throws {@link ExpmanError} `CORRUPT` if it is truncated or not a mapping, `UNSAFE_YAML`, or `IO`
 */
export function readMapping(
  fs: FsPort,
  folder: string,
  name: string,
  maxBytes = MAX_YAML_BYTES,
): Mapping | null {
  const path = join(folder, name);
  if (fs.stat(path) === null) return null;
  const text = readWhole(fs, path, maxBytes).toString('utf8');
  if (!isWhole(text))
    throw new ExpmanError('CORRUPT', `${path} is truncated: its last line is not "# end"`, { path });
  const parsed = readSimpleYaml(text) ?? parseYaml(text, maxBytes);
  if (parsed === null) return {};
  if (!isRecord(parsed)) throw new ExpmanError('CORRUPT', `${path} does not hold a mapping`, { path });
  return parsed;
}
