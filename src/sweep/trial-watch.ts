import type { MetricRow } from '../model/metric.js';
import type { LoggedValue, TrialPoint } from './executor.js';
import { MetricWatch } from './metric-watch.js';
import type { Objectives } from './objectives.js';
import type { TrialRecord } from './sweep-file.js';

/** What a trial has reported, as its record says it. */
export type TrialValues = Pick<TrialRecord, 'value' | 'step' | 'values' | 'constraintValues'>;

/** Follows the metrics of a trial: those that are optimised, then those of constraints. */
export class TrialWatch {
  private readonly watches: readonly (readonly [name: string, watch: MetricWatch])[];

  constructor(private readonly objectives: Objectives) {
    const { metrics, constraints, value } = objectives;
    const bounded = new Set(constraints.map(({ metric }) => metric));
    this.watches = [
      ...metrics.map(({ name, mode }) => [name, new MetricWatch(value, mode === 'min' ? 1 : -1)] as const),
      ...[...bounded].map((name) => [name, new MetricWatch('last', 1)] as const),
    ];
  }

  /** Adds a row; calls back with each value that counts in it. */
  add(row: MetricRow, onValue: (logged: LoggedValue) => void): void {
    for (const [of, [name, watch]] of this.watches.entries()) {
      const logged = watch.add(row, name);
      if (logged !== null) onValue(of === 0 ? logged : { ...logged, of });
    }
  }

  /** Adds a value that another process has taken from a row; null if it is of no metric that counts. */
  addPoint({ of = 0, ...point }: TrialPoint): LoggedValue | null {
    const logged = this.watches[of]?.[1].addPoint(point) ?? null;
    return logged === null || of === 0 ? logged : { ...logged, of };
  }

  /** The reason why the trial has no result, such as a metric that was never reported; null if it has one. */
  get lack(): string | null {
    const lacking = this.watches.find(([, { reported }]) => reported === null);
    return lacking === undefined ? null : `the metric ${JSON.stringify(lacking[0])} ${lacking[1].lack}`;
  }

  /** What the trial has reported so far. */
  get reported(): TrialValues {
    const { metrics, constraints } = this.objectives;
    const [first, ...others] = this.watches.map(([, { reported }]) => reported);
    const values = [first, ...others.slice(0, metrics.length - 1)].flatMap((each) => each?.value ?? []);
    const bounded = this.watches.slice(metrics.length);
    const figures = constraints.flatMap(
      ({ metric }) => bounded.find(([name]) => name === metric)?.[1].reported?.value ?? [],
    );
    return {
      ...{ value: first?.value ?? null, step: first?.step ?? null },
      ...(metrics.length > 1 && values.length === metrics.length && { values }),
      ...(constraints.length > 0 && figures.length === constraints.length && { constraintValues: figures }),
    };
  }
}
