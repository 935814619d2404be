import { rmSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { copyFrom, placeFile } from '../../engine/files/artifacts.js';
import {
  CHECKPOINTS_FOLDER,
  MAX_CHECKPOINTS,
  MAX_CHECKPOINT_LIST,
  checkpointLines,
  checkpointName,
  type CheckpointLine,
} from '../../model/checkpoint.js';
import { ExpmanError, messageOf } from '../../model/errors.js';
import {
  MANIFEST_NAME,
  MAX_MANIFEST_BYTES,
  MEDIA_FOLDER,
  mediaLine,
  parseMediaFile,
} from '../../model/media.js';
import { bareObject } from '../../model/param-value.js';
import { quoted } from '../../model/printable.js';
import { quantity } from '../../pure/quantity.js';
import { checkpointListOf } from '../../reader/read-checkpoints.js';
import { manifestOf, mediaProblem } from '../../reader/read-media.js';
import { type SavedFile, problemOf } from '../../run/saved-file.js';
import { checkpointFacts } from '../../run/stored-checkpoint.js';
import { replaceFile } from '../../storage/atomic-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import type { MergeNotes } from './merge-notes.js';
import type { MergeKind, MergeSource } from './merge-sources.js';

/**
 * Copies the media of runs, those of ranks under names with their label.
 *
 * @param folder - of the new run
 */
export async function mergeMedia(
  folder: string,
  kind: MergeKind,
  sources: readonly MergeSource[],
  notes: MergeNotes,
): Promise<void> {
  const taken = new Set<string>();
  const lines: string[] = [];
  let bytes = 0;
  for (const source of sources) {
    const listed =
      readingOf(source, notes, `${MEDIA_FOLDER}/${MANIFEST_NAME}`, () => manifestOf(nodeFs, source.runDir)) ??
      [];
    const invalid = listed.filter(({ media }) => media === null).length;
    if (invalid > 0)
      notes.leftOut(source, `${quantity(invalid, 'lines')} of the list of its media are damaged`);
    for (const { media } of listed) {
      if (media === null) continue;
      const { path, ...facts } = media;
      const problem = mediaProblem(nodeFs.stat(path), media);
      const file = freeName(taken, (n) => numbered(media.file, n));
      const line = mediaLine({
        ...facts,
        file,
        name: kind === 'ranks' ? `${source.label}/${media.name}` : media.name,
      });
      if (problem !== null) notes.leftOut(source, `${MEDIA_FOLDER}/${media.file} ${problem}`);
      else if (
        parseMediaFile(line.trimEnd()) === null ||
        bytes + Buffer.byteLength(line) > MAX_MANIFEST_BYTES
      )
        notes.leftOut(
          source,
          `there was no room for ${MEDIA_FOLDER}/${media.file} in the list of media`,
          'INVALID_VALUE',
        );
      else if (
        await isCopied(
          folder,
          [MEDIA_FOLDER, file],
          { path, size: media.bytes, sha256: media.sha256 },
          source,
          notes,
        )
      ) {
        taken.add(file.toLowerCase());
        lines.push(line);
        bytes += Buffer.byteLength(line);
      }
    }
  }
  if (lines.length > 0)
    replaceFile(nodeFs, join(folder, MEDIA_FOLDER, MANIFEST_NAME), Buffer.from(lines.join('')));
}

/** The checkpoints of a run that are listed and whole, as far as their sizes say. */
function checkpointsOf(source: MergeSource, notes: MergeNotes): CheckpointLine[] {
  const list = readingOf(source, notes, CHECKPOINTS_FOLDER, () => checkpointListOf(nodeFs, source.runDir));
  if (list === null) return [];
  if (list.damaged.length > 0)
    notes.leftOut(
      source,
      `${quantity(list.damaged.length, 'lines')} of the list of its checkpoints are damaged`,
    );
  return list.lines.filter((line) => {
    const { path, size } = checkpointFacts(source.runDir, line);
    const problem = problemOf(nodeFs.stat(path), size, 'saved');
    if (problem !== null) notes.leftOut(source, `${CHECKPOINTS_FOLDER}/${line.file} ${problem}`);
    return problem === null;
  });
}

/** A checkpoint that goes into the new run as an artifact. */
export interface CheckpointFile extends SavedFile {
  readonly source: MergeSource;
  /** Its path in its run. */
  readonly name: string;
  readonly savedAt: string;
}

/**
 * Copies the checkpoints of pieces, and of ranks if only one of them has any: those of several are
 * parts of one state, of which a list of checkpoints would give the last one alone.
 *
 * @returns the checkpoints that are to become artifacts
 */
export async function mergeCheckpoints(
  folder: string,
  kind: MergeKind,
  sources: readonly MergeSource[],
  notes: MergeNotes,
): Promise<CheckpointFile[]> {
  const all = sources.map((source) => ({ source, lines: checkpointsOf(source, notes) }));
  if (kind === 'ranks' && all.filter(({ lines }) => lines.length > 0).length > 1) {
    notes.add('several ranks have checkpoints: they are parts of one state, and kept as artifacts');
    return all.flatMap(({ source, lines }) =>
      lines.map((line): CheckpointFile => {
        const { path, size, sha256, savedAt } = checkpointFacts(source.runDir, line);
        return { source, name: `${CHECKPOINTS_FOLDER}/${line.file}`, path, size, sha256, savedAt };
      }),
    );
  }
  const taken = new Set<string>();
  const kept: CheckpointLine[] = [];
  let bytes = 0;
  for (const { source, lines } of all)
    for (const line of lines) {
      const { path, size, sha256 } = checkpointFacts(source.runDir, line);
      const file = freeName(taken, (n) =>
        n === 1 ? line.file : checkpointName(line.step, kept.length + n, extname(line.file).slice(1)),
      );
      const values =
        kind === 'pieces'
          ? line.values
          : bareObject(
              Object.entries(line.values).map(([metric, value]) => [`${source.label}/${metric}`, value]),
            );
      const next = { ...line, file, epoch: 0, values };
      const lineBytes = Buffer.byteLength(checkpointLines([next]));
      if (kept.length === MAX_CHECKPOINTS || bytes + lineBytes > MAX_CHECKPOINT_LIST)
        notes.leftOut(
          source,
          `there was no room for ${CHECKPOINTS_FOLDER}/${line.file} in the list of checkpoints`,
          'INVALID_VALUE',
        );
      else if (await isCopied(folder, [CHECKPOINTS_FOLDER, file], { path, size, sha256 }, source, notes)) {
        taken.add(file.toLowerCase());
        kept.push(next);
        bytes += lineBytes;
      }
    }
  if (kept.length > 0)
    replaceFile(nodeFs, join(folder, CHECKPOINTS_FOLDER, MANIFEST_NAME), Buffer.from(checkpointLines(kept)));
  return [];
}

/**
 * Copies a file whose size and checksum are known; false, and noted, if it is not what was saved.
 *
 * @param parts - the names on the way from the folder of the new run
 */
export async function isCopied(
  folder: string,
  parts: readonly string[],
  { path, size, sha256 }: SavedFile,
  source: MergeSource,
  notes: MergeNotes,
): Promise<boolean> {
  const copy = await copyFrom(path, (chunks) => placeFile(folder, parts, chunks));
  if (copy.bytes === size && copy.sha256 === sha256) return true;
  rmSync(join(folder, ...parts));
  notes.leftOut(source, `${quoted(path, 200)} does not have the content that was saved`);
  return false;
}

/** Reads a part of a run that may be damaged; null, and noted, if it is. */
function readingOf<T>(source: MergeSource, notes: MergeNotes, name: string, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ExpmanError) || error.code !== 'CORRUPT') throw error;
    notes.leftOut(source, `${name}: ${messageOf(error)}`);
    return null;
  }
}

function freeName(taken: ReadonlySet<string>, nameOf: (n: number) => string): string {
  for (let n = 1; ; n++) {
    const name = nameOf(n);
    if (!taken.has(name.toLowerCase())) return name;
  }
}

function numbered(file: string, n: number): string {
  if (n === 1) return file;
  const extension = extname(file);
  // @bound loses nothing: the list has the name by which it was logged; this is that of its file
  return `${basename(file, extension).slice(0, 190)}_${n}${extension}`;
}
