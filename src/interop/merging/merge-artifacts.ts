import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ExpmanError, messageOf } from '../../model/errors.js';
import { parseArtifactName } from '../../model/names.js';
import { quoted } from '../../model/printable.js';
import { bareObject } from '../../model/param-value.js';
import type { Params, ParamValue } from '../../model/params.js';
import { isRecord, isSha256 } from '../../model/stored-values.js';
import { freeName } from '../../pure/free-name.js';
import { SYSTEM_NAME } from '../../storage/metrics-file.js';
import { hashOf } from '../moving/copy-files.js';
import { type CheckpointFile, isCopied } from './merge-files.js';
import { type MergeNotes, namesText } from './merge-notes.js';
import type { MergeSource } from './merge-sources.js';

const FOLDER = 'artifacts';

/** A file that becomes an artifact of the new run. */
interface Candidate {
  readonly source: MergeSource;
  /** The name it should have. */
  readonly name: string;
  /** True if it is kept under the label of its run in any case. */
  readonly isOwn: boolean;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly savedAt: string;
}

/**
 * Copies the artifacts of runs, with their files of machine metrics and the given checkpoints. A name
 * that several runs have is kept once if the content is the same; otherwise, and if one name lies
 * below another, each is kept below the label of its run.
 *
 * @returns the entries for run.yaml, by name
 */
export async function mergeArtifacts(
  folder: string,
  sources: readonly MergeSource[],
  checkpoints: readonly CheckpointFile[],
  notes: MergeNotes,
): Promise<Params> {
  const candidates: Candidate[] = [];
  for (const source of sources) candidates.push(...(await candidatesOf(source, notes)));
  candidates.push(...checkpoints.map((each) => ({ ...each, isOwn: true })));
  const names = chooseNames(candidates);
  const moved = [
    ...new Set(candidates.filter(({ isOwn, name }) => !isOwn && names.isClash(name)).map(({ name }) => name)),
  ];
  if (moved.length > 0)
    notes.add(
      `artifacts of several runs are called ${namesText(moved)}: each is kept below the name of its run`,
    );
  const entries = new Map<string, ParamValue>();
  for (const each of candidates) {
    const name = names.nameFor(each);
    if (entries.has(name)) continue;
    const { size: bytes, sha256, savedAt } = each;
    if (await isCopied(folder, [FOLDER, ...name.split('/')], each, each.source, notes))
      entries.set(name, { bytes, sha256, savedAt });
  }
  return bareObject(entries);
}

async function candidatesOf(source: MergeSource, notes: MergeNotes): Promise<Candidate[]> {
  const { runDir, info, files } = source;
  const found: Candidate[] = [];
  const prefix = `${FOLDER}/`;
  const there = files.files
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));
  const missing = Object.keys(info.artifacts).filter((name) => !there.includes(name));
  if (missing.length > 0) notes.leftOut(source, `the artifacts ${namesText(missing)} are missing`);
  for (const given of there) {
    const path = join(runDir, FOLDER, given);
    try {
      const name = parseArtifactName(given);
      const said = info.artifacts[given];
      const stats = statSync(path);
      const { sha256, bytes, savedAt } = isRecord(said) ? said : {};
      found.push({
        ...{ source, name, isOwn: false, path },
        size: typeof bytes === 'number' ? bytes : stats.size,
        // Beyond what run.yaml has room for, an artifact is a file and nothing else.
        sha256: isSha256(sha256) ? sha256 : await hashOf(path),
        savedAt: typeof savedAt === 'string' ? savedAt : stats.mtime.toISOString(),
      });
    } catch (error) {
      if (!(error instanceof ExpmanError)) throw error;
      notes.leftOut(source, `${quoted(path, 200)}: ${messageOf(error)}`);
    }
  }
  if (files.files.includes(SYSTEM_NAME)) {
    const path = join(runDir, SYSTEM_NAME);
    const { size, mtime } = statSync(path);
    const savedAt = mtime.toISOString();
    found.push({ source, name: SYSTEM_NAME, isOwn: true, path, size, sha256: await hashOf(path), savedAt });
  }
  return found;
}

/** The names of artifacts in the new run. */
interface ChosenNames {
  /** Tells if runs have different artifacts of a name, or one below it. */
  isClash(name: string): boolean;
  nameFor(candidate: Candidate): string;
}

function chooseNames(candidates: readonly Candidate[]): ChosenNames {
  const shared = candidates.filter(({ isOwn }) => !isOwn);
  const contents = new Map<string, Set<string>>();
  for (const { name, sha256 } of shared)
    contents.set(keyOf(name), (contents.get(keyOf(name)) ?? new Set()).add(`${name} ${sha256}`));
  const folders = new Set(shared.flatMap(({ name }) => foldersOf(keyOf(name))));
  const isClash = (name: string): boolean => {
    const key = keyOf(name);
    return (
      (contents.get(key)?.size ?? 0) > 1 ||
      folders.has(key) ||
      foldersOf(key).some((each) => contents.has(each))
    );
  };
  const roots = new Set(shared.map(({ name }) => keyOf(name.split('/')[0] ?? '')));
  const labelOf = ({ label }: MergeSource): string => freeName(label, (name) => roots.has(keyOf(name)));
  return {
    isClash,
    nameFor: ({ source, name, isOwn }) => (isOwn || isClash(name) ? `${labelOf(source)}/${name}` : name),
  };
}

/** What some file systems take for the same name. */
const keyOf = (name: string): string => name.normalize('NFC').toLowerCase();

/** The folders on the way to a name. */
function foldersOf(name: string): string[] {
  const parts = name.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}
