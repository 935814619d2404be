import type { JSX } from 'preact';
import { leftText } from './first-of.js';

/** Says below a list how many items it leaves out; renders nothing if it is complete. */
export function Left({ left, what }: { readonly left: number; readonly what: string }): JSX.Element | null {
  const text = leftText(left, what);
  return text === null ? null : <p class="dim">{text}</p>;
}
