import { StringDecoder } from 'node:string_decoder';
import { nodeFs } from '../../storage/node-fs.js';
import type { Findings } from '../exchange/findings.js';
import { corruptAt } from '../source/source-files.js';

const CHUNK_BYTES = 256 * 1024;
/**
 * The longest line in characters: it holds one row, and a text of a row has at most 16 MB.
 *
 * @bound refuses: CORRUPT, with the line
 */
const MAX_LINE_LENGTH = 64 * 1024 * 1024;

/** A line of a text file and its number, from 1. */
export interface TextLine {
  readonly text: string;
  readonly number: number;
  /** False for a last line without an end, which may be cut off. */
  readonly hasEnd: boolean;
}

/**
 * Yields the lines of a text file that have an end; a last one without is left out and told: what
 * it says may be cut off within a number.
 *
 * @param name - what the finding calls the file
 * @throws ExpmanError `CORRUPT` for a line of over 64 million characters
 */
export function* wholeLinesOf(path: string, name: string, findings: Findings): Generator<TextLine, void> {
  for (const line of linesOf(path)) {
    if (line.hasEnd) yield line;
    else findings.add('damaged', `line ${line.number} of ${name}: it has no end, so it may be cut off`);
  }
}

/**
 * Yields the lines of a text file, without line endings; one of them is in memory at a time.
 *
 * @throws ExpmanError `CORRUPT` for a line of over 64 million characters
 */
export function* linesOf(path: string): Generator<TextLine, void> {
  const file = nodeFs.open(path, 'read');
  try {
    yield* splitLines(file, path);
  } finally {
    nodeFs.close(file);
  }
}

function* splitLines(file: number, path: string): Generator<TextLine, void> {
  const decoder = new StringDecoder('utf8');
  const bytes = Buffer.alloc(CHUNK_BYTES);
  // Pieces of a line that is longer than a chunk; joined once, or a long line would be copied for
  // each chunk.
  let pieces: string[] = [];
  let length = 0;
  let number = 0;
  for (let position = 0; ;) {
    const read = nodeFs.read(file, bytes, position);
    if (read === 0) break;
    position += read;
    const [first = '', ...rest] = decoder.write(bytes.subarray(0, read)).split('\n');
    pieces.push(first);
    length += first.length;
    if (length > MAX_LINE_LENGTH)
      throw corruptAt(path, 'the line is longer than 64 million characters', number + 1);
    for (const next of rest) {
      yield { text: withoutReturn(pieces.join('')), number: ++number, hasEnd: true };
      pieces = [next];
      length = next.length;
    }
  }
  const last = pieces.join('') + decoder.end();
  if (last !== '') yield { text: withoutReturn(last), number: ++number, hasEnd: false };
}

const withoutReturn = (text: string): string => (text.endsWith('\r') ? text.slice(0, -1) : text);
