import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/**
 * A button that opens a panel, towards the middle of the window; Escape or a press outside closes
 * it.
 */
export function Menu({
  label,
  title,
  isQuiet = false,
  children,
}: {
  readonly label: string;
  readonly title?: string;
  readonly isQuiet?: boolean;
  readonly children: (close: () => void) => ComponentChildren;
}): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const close = (event: Event): void => {
      const isEscape = event instanceof KeyboardEvent && event.key === 'Escape';
      const isOutside = event.type === 'pointerdown' && !root.current?.contains(event.target as Node);
      if (!isEscape && !isOutside) return;
      setOpen(false);
      if (isEscape) button.current?.focus();
    };
    addEventListener('keydown', close);
    addEventListener('pointerdown', close);
    return () => {
      removeEventListener('keydown', close);
      removeEventListener('pointerdown', close);
    };
  }, [isOpen]);
  const isAtStart = (): boolean => {
    const { left, right } = button.current?.getBoundingClientRect() ?? { left: 0, right: 0 };
    return left + right < innerWidth;
  };
  return (
    <div class="menu" ref={root}>
      <button
        type="button"
        ref={button}
        class={isQuiet ? 'quiet' : ''}
        aria-expanded={isOpen}
        title={title}
        aria-label={title}
        onClick={() => setOpen(!isOpen)}
      >
        {label} <span aria-hidden="true">▾</span>
      </button>
      {isOpen ? (
        <div class={isAtStart() ? 'menu-panel at-start' : 'menu-panel'}>{children(() => setOpen(false))}</div>
      ) : null}
    </div>
  );
}
