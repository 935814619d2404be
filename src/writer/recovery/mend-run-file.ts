import { basename, dirname, join } from 'node:path';
import { attempt } from '../../model/attempt.js';
import { ExpmanError } from '../../model/errors.js';
import { RunStatus } from '../../model/run-status.js';
import { freeName, readWhole, replaceFile } from '../../storage/atomic-file.js';
import type { FsPort } from '../../storage/fs-port.js';
import { METRICS_NAME } from '../../storage/metrics-file.js';
import { readFooter } from '../../storage/metrics-footer.js';
import { RUN_NAME } from '../../run/file-names.js';
import { RUN_FORMAT, isMapping } from '../../run/run-record.js';
import { readSegmentFile } from '../../storage/wal/read-segment-file.js';
import { MAX_YAML_BYTES, parseYaml, stringifyYaml } from '../../storage/yaml-file.js';
import { factsOf } from '../../run/summaries/file-metadata.js';
import { type KnownRun, readIdentity } from '../../run/identity.js';
import { segmentNames } from '../../run/replay/segment-files.js';

/** The identity of a run, according to one of its other files. */
interface Witness {
  readonly uuid: string;
  readonly epoch: number;
}

/**
 * Reads the identity of a run; a damaged `run.yaml` is repaired first, from its readable parts and
 * from the run's other files, and kept as `run.yaml.corrupt`.
 *
 * Each entry of the file is read separately, so that a damaged byte costs only its own entry.
 *
 * @throws {@link ExpmanError} as {@link readIdentity}, if no other file identifies the run either
 */
export function readOrMend(
  fs: FsPort,
  folder: string,
): { readonly known: KnownRun; readonly isMended: boolean } {
  try {
    return { known: readIdentity(fs, folder), isMended: false };
  } catch (error) {
    const isDamaged =
      error instanceof ExpmanError && (error.code === 'CORRUPT' || error.code === 'UNSAFE_YAML');
    if (!isDamaged || !mend(fs, folder)) throw error;
    return { known: readIdentity(fs, folder), isMended: true };
  }
}

function mend(fs: FsPort, folder: string): boolean {
  const path = join(folder, RUN_NAME);
  const bytes = readWhole(fs, path, MAX_YAML_BYTES);
  const said = entriesIn(bytes.toString('utf8'));
  const format = said.get('format');
  if (typeof format === 'number' && format > RUN_FORMAT) return false;
  const witnesses = witnessesOf(fs, folder);
  const uuid = witnesses[0]?.uuid ?? said.get('uuid');
  if (uuid === undefined) return false;
  const texts = {
    experiment: basename(dirname(folder)),
    run: basename(folder),
    startedAt: new Date(fs.stat(path)?.modifiedMs ?? 0).toISOString(),
    status: RunStatus.Running,
  };
  const file = new Map<string, unknown>([...Object.entries(texts), ...said, ['uuid', uuid]]);
  for (const [key, text] of Object.entries(texts)) if (typeof file.get(key) !== 'string') file.set(key, text);
  const epochs = witnesses.map(({ epoch }) => epoch);
  if (typeof file.get('epoch') !== 'number') file.set('epoch', Math.max(0, ...epochs));
  // The damaged file is kept before it is replaced.
  replaceFile(fs, freeName(fs, `${path}.corrupt`), bytes);
  replaceFile(fs, path, Buffer.from(stringifyYaml(file)));
  return true;
}

/** The readable entries of a mapping, parsed one by one: a key at the left edge begins an entry. */
function entriesIn(text: string): Map<string, unknown> {
  const entries = new Map<string, unknown>();
  for (const block of text.split(/\n(?=[^\s#])/))
    attempt(() => {
      const entry = parseYaml(block);
      if (isMapping(entry)) for (const [key, value] of Object.entries(entry)) entries.set(key, value);
    });
  return entries;
}

/** Reads the identity from metrics.parquet and the log, as far as they can be read. */
function witnessesOf(fs: FsPort, folder: string): Witness[] {
  const witnesses: Witness[] = [];
  attempt(() => {
    const { runUuid: uuid, watermark } = factsOf(readFooter(fs, join(folder, METRICS_NAME)).metadata);
    if (uuid !== '') witnesses.push({ uuid, epoch: watermark.epoch });
  });
  for (const { name } of segmentNames(fs, folder))
    attempt(() => {
      const { head } = readSegmentFile(fs, join(folder, name));
      if (head !== null) witnesses.push({ uuid: head.runUuid, epoch: head.epoch });
    });
  return witnesses;
}
