import { join, relative } from 'node:path';
import { crc32 } from 'node:zlib';
import { ExpmanError, errnoOf, messageOf } from '../model/errors.js';
import type { Loss } from '../model/run-file.js';
import type { RunStatus } from '../model/run-status.js';
import type { FsPort } from '../storage/fs-port.js';
import { gapsBetween } from '../storage/file-layout.js';
import { CHECKPOINTS_FOLDER } from '../model/checkpoint.js';
import { MANIFEST_NAME, MEDIA_FOLDER } from '../model/media.js';
import { cut } from '../model/printable.js';
import { METRICS_NAME, SYSTEM_NAME } from '../storage/metrics-file.js';
import { readFooter } from '../storage/metrics-footer.js';
import { type FileFooter, MAGIC, decodeChunk } from '../storage/parquet/index.js';
import { readAll } from '../storage/read-all.js';
import { CONFIG_NAME } from '../run/file-names.js';
import { readMapping } from '../run/run-record.js';
import { checkSavedFile } from '../run/saved-file.js';
import { checkpointFacts } from '../run/stored-checkpoint.js';
import { inspectRun } from './inspect-run.js';
import { CHECKPOINT_LIST, checkpointListOf } from './read-checkpoints.js';
import { manifestOf } from './read-media.js';
import { checkMedia } from './verify-media.js';

/** A problem with a file of a run. */
export interface Problem {
  readonly file: string;
  /** The code of an error, `CORRUPT` for most. */
  readonly code: string;
  readonly message: string;
}

/** The result of a verification. */
export interface Verification {
  readonly runDir: string;
  /** Null if run.yaml cannot be read. */
  readonly status: RunStatus | null;
  /** Rows logged, as far as they can be read. */
  readonly rows: number;
  /**
   * Bytes at the end of the write-ahead log that are not a whole frame: being written, or cut off;
   * not corruption.
   */
  readonly tornBytes: number;
  /** Calls that are known to be lost. */
  readonly lost: number;
  /** The places where they were lost. */
  readonly losses: readonly Loss[];
  /** The size of `metrics.parquet`, of which every byte was read and every checksum compared. */
  readonly checkedBytes: number;
  readonly problems: readonly Problem[];
}

/**
 * Reads every byte of a run's files and compares every checksum; changes nothing, throws nothing
 * that the files cause.
 */
export function verifyRun(fs: FsPort, runDir: string): Verification {
  const problems: Problem[] = [];
  const check = <T>(file: string, work: () => T): T | null => {
    try {
      return work();
    } catch (error) {
      problems.push(problemOf(fileOf(runDir, error) ?? file, error));
      return null;
    }
  };
  const info = check('run.yaml', () => inspectRun(fs, runDir));
  check(CONFIG_NAME, () => readMapping(fs, runDir, CONFIG_NAME));
  const checkedBytes = check(METRICS_NAME, () => checkRows(fs, runDir, METRICS_NAME)) ?? 0;
  check(SYSTEM_NAME, () => checkRows(fs, runDir, SYSTEM_NAME));
  const manifest = `${MEDIA_FOLDER}/${MANIFEST_NAME}`;
  for (const line of check(manifest, () => manifestOf(fs, runDir)) ?? [])
    check(line.media === null ? manifest : `${MEDIA_FOLDER}/${line.media.file}`, () => checkMedia(fs, line));
  const checkpoints = check(CHECKPOINT_LIST, () => checkpointListOf(fs, runDir)) ?? {
    lines: [],
    damaged: [],
  };
  for (const text of checkpoints.damaged)
    check(CHECKPOINT_LIST, () => {
      throw new ExpmanError('CORRUPT', `not a valid entry: ${cut(text, 100)}`);
    });
  for (const line of checkpoints.lines)
    check(`${CHECKPOINTS_FOLDER}/${line.file}`, () =>
      checkSavedFile(fs, checkpointFacts(runDir, line), 'saved'),
    );
  for (const { file, message } of info?.malformed ?? []) problems.push({ file, code: 'CORRUPT', message });
  for (const file of info?.kept ?? [])
    problems.push({
      ...{ file, code: 'CORRUPT' },
      message:
        info?.setAside.includes(file) === true
          ? 'an older version of expman-rx could not read it; `expman recover` restores it'
          : 'it was found damaged and is kept unchanged',
    });
  for (const file of info?.corrupt ?? [])
    if (!problems.some((problem) => problem.file === file))
      problems.push({
        ...{ file, code: 'CORRUPT' },
        message:
          file !== METRICS_NAME
            ? 'it contains bytes that differ from those that were written'
            : fs.stat(join(runDir, file)) === null
              ? 'it is missing, although rows were logged'
              : 'it belongs to another run',
      });
  const { status = null, rows = 0, tornBytes = 0, lost = 0, losses = [] } = info ?? {};
  return { runDir, status, rows, tornBytes, lost, losses, checkedBytes, problems };
}

function checkRows(fs: FsPort, runDir: string, name: string): number {
  const path = join(runDir, name);
  if (fs.stat(path) === null) return 0;
  const footer = readFooter(fs, path);
  const file = fs.open(path, 'read');
  try {
    const corrupt = (what: string): ExpmanError => new ExpmanError('CORRUPT', `${path}: ${what}`, { path });
    const magic = new Uint8Array(MAGIC.length);
    readAll(fs, file, magic, 0, path);
    if (Buffer.compare(magic, MAGIC) !== 0) throw corrupt('it does not start with PAR1');
    for (const { offset, length, crc } of footer.regions) {
      const bytes = new Uint8Array(length);
      readAll(fs, file, bytes, offset, path);
      if (crc32(bytes) !== crc)
        throw corrupt(`the ${length} bytes at ${offset} differ from those that were written`);
    }
    for (const { offset, length } of gapsBetween(footer.regions)) {
      const bytes = new Uint8Array(length);
      readAll(fs, file, bytes, offset, path);
      if (bytes.some((byte) => byte !== 0))
        throw corrupt(`the ${length} bytes at ${offset} are not part of any chunk or footer`);
    }
    checkChunks(fs, file, path, footer);
    return fs.statOpen(file).size;
  } finally {
    fs.close(file);
  }
}

/** Checks that a chunk whose bytes are right also decodes to the rows its footer states. */
function checkChunks(fs: FsPort, file: number, path: string, { groups, fields }: FileFooter): void {
  groups.forEach(({ rows, chunks }, group) => {
    fields.forEach(({ name, type }, place) => {
      const chunk = chunks[place];
      if (chunk === undefined)
        throw new ExpmanError('CORRUPT', `${path}: row group ${group} lacks ${name}`, { path });
      const bytes = new Uint8Array(chunk.length);
      readAll(fs, file, bytes, chunk.offset, path);
      const column = decodeChunk(bytes, chunk);
      if (column.length !== rows || column.type !== type)
        throw new ExpmanError(
          'CORRUPT',
          `${path}: ${name} of row group ${group} is not a ${type} column of ${rows} rows`,
          { path },
        );
    });
  });
}

/**
 * Returns the file of the run whose version is not supported: any file may be read on the way to
 * another.
 */
function fileOf(runDir: string, error: unknown): string | null {
  if (!(error instanceof ExpmanError) || error.code !== 'UNSUPPORTED_VERSION') return null;
  return error.path === undefined ? null : relative(runDir, error.path);
}

function problemOf(file: string, error: unknown): Problem {
  const code = error instanceof ExpmanError ? error.code : errnoOf(error) === undefined ? 'CORRUPT' : 'IO';
  return { file, code, message: messageOf(error) };
}
