const LEVELS = '▁▂▃▄▅▆▇█';

/**
 * Draws numbers as a line of up to `width` block characters, the latest last, from the lowest (▁)
 * to the highest (█) of those shown.
 *
 * More numbers than `width` are averaged in even groups. NaN and infinities are blank; equal
 * numbers are all ▁.
 *
 * @example
 * sparkline([1, 2, 4, 8], 4); // '▁▂▄█'
 */
export function sparkline(values: readonly number[], width = 16): string {
  const shown = inGroups(values, Math.max(1, Math.floor(width)));
  const finite = shown.filter(Number.isFinite);
  const least = Math.min(...finite);
  const most = Math.max(...finite);
  return shown
    .map((value) => {
      if (!Number.isFinite(value)) return ' ';
      // Halves, because the difference of two doubles may be infinite.
      const share = most > least ? (value / 2 - least / 2) / (most / 2 - least / 2) : 0;
      return LEVELS[Math.min(LEVELS.length - 1, Math.floor(share * LEVELS.length))] ?? ' ';
    })
    .join('');
}

function inGroups(values: readonly number[], width: number): readonly number[] {
  if (values.length <= width) return values;
  return Array.from({ length: width }, (_, group) => {
    const from = Math.floor((group * values.length) / width);
    const members = values.slice(from, Math.floor(((group + 1) * values.length) / width));
    return members.reduce((sum, value) => sum + value / members.length, 0);
  });
}
