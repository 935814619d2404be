const COLOURS = {
  light: [
    '#2563c9',
    '#c2410c',
    '#15803d',
    '#a21caf',
    '#0e7490',
    '#b4232f',
    '#6d28d9',
    '#8a6100',
    '#be185d',
    '#3f6212',
  ],
  dark: [
    '#6ea8fe',
    '#fb9a5b',
    '#5fd08a',
    '#e58cf0',
    '#4fd1e0',
    '#ff8087',
    '#b79cff',
    '#e2bd4a',
    '#ff8ac0',
    '#a8d35a',
  ],
} as const;

/** The colour of a line by its index; after the tenth, hues as far apart as possible. */
export function colourAt(index: number, theme: 'light' | 'dark'): string {
  const named = COLOURS[theme][index];
  if (named !== undefined) return named;
  const hue = Math.round((index * 137.508) % 360);
  return theme === 'dark' ? `hsl(${hue} 70% 70%)` : `hsl(${hue} 65% 38%)`;
}
