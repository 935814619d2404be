import type { CaseRecord } from './case-result.js';

/** The figures of an evaluation. */
export interface EvaluationSummary {
  readonly cases: number;
  /** The number of cases that passed. */
  readonly passed: number;
  /** The number of cases with an error. */
  readonly errors: number;
  /** The share of cases that passed; absent without cases, like the bounds. */
  readonly pass_rate?: number;
  /** The bounds of the 95% confidence interval of the pass rate, by Wilson's score. */
  readonly pass_rate_low?: number;
  readonly pass_rate_high?: number;
  /** Percentiles of the milliseconds that answers took; absent without answers. */
  readonly latency_p50_ms?: number;
  readonly latency_p90_ms?: number;
  readonly latency_p99_ms?: number;
  /** The mean of each score, with booleans as 0 and 1, over the cases that have it. */
  readonly scores: Readonly<Record<string, number>>;
}

/** The quantile of the normal distribution for a two-sided 95%. */
const Z = 1.959963984540054;

/** Works out the figures of an evaluation from its cases. */
export function summarise(results: Iterable<CaseRecord>): EvaluationSummary {
  const all = [...results];
  const passed = all.filter((each) => each.passed).length;
  const latencies = all.flatMap(({ latencyMs }) => latencyMs ?? []).sort((one, other) => one - other);
  const names = new Set(all.flatMap(({ scores }) => Object.keys(scores)));
  return {
    cases: all.length,
    passed,
    errors: all.filter(({ error }) => error !== null).length,
    ...(all.length > 0 && { pass_rate: passed / all.length, ...wilson(passed, all.length) }),
    ...(latencies.length > 0 && {
      latency_p50_ms: percentile(latencies, 0.5),
      latency_p90_ms: percentile(latencies, 0.9),
      latency_p99_ms: percentile(latencies, 0.99),
    }),
    scores: Object.fromEntries(
      [...names].map((name) => [name, mean(all.flatMap(({ scores }) => scores[name] ?? []))]),
    ),
  };
}

/**
 * The score interval of a proportion: E. B. Wilson, Probable inference, the law of succession, and
 * statistical inference, JASA 22 (1927), 209-212.
 */
function wilson(passed: number, cases: number): Pick<EvaluationSummary, 'pass_rate_low' | 'pass_rate_high'> {
  const rate = passed / cases;
  const centre = rate + Z ** 2 / (2 * cases);
  const reach = Z * Math.sqrt((rate * (1 - rate)) / cases + Z ** 2 / (4 * cases ** 2));
  const scale = 1 + Z ** 2 / cases;
  return {
    // At the ends the bound is 0 or 1, and rounding must not move it beyond.
    pass_rate_low: passed === 0 ? 0 : Math.max(0, (centre - reach) / scale),
    pass_rate_high: passed === cases ? 1 : Math.min(1, (centre + reach) / scale),
  };
}

/**
 * The percentile with linear interpolation between the two nearest values: type 7 of R. J. Hyndman
 * and Y. Fan, Sample quantiles in statistical packages, The American Statistician 50 (1996).
 */
function percentile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

const mean = (values: readonly (number | boolean)[]): number =>
  values.reduce<number>((sum, value) => sum + Number(value), 0) / values.length;
