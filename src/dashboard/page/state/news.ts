import { signal } from '@preact/signals';

/** Goes up whenever the list of runs has changed, or may have while no news came. */
export const listTurn = signal(0);
