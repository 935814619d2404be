import type { JSX } from 'preact';
import type { Place, RunTab } from '../state/route.js';

export function RunPage(_: {
  readonly id: string;
  readonly tab: RunTab;
  readonly placeOf: (tab: RunTab) => Place;
}): JSX.Element {
  return <p>soon</p>;
}
