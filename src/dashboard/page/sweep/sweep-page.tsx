import type { JSX } from 'preact';

export function SweepPage(_: { readonly experiment: string }): JSX.Element {
  return <p>soon</p>;
}
