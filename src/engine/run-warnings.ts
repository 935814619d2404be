/** The kind of a warning; the lines of one kind take no room from those of another. */
export type WarningKind =
  'value' | 'row' | 'metric' | 'kind' | 'parameter' | 'name' | 'media' | 'tap' | 'run';

/**
 * The most lines of one kind in a run's log; a metric whose name changes with every row must not
 * fill it.
 *
 * @bound tells: run.log announces it and ends with how many more; specs/engine/warnings.spec.ts "is told for a thousand subjects of a kind, then announced and counted, and other kinds go on"
 */
export const MAX_WARNINGS_OF_KIND = 1000;
/**
 * The most names of metrics beyond `maxMetrics` that are counted separately.
 *
 * @bound tells: run.log says "10000 or more"; specs/engine/warnings.spec.ts "says "or more" where it has stopped to tell names apart"
 */
const MAX_EXCESS_NAMES = 10_000;
/** @bound tells: the line in run.log says how many in all; specs/engine/warnings.spec.ts "is told in one line for all metrics beyond maxMetrics, and takes no room from other warnings" */
const SHOWN_NAMES = 10;

const WORDS: Readonly<Record<WarningKind, string>> = {
  value: 'values of metrics that were left out',
  row: 'steps, timestamps and rows that were left out',
  metric: 'metrics beyond maxMetrics',
  kind: 'metrics that changed their type',
  parameter: 'parameters that were left out',
  name: 'reserved names',
  media: 'files that were not saved',
  tap: 'taps that threw',
  run: 'the run',
};

/** Writes a warning into the run's log. */
export type WriteWarning = (message: string, meta: Readonly<Record<string, unknown>>) => void;

interface Told {
  readonly subjects: Set<string>;
  untold: number;
}

/**
 * Warns once about each subject, and about at most {@link MAX_WARNINGS_OF_KIND} subjects of one
 * kind.
 *
 * The first one beyond that is announced, and at the end of the run a line gives the number of
 * those without a line.
 */
export class RunWarnings {
  private readonly kinds = new Map<WarningKind, Told>();
  private readonly excess = new Set<string>();
  private excessTold = 0;

  constructor(private readonly write: WriteWarning) {}

  /** Writes a warning, unless there was one about this subject. */
  add(
    kind: WarningKind,
    subject: string,
    message: string,
    meta: Readonly<Record<string, unknown>> = {},
  ): void {
    let known = this.kinds.get(kind);
    if (known === undefined) this.kinds.set(kind, (known = { subjects: new Set(), untold: 0 }));
    if (known.subjects.has(subject)) return;
    if (known.subjects.size < MAX_WARNINGS_OF_KIND) {
      known.subjects.add(subject);
      this.write(message, meta);
      return;
    }
    if (known.untold++ === 0)
      this.write(
        `${MAX_WARNINGS_OF_KIND} warnings about ${WORDS[kind]} were written; further ones are counted and reported when the run ends`,
        {},
      );
  }

  /** Warns about metrics beyond the limit: one line now, and one at the end if there were more. */
  addExcess(metrics: readonly string[], maxMetrics: number): void {
    for (const metric of metrics) if (this.excess.size < MAX_EXCESS_NAMES) this.excess.add(metric);
    if (this.excessTold > 0) return;
    this.excessTold = this.excess.size;
    const them = this.excessTold === 1 ? 'metric was' : 'metrics were';
    this.write(
      `${this.excessTold} ${them} left out: the run already has maxMetrics = ${maxMetrics} metrics; further ones are reported when the run ends`,
      this.excessFacts(),
    );
  }

  /** Reports, at the end of the run, the warnings that had no line. */
  finish(write: WriteWarning): void {
    for (const [kind, known] of this.kinds) {
      const { untold: count } = known;
      if (count > 0) write(`${count} more warnings about ${WORDS[kind]} were not written`, { count });
      known.untold = 0;
    }
    const { size } = this.excess;
    if (size === this.excessTold) return;
    this.excessTold = size;
    const number = `${size}${size === MAX_EXCESS_NAMES ? ' or more' : ''}`;
    write(`${number} metrics beyond maxMetrics were left out in total`, this.excessFacts());
  }

  private excessFacts(): Readonly<Record<string, unknown>> {
    return { count: this.excess.size, first: [...this.excess].slice(0, SHOWN_NAMES) };
  }
}
