import type { TimestampProvider } from 'rxjs';
import { type Rule, withMethods } from '../../model/option-rules.js';

/** The clock of an operator. */
export const clock = (): Rule<TimestampProvider> =>
  withMethods<TimestampProvider>('a scheduler, or a clock with now()', 'now');
