import { localTime } from '../../../pure/local-time.js';
import type { Span } from '../../../pure/span.js';

const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];

/** The distances between ticks, in milliseconds. */
const STEPS: readonly number[] = [
  ...[1, 5, 15, 30].map((count) => count * SECOND),
  ...[1, 5, 15, 30].map((count) => count * MINUTE),
  ...[1, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((count) => count * DAY),
];
/** Of a longer stretch the years are counted. */
const YEAR = 364 * DAY;

/** A tick on an axis of time. */
export interface TimeTick {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
}

/** Returns at most `most` round moments within a stretch of time, by the reader's clock. */
export function timeTicks({ from, to }: Span, most: number): TimeTick[] {
  const rough = (to - from) / most;
  const step = STEPS.find((each) => each >= rough) ?? Math.ceil(rough / YEAR) * YEAR;
  // Round by the clock of the reader, whose distance to UTC is that of the first moment.
  const offset = new Date(from).getTimezoneOffset() * MINUTE;
  if (!Number.isFinite(offset)) return [];
  const first = Math.ceil((from - offset) / step) * step + offset;
  const moments = Array.from({ length: most + 1 }, (_, index) => first + index * step);
  return moments.filter((at) => at <= to).map((at) => ({ at, text: textOf(at, step, to - from) }));
}

/** Writes no more of a moment than tells it from its neighbours. */
function textOf(at: number, step: number, length: number): string {
  const [day = '', time = ''] = (localTime(new Date(at).toISOString(), 'second') ?? '').split(' ');
  if (step >= DAY) return day;
  // @bound loses nothing: the ticks are whole minutes
  const short = step < MINUTE ? time : time.slice(0, 5);
  return length > DAY ? `${day.slice(5)} ${short}` : short;
}
