import type { ComponentChildren, JSX } from 'preact';
import { hashOf, type Place } from '../state/route.js';

/** A link to a place on the page. */
export function To({
  place,
  query,
  children,
  ...rest
}: {
  readonly place: Place;
  readonly query?: URLSearchParams;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly title?: string;
  readonly 'data-testid'?: string;
  readonly 'aria-current'?: 'page' | 'true' | undefined;
}): JSX.Element {
  return (
    <a href={hashOf(place, query)} {...rest}>
      {children}
    </a>
  );
}
