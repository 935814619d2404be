import { join } from 'node:path';
import { type ParamValue, isParamGroup } from '../../model/param-value.js';
import type { Params } from '../../model/params.js';
import { CONFIG_NAME } from '../../run/file-names.js';
import type { RunStateView } from '../../run/run-state.js';
import { replaceFile } from '../../storage/atomic-file.js';
import type { FsPort } from '../../storage/fs-port.js';
import { MAX_YAML_BYTES, stringifyYaml } from '../../storage/yaml-file.js';

/** The room for the last line of a file. */
const END_BYTES = 64;

/**
 * Replaces `config.yaml` with the run's parameters, up to the size that readers accept; returns the
 * number left out.
 */
export function writeConfigFile(
  fs: FsPort,
  folder: string,
  { paramRecords }: Pick<RunStateView, 'paramRecords'>,
): number {
  const { merged: params, refused } = paramRecords;
  const whole = Buffer.from(stringifyYaml(params));
  if (whole.length <= MAX_YAML_BYTES) {
    replaceFile(fs, join(folder, CONFIG_NAME), whole);
    return refused;
  }
  const { kept, leftOut } = fitting(params, MAX_YAML_BYTES - END_BYTES, '');
  replaceFile(fs, join(folder, CONFIG_NAME), Buffer.from(stringifyYaml(kept)));
  return leftOut + refused;
}

/** The parameters that fit into `room` bytes of YAML; a group that does not fit is kept in part. */
function fitting(params: Params, room: number, indent: string): Fitted {
  const kept: [string, ParamValue][] = [];
  let leftOut = 0;
  let bytes = 0;
  for (const [key, value] of Object.entries(params)) {
    const size = indentedBytes(stringifyYaml({ [key]: value }), indent);
    if (bytes + size <= room) {
      kept.push([key, value]);
      bytes += size;
    } else if (isParamGroup(value)) {
      const part = fitting(value, room - bytes - Buffer.byteLength(key), `${indent}  `);
      if (part.bytes > 0) kept.push([key, part.kept]);
      leftOut += part.leftOut;
      bytes += part.bytes + Buffer.byteLength(key);
    } else leftOut++;
  }
  return { kept: Object.fromEntries(kept), leftOut, bytes };
}

interface Fitted {
  readonly kept: Params;
  /** The number of entries left out. */
  readonly leftOut: number;
  readonly bytes: number;
}

const indentedBytes = (yaml: string, indent: string): number =>
  Buffer.byteLength(yaml) + (yaml.split('\n').length - 1) * indent.length;
