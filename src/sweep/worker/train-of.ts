import { invalidOption } from '../../model/option-rules.js';
import type { WorkerTrain } from '../trial.js';

/** Returns the training function of a module: its default export, or `train`. @throws ExpmanError `INVALID_OPTION` */
export function trainOf(exported: unknown, module: string): WorkerTrain<unknown> {
  const exports = Object(exported) as object;
  const train: unknown = Reflect.get(exports, 'default') ?? Reflect.get(exports, 'train');
  if (typeof train !== 'function')
    throw invalidOption(
      'worker',
      `a module whose default export, or \`train\`, is a function (${module})`,
      train,
    );
  return train as WorkerTrain<unknown>;
}
