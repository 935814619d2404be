/** Positive numbers with a greater ratio than this are taken to have been chosen on a logarithmic scale. */
const LOG_RATIO = 50;

/**
 * Describes the space that some runs were taken from, by the parameters seen in them, as `sweep.yaml`
 * describes a declared one: the range of numbers, the distinct other values.
 */
export function seenSpace(columns: Readonly<Record<string, readonly unknown[]>>): Record<string, unknown> {
  const space: Record<string, unknown> = {};
  for (const [name, values] of Object.entries(columns)) {
    const seen = [...new Set(values.filter((value) => value !== undefined && value !== null))];
    const numbers = seen.filter((value): value is number => typeof value === 'number');
    const finite = numbers.filter(Number.isFinite);
    const low = finite.reduce((least, value) => Math.min(least, value), Infinity);
    const high = finite.reduce((most, value) => Math.max(most, value), -Infinity);
    const kind = low > 0 && high / low > LOG_RATIO ? 'logUniform' : 'uniform';
    if (seen.length > 1)
      space[name] = numbers.length < seen.length ? { choice: seen } : { [kind]: [low, high] };
  }
  return space;
}
