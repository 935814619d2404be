/**
 * The probability that two samples of one distribution differ at least as much as these (two-sided), by the
 * rank test of H. B. Mann and D. R. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically
 * Larger than the Other", 1947: normal approximation, ties sharing their mean rank, corrected for continuity.
 */
export function mannWhitney(a: readonly number[], b: readonly number[]): number {
  const all = [...a, ...b].sort((x, y) => x - y);
  const size = all.length;
  const rankOf = new Map<number, number>();
  let tied = 0;
  for (let from = 0, to = 0; from < size; from = to) {
    while (to < size && all[to] === all[from]) to++;
    rankOf.set(all[from] ?? NaN, (from + 1 + to) / 2);
    tied += (to - from) ** 3 - (to - from);
  }
  const rankSum = a.reduce((sum, value) => sum + (rankOf.get(value) ?? NaN), 0);
  const above = rankSum - (a.length * (a.length + 1)) / 2;
  const expected = (a.length * b.length) / 2;
  const variance = ((a.length * b.length) / 12) * (size + 1 - tied / (size * (size - 1)));
  if (variance === 0) return 1;
  return 2 * normalTail(Math.max(0, (Math.abs(above - expected) - 0.5) / Math.sqrt(variance)));
}

/** How likely a standard normal number is above `z` >= 0: M. Abramowitz and I. A. Stegun, 1964, 26.2.17. */
function normalTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
}
