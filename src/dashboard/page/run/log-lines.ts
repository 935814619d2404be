import { inNumber } from '../../../pure/quantity.js';
import type { LogLineAnswer } from '../../api.js';

/** The levels of a log, the most severe last. */
export const LEVELS = ['silly', 'debug', 'verbose', 'http', 'info', 'warn', 'error'] as const;

/** True if a line is at least as severe as requested and contains a text, ignoring case. */
export function isWanted(
  { level, message }: Pick<LogLineAnswer, 'level' | 'message'>,
  least: string | undefined,
  text: string | undefined,
): boolean {
  const [own, asked] = [level, least ?? 'silly'].map((name) => LEVELS.findIndex((each) => each === name));
  return own! >= asked! && message.toLowerCase().includes((text ?? '').toLowerCase());
}

/**
 * Cuts a log to its last lines; one line more is requested, to find out whether there are earlier
 * ones.
 */
export function lastLines(
  read: readonly LogLineAnswer[],
  last: number,
): { readonly lines: readonly LogLineAnswer[]; readonly isCut: boolean } {
  return { lines: read.slice(-last), isCut: read.length > last };
}

/** Writes the number of lines, and whether there are earlier ones. */
export function countOfLines(lines: number, isCut: boolean): string {
  const count = `${lines} ${inNumber(lines, 'lines')}`;
  return isCut ? `last ${count}` : count;
}

/**
 * Appends lines that arrived to those that were read; a line that arrived during the read may be in
 * both, and is kept once.
 */
export function joined(
  read: readonly LogLineAnswer[],
  arrived: readonly LogLineAnswer[],
): readonly LogLineAnswer[] {
  if (arrived.length === 0) return read;
  const known = new Map<string, number>();
  for (const line of read) known.set(keyOf(line), (known.get(keyOf(line)) ?? 0) + 1);
  const lastReadAt = read.at(-1)?.timestampMs ?? -Infinity;
  const more = arrived.filter((line) => {
    const left = known.get(keyOf(line)) ?? 0;
    if (left > 0) known.set(keyOf(line), left - 1);
    // An older line that was not read is one that the server left out of a longer log.
    return left === 0 && line.timestampMs >= lastReadAt;
  });
  return [...read, ...more];
}

const keyOf = ({ timestampMs, level, message }: LogLineAnswer): string =>
  `${timestampMs} ${level} ${message}`;
