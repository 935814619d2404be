import { quantity } from '../pure/quantity.js';
import type { Loss } from './run-file.js';

/**
 * The most losses that `run.yaml` lists; beyond it neighbours become one entry, and the sum still
 * counts every call.
 *
 * @bound loses nothing: neighbours become one entry, and no call leaves the sum
 */
const MAX_LISTED = 100;

/** The total number of calls known to be lost. */
export const callsLost = (losses: readonly Loss[]): number =>
  losses.reduce((sum, { calls }) => sum + calls, 0);

/** Merges the known losses with the new ones of `found`, in the order of their records. */
export function mergeLosses(known: readonly Loss[], found: readonly Loss[]): Loss[] {
  const added = found.filter((loss) => !known.some((each) => isSame(each, loss)));
  return joined([...known, ...added].sort((a, b) => a.epoch - b.epoch || a.firstRecord - b.firstRecord));
}

/** Losses in words: `12 calls`, `at most 12 calls and 3 other records`; empty for none. */
export function lossText(losses: readonly Loss[]): string {
  const calls = callsLost(losses);
  const others = losses.reduce((sum, loss) => sum + (loss.others ?? 0), 0);
  const isUpperBound = losses.some(({ atMost }) => atMost === true);
  const parts = [
    ...(calls > 0 ? [`${isUpperBound ? 'at most ' : ''}${quantity(calls, 'calls')}`] : []),
    ...(others > 0 ? [quantity(others, calls > 0 ? 'other records' : 'log line or parameter records')] : []),
  ];
  return parts.join(' and ');
}

/** A log that is read again before its rows are published reports the same gap again. */
function isSame(known: Loss, found: Loss): boolean {
  if (known.epoch !== found.epoch) return false;
  if (known.firstRecord === found.firstRecord && known.records === found.records) return true;
  const knownEnd = known.firstRecord + known.records;
  return known.firstRecord < found.firstRecord + found.records && found.firstRecord < knownEnd;
}

function joined(losses: readonly Loss[]): Loss[] {
  const few: Loss[] = [];
  let surplus = losses.length - MAX_LISTED;
  for (const loss of losses) {
    const last = few.at(-1);
    if (surplus <= 0 || last?.epoch !== loss.epoch) few.push(loss);
    else {
      few[few.length - 1] = join(last, loss);
      surplus--;
    }
  }
  return few;
}

function join(one: Loss, next: Loss): Loss {
  const others = (one.others ?? 0) + (next.others ?? 0);
  const end = Math.max(one.firstRecord + one.records, next.firstRecord + next.records);
  return {
    epoch: one.epoch,
    firstRecord: one.firstRecord,
    records: end - one.firstRecord,
    calls: one.calls + next.calls,
    ...((one.atMost ?? next.atMost) === true && { atMost: true }),
    ...(others > 0 && { others }),
    file: one.file,
  };
}
