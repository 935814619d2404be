import { signal } from '@preact/signals';

export type Theme = 'light' | 'dark';

const KEY = 'expman-theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');

/** The colours of the page: those chosen here, or else those of the system. */
export const theme = signal<Theme>(chosen() ?? systemTheme());

prefersDark.addEventListener('change', () => {
  if (chosen() === null) show(systemTheme());
});
show(theme.value);

/** Switches to the other theme, for later visits too. */
export function toggleTheme(): void {
  const next = theme.value === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A report opened as a file may have no storage; then it lasts for this visit only.
  }
  show(next);
}

function show(next: Theme): void {
  document.documentElement.dataset['theme'] = next;
  theme.value = next;
}

function systemTheme(): Theme {
  return prefersDark.matches ? 'dark' : 'light';
}

function chosen(): Theme | null {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'dark' || kept === 'light' ? kept : null;
  } catch {
    return null;
  }
}
