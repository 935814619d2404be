import type { Step } from '../../model/step.js';

/** A step in JSON: text beyond 2^53. */
export const jsonStep = (step: Step): number | string => (typeof step === 'bigint' ? String(step) : step);
