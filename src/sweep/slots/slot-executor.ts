import { join } from 'node:path';
import type { Executor } from '../executor.js';
import type { TrialRules } from '../run-trial.js';
import type { SlotOptions } from '../sweep-options.js';
import { placeHere } from '../trial-place.js';
import { trialRunName } from '../trial-run-name.js';
import { TrialWatch } from '../trial-watch.js';
import type { PlacedTrial } from '../trial.js';
import { SlotProcesses } from './slot-processes.js';

/** Runs trials in child processes of this one, one for each slot. */
export function runInSlots<P>(
  rules: TrialRules,
  { module, slots }: { readonly module: URL; readonly slots: readonly SlotOptions[] },
): Executor<P, PlacedTrial<P>> {
  const { name, baseDir, run } = rules;
  const processes = new SlotProcesses(
    { module: module.href, name, baseDir, run },
    slots.map(({ env = {} }) => env),
  );
  return {
    outlivesStudy: false,
    open: () => Promise.resolve(),
    run: ({ number, attempt, params, slot }, control, observer) => {
      const watch = new TrialWatch(rules);
      const taken = { number, attempt, params, slot };
      const place = placeHere(join(baseDir, name), taken);
      observer.begins({ attempt, run: trialRunName(number, attempt), place });
      return processes.run(taken, rules, {
        control,
        observer: {
          started: ({ host }) => observer.started({ ...taken, host }),
          reported: (point) => {
            const logged = watch.addPoint(point);
            if (logged !== null) observer.reported(logged);
          },
          ending: (outcome) => observer.ending({ ...outcome, place }),
        },
      });
    },
    close: () => processes.close(),
  };
}
