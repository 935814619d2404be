/** The correlation of a parameter with a metric, and the measure used. */
export interface Importance {
  readonly param: string;
  /**
   * `rank correlation` (Spearman's, -1 to 1) for numbers, `correlation ratio` (eta, 0 to 1) for
   * other values.
   */
  readonly measure: 'rank correlation' | 'correlation ratio';
  readonly value: number;
  /** The number of runs that have both. */
  readonly runs: number;
}

/** The least number of runs for a result. */
const FEWEST = 3;

/**
 * Measures how strongly each parameter correlates with a number, the strongest first; this does not
 * prove causation.
 *
 * A parameter that is the same everywhere, or that fewer than three runs have, is left out.
 */
export function importanceOf(
  params: Readonly<Record<string, readonly unknown[]>>,
  metric: readonly (number | undefined)[],
): Importance[] {
  return Object.entries(params)
    .flatMap(([param, values]) => importance(param, values, metric) ?? [])
    .sort((one, other) => Math.abs(other.value) - Math.abs(one.value));
}

function importance(
  param: string,
  values: readonly unknown[],
  metric: readonly (number | undefined)[],
): Importance | null {
  const pairs = values.flatMap((value, index) => {
    const result = metric[index];
    return value === undefined || value === null || result === undefined ? [] : [{ value, result }];
  });
  const results = pairs.map(({ result }) => result);
  const numbers = pairs.flatMap(({ value }) => (typeof value === 'number' ? value : []));
  if (pairs.length < FEWEST || new Set(pairs.map(({ value }) => keyOf(value))).size < 2) return null;
  const isNumeric = numbers.length === pairs.length;
  const value = isNumeric
    ? rankCorrelation(numbers, results)
    : correlationRatio(
        pairs.map((pair) => keyOf(pair.value)),
        results,
      );
  const measure = isNumeric ? 'rank correlation' : 'correlation ratio';
  return Number.isFinite(value) ? { param, measure, value, runs: pairs.length } : null;
}

const keyOf = (value: unknown): string => `${typeof value} ${JSON.stringify(value)}`;

/** Spearman's rank correlation; NaN if one of the two is constant. */
export function rankCorrelation(one: readonly number[], other: readonly number[]): number {
  return correlation(ranksOf(one), ranksOf(other));
}

/**
 * Eta: the square root of the share of the variance between the categories; NaN if there is no
 * variance.
 */
export function correlationRatio(categories: readonly string[], values: readonly number[]): number {
  const all = meanOf(values);
  const total = values.reduce((sum, value) => sum + (value - all) ** 2, 0);
  const groups = new Map<string, number[]>();
  categories.forEach((category, index) => {
    groups.set(category, [...(groups.get(category) ?? []), values[index]!]);
  });
  const between = [...groups.values()].reduce(
    (sum, group) => sum + group.length * (meanOf(group) - all) ** 2,
    0,
  );
  return total === 0 ? NaN : Math.sqrt(between / total);
}

/** Ranks values from 1; equal values share the mean of their ranks. */
function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((one, other) => values[one]! - values[other]!);
  const ranks = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let place = from; place < to; place++) ranks[order[place]!] = (from + to + 1) / 2;
    from = to;
  }
  return ranks;
}

function correlation(one: readonly number[], other: readonly number[]): number {
  const [meanOne, meanOther] = [meanOf(one), meanOf(other)];
  let [together, ofOne, ofOther] = [0, 0, 0];
  one.forEach((value, index) => {
    const [first, second] = [value - meanOne, other[index]! - meanOther];
    together += first * second;
    ofOne += first ** 2;
    ofOther += second ** 2;
  });
  return together / Math.sqrt(ofOne * ofOther);
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
