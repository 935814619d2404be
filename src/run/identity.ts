import { ExpmanError } from '../model/errors.js';
import { sanitiseParams } from '../model/params.js';
import { type Loss, ORIGIN_KEYS, type ResumeMark, type RunIdentity } from '../model/run-file.js';
import { parentIn } from '../model/run-parent.js';
import { parseStep } from '../model/step.js';
import { isUuid } from '../model/stored-values.js';
import type { FsPort } from '../storage/fs-port.js';
import { join } from 'node:path';
import { RUN_NAME } from './file-names.js';
import { type Mapping, RUN_FORMAT, readMapping, isMapping } from './run-record.js';
import { unsupportedVersion } from '../storage/unsupported-version.js';
import { parseSegmentName, segmentName } from '../storage/wal/frame.js';
import { readOwnership } from '../storage/owner-watch.js';
import { lossesIn } from './known-losses.js';
import { segmentNames } from './replay/segment-files.js';

/** The content of `run.yaml`, for an owner that continues the run. */
export interface KnownRun {
  readonly identity: RunIdentity;
  /** The status as written; RUNNING for an interrupted run. */
  readonly status: string;
  readonly counts: { readonly dropped: number; readonly invalid: number };
  /** The losses listed in it. */
  readonly losses: readonly Loss[];
  /** The number of rows listed in it. */
  readonly rows: number;
  readonly file: Mapping;
}

/**
 * Reads the identity of a run from its `run.yaml`.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND` if there is no such file, `CORRUPT` if it is not
 * valid, `UNSUPPORTED_VERSION` if a later version of this package wrote it
 */
export function readIdentity(fs: FsPort, folder: string): KnownRun {
  const file = readMapping(fs, folder, RUN_NAME);
  if (file === null)
    throw new ExpmanError('RUN_NOT_FOUND', `${folder} is not a run: it has no ${RUN_NAME}`, { path: folder });
  assertKnown(join(folder, RUN_NAME), file);
  const text = (key: string): string => {
    const value = file[key];
    if (typeof value !== 'string')
      throw new ExpmanError('CORRUPT', `${RUN_NAME} in ${folder} has no ${key}`, { path: folder });
    return value;
  };
  const uuid = text('uuid');
  if (!isUuid(uuid))
    throw new ExpmanError('CORRUPT', `${RUN_NAME} in ${folder} has no valid uuid`, { path: folder });
  const parent = parentIn(file['parent']);
  const identity: RunIdentity = {
    experiment: text('experiment'),
    run: text('run'),
    uuid,
    startedAt: text('startedAt'),
    pid: numberOr(file['pid'], 0),
    host: typeof file['host'] === 'string' ? file['host'] : '',
    epoch: numberOr(file['epoch'], 0),
    tags: Array.isArray(file['tags'])
      ? file['tags'].filter((tag): tag is string => typeof tag === 'string')
      : [],
    notes: typeof file['notes'] === 'string' ? file['notes'] : '',
    group: typeof file['group'] === 'string' ? file['group'] : null,
    ...(typeof file['rank'] === 'number' && { rank: file['rank'] }),
    ...(parent !== null && { parent }),
    ...(isMapping(file['environment']) && { environment: sanitiseParams(file['environment']).params }),
    ...(Array.isArray(file['resumed']) && { resumed: file['resumed'].filter(isMapping).map(resumeMarkIn) }),
    ...originsIn(file),
  };
  const counts = isMapping(file['counts']) ? file['counts'] : {};
  return {
    identity,
    status: text('status'),
    counts: { dropped: numberOr(counts['dropped'], 0), invalid: numberOr(counts['invalid'], 0) },
    losses: lossesIn(file),
    rows: numberOr(counts['rows'], 0),
    file,
  };
}

const originsIn = (file: Mapping): Pick<RunIdentity, (typeof ORIGIN_KEYS)[number]> =>
  Object.fromEntries(
    ORIGIN_KEYS.flatMap((key) => {
      const said = file[key];
      return isMapping(said) ? [[key, sanitiseParams(said).params]] : [];
    }),
  );

function resumeMarkIn({ at, from, step, lastedMs, fromStep }: Mapping): ResumeMark {
  const firstRemoved = parseStep(fromStep);
  return {
    at: typeof at === 'string' ? at : '',
    from: typeof from === 'string' ? from : '',
    step: parseStep(step) ?? null,
    ...(typeof lastedMs === 'number' && { lastedMs }),
    ...(firstRemoved !== undefined && { fromStep: firstRemoved }),
  };
}

function assertKnown(path: string, { format, writtenBy }: Mapping): void {
  if (typeof format !== 'number' || format <= RUN_FORMAT) return;
  throw unsupportedVersion(path, {
    ...{ what: 'run.yaml', version: format, known: RUN_FORMAT },
    writtenBy: typeof writtenBy === 'string' ? writtenBy : '',
  });
}

/**
 * The number of the next owner, above that of every earlier owner.
 *
 * @throws {@link ExpmanError} `CORRUPT` if the numbers found are too large to be incremented
 */
export function nextEpoch(fs: FsPort, folder: string, { identity }: KnownRun): number {
  const ownership = readOwnership(fs, folder);
  const locked = ownership.kind === 'free' ? -1 : (ownership.owner?.epoch ?? -1);
  const inWal = segmentNames(fs, folder).at(-1)?.epoch ?? -1;
  const next = Math.max(identity.epoch, locked, inWal) + 1;
  // No owner has such a number, and a log named after it would not be recognised.
  if (parseSegmentName(segmentName(next, 0))?.epoch !== next)
    throw new ExpmanError('CORRUPT', `${folder} gives its owner the number ${next - 1}, which is too large`, {
      path: folder,
    });
  return next;
}

const numberOr = (value: unknown, fallback: number): number => (typeof value === 'number' ? value : fallback);
