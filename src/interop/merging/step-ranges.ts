import { stepReader } from '../../columnar/column-values.js';
import { bitAt } from '../../columnar/bitmap.js';
import type { NamedColumn } from '../../columnar/record-batch.js';
import type { Step } from '../../model/step.js';
import type { OpenRows } from '../../reader/read-rows.js';
import { metricNames } from '../../reader/select-rows.js';

/** The first and the last step at which a metric has a value. */
export interface StepRange {
  readonly from: Step;
  readonly to: Step;
}

/** The ranges of steps in which the metrics of a run have values. */
export class StepRanges {
  readonly #ranges = new Map<string, StepRange>();
  readonly #metricOf: (column: string) => string;

  constructor(rows: OpenRows) {
    this.#metricOf = metricNames(rows);
  }

  /** Adds the rows of a batch. */
  add([step, , ...metrics]: readonly NamedColumn[]): void {
    if (step === undefined) return;
    const stepOf = stepReader(step);
    const steps = Array.from({ length: step.length }, (_, row) => stepOf(row));
    for (const { name, validity } of metrics) {
      const metric = this.#metricOf(name);
      let { from, to }: StepRange = this.#ranges.get(metric) ?? { from: Infinity, to: -Infinity };
      for (let row = 0; row < steps.length; row++) {
        const at = steps[row] ?? null;
        if (at === null || (validity !== null && !bitAt(validity, row))) continue;
        if (at < from) from = at;
        if (at > to) to = at;
      }
      if (from <= to) this.#ranges.set(metric, { from, to });
    }
  }

  /** The metrics that have values with a step. */
  get metrics(): Iterable<string> {
    return this.#ranges.keys();
  }

  /** Returns the range of a metric; undefined for one without a value that has a step. */
  of(metric: string): StepRange | undefined {
    return this.#ranges.get(metric);
  }
}
