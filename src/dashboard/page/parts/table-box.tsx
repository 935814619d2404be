import type { ComponentChildren, JSX } from 'preact';

/** A box that scrolls contents too wide for it, by keyboard too. */
export function TableBox({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="table-box card" tabIndex={0} role="group" aria-label={label}>
      {children}
    </div>
  );
}
