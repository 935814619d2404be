/** The learning rate at a point of the training, and the name of the phase it is in. */
export interface Pace {
  readonly learningRate: number;
  readonly phase: 'warm-up' | 'full speed' | 'cool-down';
}

const WARM_UNTIL = 0.05;
const COOL_FROM = 0.5;

/** Up to the peak in the first twentieth, down to nearly nothing in the second half; `progress` runs from 0 to 1. */
export function paceAt(progress: number, peak: number): Pace {
  if (progress < WARM_UNTIL)
    return { learningRate: (peak * (progress + 0.001)) / WARM_UNTIL, phase: 'warm-up' };
  if (progress < COOL_FROM) return { learningRate: peak, phase: 'full speed' };
  return { learningRate: (peak * (1.001 - progress)) / (1 - COOL_FROM), phase: 'cool-down' };
}
