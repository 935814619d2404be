import type { Scenario } from '../scenario.js';
import { randomKills } from './random-kills.js';

/** All scenarios, by the name they are chosen by. */
export const scenarios: readonly { readonly key: string; readonly scenario: Scenario }[] = [
  { key: 'random-kills', scenario: randomKills },
];
