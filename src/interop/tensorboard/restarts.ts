import type { Step } from '../../model/step.js';
import type { Moment } from './moments.js';

/**
 * The places where a training was started again at a step: what was logged before from that step on
 * is out of date, and TensorBoard purges it.
 */
export class Restarts {
  /** Those that matter: a later one at a lower step purges all that an earlier one does. */
  private readonly lasting: { readonly at: number; readonly step: Step }[] = [];
  /** The number of all. */
  count = 0;

  /** @param at - the number of moments before */
  add(at: number, step: Step): void {
    for (let last = this.lasting.at(-1); last !== undefined && last.step >= step; last = this.lasting.at(-1))
      this.lasting.pop();
    this.lasting.push({ at, step });
    this.count++;
  }

  /**
   * Yields the moments without what is out of date; of what holds for the run as a whole everything
   * is kept.
   *
   * @param onPurged - called with the number of values that are left out
   */
  async *kept(
    moments: AsyncIterable<Moment>,
    onPurged: (values: number) => void = () => undefined,
  ): AsyncGenerator<Moment> {
    let next = 0;
    let at = 0;
    for await (const moment of moments) {
      while ((this.lasting[next]?.at ?? Infinity) <= at) next++;
      at++;
      const restart = this.lasting[next];
      if (restart === undefined || moment.step < restart.step) yield moment;
      else {
        const meanings = moment.meanings.filter(
          ({ kind }) => kind !== 'metric' && kind !== 'media' && kind !== 'left out',
        );
        onPurged(moment.meanings.length - meanings.length);
        yield { ...moment, meanings };
      }
    }
  }
}
