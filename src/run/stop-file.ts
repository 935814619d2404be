import { join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { cut } from '../model/printable.js';
import type { StopRequest } from '../model/stop-request.js';
import { readWhole, replaceFile } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';

/** The name of a request to end a run, in its folder. */
export const STOP_NAME = 'stop.request';
/** @bound loses nothing: a larger file was not written by this package, and is ignored */
const MAX_FILE_BYTES = 8192;
/**
 * The characters of a reason and of who asks.
 *
 * @bound tells: the text ends in an ellipsis; specs/reader/stop-run.spec.ts "cuts a long reason visibly, and redacts secrets in it"
 */
const MAX_TEXTS = { reason: 500, by: 200 } as const;
const VERSION = 1;

/** The owner that a request is for: a later one is not stopped by it. */
export interface StopTarget {
  /** The uuid of the run, or the token of the lock of a sweep. */
  readonly uuid: string;
  readonly epoch: number;
}

/** Asks the owner of a run to end; an earlier request is replaced. */
export function writeStopRequest(
  fs: FsPort,
  folder: string,
  { uuid, epoch }: StopTarget,
  { reason, at, by }: StopRequest,
): void {
  const texts = { at, by: cut(by, MAX_TEXTS.by), reason: cut(reason, MAX_TEXTS.reason) };
  const request = { version: VERSION, uuid, epoch, ...texts };
  replaceFile(fs, join(folder, STOP_NAME), Buffer.from(`${JSON.stringify(request)}\n`));
}

/** Tells if there is something with the name of a request; costs one call. */
export const hasStopFile = (fs: FsPort, folder: string): boolean => fs.stat(join(folder, STOP_NAME)) !== null;

/**
 * Reads the request for this owner. Null without one, and for anything else: a request for another
 * owner or run, a link, a folder, a file too large, text of another form.
 */
export function readStopRequest(fs: FsPort, folder: string, target: StopTarget): StopRequest | null {
  let said: unknown;
  try {
    said = JSON.parse(readWhole(fs, join(folder, STOP_NAME), MAX_FILE_BYTES).toString('utf8'));
  } catch {
    return null;
  }
  if (typeof said !== 'object' || said === null) return null;
  const { version, uuid, epoch, reason, at, by } = said as Readonly<Record<string, unknown>>;
  if (version !== VERSION || uuid !== target.uuid || epoch !== target.epoch) return null;
  if (typeof reason !== 'string' || typeof at !== 'string' || typeof by !== 'string') return null;
  const time = Date.parse(at);
  if (Number.isNaN(time)) return null;
  return {
    reason: cut(reason, MAX_TEXTS.reason),
    at: new Date(time).toISOString(),
    by: cut(by, MAX_TEXTS.by),
  };
}

/** Removes a request, whomever it is for; only the owner of the folder may. */
export function removeStopRequest(fs: FsPort, folder: string): void {
  attempt(() => {
    if (hasStopFile(fs, folder)) fs.remove(join(folder, STOP_NAME));
  });
}
