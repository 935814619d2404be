import { RECORD_HEAD_BYTES, RecordKind, isRowKind, kindOfTag } from './chunk-layout.js';

/** The records of a payload, counted only by their heads. */
export interface RecordTally {
  readonly records: number;
  /** The number of calls from the given record number on. */
  readonly calls: number;
  /** The number of bytes at the end that are not records. */
  readonly restBytes: number;
}

/**
 * Counts the records of a payload whose rows cannot be decoded; calls below number `from` are left
 * out.
 */
export function tallyRecords(payload: Uint8Array, seq: number, from: number): RecordTally {
  let records = 0;
  let calls = 0;
  const end = walkHeads(payload, (kind) => {
    if (isRowKind(kind) && seq + records >= from) calls++;
    records++;
  });
  return { records, calls, restBytes: payload.length - end };
}

/** Copies the records of a payload that define metrics and shapes, byte for byte. */
export function definitionsIn(payload: Uint8Array): Buffer {
  const pieces: Uint8Array[] = [];
  walkHeads(payload, (kind, at, length) => {
    if (kind === RecordKind.metric || kind === RecordKind.shape)
      pieces.push(payload.subarray(at, at + length));
  });
  return Buffer.concat(pieces);
}

/**
 * Visits the records of a payload up to the first with an invalid length; returns the offset of
 * that one, or the payload's end.
 */
function walkHeads(payload: Uint8Array, visit: (kind: number, at: number, length: number) => void): number {
  const words = new Int32Array(payload.buffer, payload.byteOffset, payload.length >> 2);
  let at = 0;
  while (at < payload.length) {
    const length = words[at >> 2] ?? 0;
    if (length < RECORD_HEAD_BYTES || (length & 7) !== 0 || at + length > payload.length) break;
    visit(kindOfTag(words[(at >> 2) + 1] ?? 0), at, length);
    at += length;
  }
  return at;
}
