import type { Meaning } from './meaning.js';
import { type Moment, momentsOf, type ReadOptions } from './moments.js';
import type { Restarts } from './restarts.js';

/** The event files of one folder, as a part of a run. */
export interface RunPart {
  readonly files: readonly string[];
  readonly restarts: Restarts;
  /** The name that a metric has in the run; null for one that is left out of its rows. */
  readonly nameOf: (metric: string) => string | null;
}

/**
 * Parts that are read at the same time, each of which keeps a file open.
 *
 * @bound loses nothing: the rows of further parts come after those, and are not joined with them
 */
const MAX_STREAMS = 100;

/** Yields the moments of all parts of a run by their times, without what restarts have purged. */
export function momentsOfParts(
  parts: readonly RunPart[],
  { onCorrupt }: Pick<ReadOptions, 'onCorrupt'>,
): AsyncGenerator<Moment> {
  const streams = parts.slice(0, MAX_STREAMS).map((part) => momentsOfPart(part, onCorrupt));
  return merged(streams, parts.slice(MAX_STREAMS), onCorrupt);
}

async function* momentsOfPart(
  { files, restarts, nameOf }: RunPart,
  onCorrupt: ReadOptions['onCorrupt'],
): AsyncGenerator<Moment> {
  for await (const moment of restarts.kept(momentsOf(files, { onCorrupt }))) {
    const meanings = moment.meanings.flatMap((meaning): Meaning[] => {
      if (meaning.kind !== 'metric') return [meaning];
      const name = nameOf(meaning.name);
      return name === null ? [] : [{ ...meaning, name }];
    });
    yield { ...moment, meanings };
  }
}

async function* merged(
  streams: readonly AsyncGenerator<Moment>[],
  rest: readonly RunPart[],
  onCorrupt: ReadOptions['onCorrupt'],
): AsyncGenerator<Moment> {
  const heads: { readonly stream: AsyncGenerator<Moment>; moment: Moment }[] = [];
  try {
    for (const stream of streams) {
      const first = await stream.next();
      if (first.done !== true) heads.push({ stream, moment: first.value });
    }
    while (heads.length > 0) {
      const at = earliestOf(heads);
      const head = heads[at];
      if (head === undefined) break;
      yield head.moment;
      const next = await head.stream.next();
      if (next.done === true) heads.splice(at, 1);
      else head.moment = next.value;
    }
  } finally {
    for (const stream of streams) await stream.return(undefined);
  }
  for (const part of rest) yield* momentsOfPart(part, onCorrupt);
}

/** The index of the earliest; among those of one time, of the one with the lowest step. */
function earliestOf(heads: readonly { readonly moment: Moment }[]): number {
  let best = 0;
  for (const [at, { moment }] of heads.entries()) {
    const known = heads[best]?.moment ?? moment;
    const isEarlier =
      moment.timestampMs < known.timestampMs ||
      (moment.timestampMs === known.timestampMs && moment.step < known.step);
    if (isEarlier) best = at;
  }
  return best;
}
