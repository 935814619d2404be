import type { PlainDictionary } from '../../channel/records.js';
import { ExpmanError } from '../../model/errors.js';
import { type Params, decodeParams, encodeParams, mergeParams } from '../../model/params.js';
import { FrameType } from '../../storage/wal/frame.js';
import type { WalFrame } from '../../storage/wal/segment-reader.js';
import type { Checkpoint } from '../../storage/wal/segment-writer.js';
import type { PlainState, RunEnding, RunState, Watermark } from '../run-state.js';

/** The length of a piece in characters; it ends with the entry that reaches it. */
const PIECE_CHARS = 4 * 1024;
/** The number of frames before the first piece; they hold the core, twice. */
const CORES = 2;
const NO_DICTIONARY: PlainDictionary = { metrics: [], shapes: [] };
const NOTHING_MISSING: Unrestored = { lines: [], params: 0, facts: 0, factsThere: [], knowsOffset: true };

type ParamKind = 'params' | 'facts';
type Kind = 'lines' | ParamKind;

/**
 * The core's entry for a piece: its kind, the number of its entries, and for lines the number of
 * bytes.
 */
type Listed = readonly [kind: Kind, entries: number, bytes: number];

/** The state that the rows of a segment depend on, and a list of the pieces carried along. */
interface Core {
  readonly dictionary: PlainDictionary;
  readonly ending: RunEnding | null;
  readonly before: Watermark | null;
  readonly logOffset: number;
  readonly carried: readonly Listed[];
}

interface Piece {
  readonly lines?: readonly string[];
  /** Parameters or facts, as `encodeParams` writes them. */
  readonly params?: string;
  readonly facts?: string;
}

/** Lines that belong in run.log after `at` pending lines and are missing from the checkpoint. */
export interface LostLines {
  readonly at: number;
  readonly lines: number;
  readonly bytes: number;
}

/** The damaged parts of a checkpoint; restore-state.ts finds them elsewhere. */
export interface Unrestored {
  readonly lines: readonly LostLines[];
  /** The number of entries at the top level, of parameters and of facts. */
  readonly params: number;
  readonly facts: number;
  /** The names of the facts in intact parts. */
  readonly factsThere: readonly string[];
  /** False if the length of run.log is unknown, too. */
  readonly knowsOffset: boolean;
}

/** A checkpoint, read from its intact frames. */
export interface ReadCheckpoint {
  readonly isWhole: boolean;
  readonly plain: PlainState;
  readonly unrestored: Unrestored;
}

/** Encodes the state of a run for the frames at the start of a segment. */
export function encodeCheckpoint({ records, ending, before, log, params, facts }: RunState): Checkpoint {
  const pieces = [
    ...linePieces(log.pending),
    ...paramPieces('params', params),
    ...paramPieces('facts', facts),
  ];
  const core: Core = {
    dictionary: records.toPlain(),
    ending,
    before,
    logOffset: log.offset,
    carried: pieces.map(({ listed }) => listed),
  };
  return { core: jsonOf(core), carried: pieces.map(({ piece }) => jsonOf(piece)) };
}

/**
 * Reads the checkpoint at the start of a segment, as far as its frames are intact; at least one
 * must be.
 *
 * @throws {@link ExpmanError} `CORRUPT` for an intact frame that holds something else
 */
export function readCheckpoint(frames: readonly WalFrame[]): ReadCheckpoint {
  const [frame] = frames;
  // Version 1, which does not count calls, has all of it in one frame.
  if (frame?.calls === null) return wholeOf(frame.payload);
  let core: Core | null = null;
  const pieces = new Map<number, Piece>();
  for (const { type, part, payload } of frames)
    if (type === FrameType.checkpoint) core ??= coreOf(payload);
    else if (type === FrameType.carried) pieces.set(part - CORES, jsonIn(payload) ?? {});
  // Without a core a missing piece goes unnoticed.
  const numbers = core === null ? [...pieces.keys()].sort((a, b) => a - b) : [...core.carried.keys()];
  const pending: string[] = [];
  const lines: LostLines[] = [];
  const merged: Record<ParamKind, Params> = { params: {}, facts: {} };
  const missing: Record<ParamKind, number> = { params: 0, facts: 0 };
  for (const number of numbers) {
    const piece = pieces.get(number) ?? {};
    const [kind, entries, bytes] = core?.carried[number] ?? [null, 0, 0];
    if (Array.isArray(piece.lines)) for (const line of piece.lines) pending.push(String(line));
    else if (kind === 'lines') lines.push({ at: pending.length, lines: entries, bytes });
    for (const each of ['params', 'facts'] as const) {
      const text = piece[each];
      if (text !== undefined) merged[each] = mergeParams(merged[each], decodeParams(text));
      else if (kind === each) missing[each] += entries;
    }
  }
  return {
    isWhole: core !== null && lines.length + missing.params + missing.facts === 0,
    plain: {
      dictionary: core?.dictionary ?? NO_DICTIONARY,
      params: encodeParams(merged.params),
      facts: encodeParams(merged.facts),
      log: { offset: core?.logOffset ?? 0, pending },
      ending: core?.ending ?? null,
      before: core?.before ?? null,
    },
    unrestored: {
      ...missing,
      lines,
      factsThere: Object.keys(merged.facts),
      knowsOffset: core !== null,
    },
  };
}

function wholeOf(payload: Uint8Array): ReadCheckpoint {
  const plain = jsonIn(payload);
  if (plain === null) throw new ExpmanError('CORRUPT', 'a checkpoint is not valid JSON');
  return { isWhole: true, plain: plain as PlainState, unrestored: NOTHING_MISSING };
}

function linePieces(lines: readonly string[]): { readonly listed: Listed; readonly piece: Piece }[] {
  return inPieces(lines, (line) => line.length).map((some) => ({
    listed: ['lines', some.length, Buffer.byteLength(some.join(''))],
    piece: { lines: some },
  }));
}

function paramPieces(kind: ParamKind, params: Params): { readonly listed: Listed; readonly piece: Piece }[] {
  const texts = new Map(
    Object.entries(params).map(([key, value]) => [key, encodeParams(Object.fromEntries([[key, value]]))]),
  );
  return inPieces([...texts.keys()], (key) => texts.get(key)?.length ?? 0).map((keys) => ({
    listed: [kind, keys.length, 0],
    // Each text is an object of one entry.
    piece: { [kind]: `{${keys.map((key) => texts.get(key)?.slice(1, -1) ?? '').join(',')}}` },
  }));
}

function inPieces<T>(items: readonly T[], lengthOf: (item: T) => number): T[][] {
  const pieces: T[][] = [];
  let length = PIECE_CHARS;
  for (const item of items) {
    if (length >= PIECE_CHARS) {
      pieces.push([]);
      length = 0;
    }
    pieces.at(-1)?.push(item);
    length += lengthOf(item);
  }
  return pieces;
}

function coreOf(payload: Uint8Array): Core | null {
  const core = jsonIn(payload) as Partial<Core> | null;
  if (core?.dictionary === undefined || !Array.isArray(core.carried)) return null;
  return core.carried.every((listed) => Array.isArray(listed)) ? (core as Core) : null;
}

function jsonIn(payload: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

const jsonOf = (value: Core | Piece): Buffer => Buffer.from(JSON.stringify(value));
