import { signal } from '@preact/signals';

/** Increases whenever the list of runs has changed, or may have changed while no events arrived. */
export const listTurn = signal(0);
