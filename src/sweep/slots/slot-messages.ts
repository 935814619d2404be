import type { ExperimentOptions } from '../../model/experiment-config.js';
import type { ExperimentName } from '../../model/names.js';
import type { AbortReason, TrialOutcome, TrialPoint } from '../executor.js';
import type { Attempt, AttemptRules } from '../queue/taken-trial.js';
import type { PortableError } from '../worker/portable-error.js';

/** The experiment that the runs of a slot belong to. */
export interface SlotExperiment {
  readonly module: string;
  readonly name: ExperimentName;
  readonly baseDir: string;
  readonly run: Omit<ExperimentOptions, 'runName' | 'resume' | 'group' | 'handleSignals'>;
}

/** Messages to the process of a slot. */
export type ToSlot =
  | {
      readonly kind: 'run';
      readonly experiment: SlotExperiment;
      readonly attempt: Attempt;
      readonly rules: AttemptRules;
    }
  | { readonly kind: 'abort'; readonly reason: AbortReason }
  | { readonly kind: 'expire' };

/** Messages from the process of a slot; what they say is of the attempt it runs. */
export type FromSlot =
  | { readonly kind: 'started'; readonly runDir: string }
  | { readonly kind: 'reported'; readonly point: TrialPoint }
  | { readonly kind: 'ending'; readonly outcome: TrialOutcome }
  | { readonly kind: 'ended'; readonly outcome: TrialOutcome }
  | { readonly kind: 'broken'; readonly error: PortableError };
