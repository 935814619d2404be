import type { TimestampProvider } from 'rxjs';
import { type Rule, withMethods } from '../../model/option-rules.js';

/** Whose clock an operator reads. */
export const clock = (): Rule<TimestampProvider> =>
  withMethods<TimestampProvider>('a scheduler, or a clock with now()', 'now');
