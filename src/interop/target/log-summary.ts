import type { LoggingEngine } from '../../engine/logging-engine.js';
import { ExpmanError } from '../../model/errors.js';
import type { MetricValue } from '../../model/metric.js';
import { bareObject } from '../../model/param-value.js';
import { quoted } from '../../model/printable.js';
import type { MetricDefinition } from '../../pure/metric-definition.js';
import type { ExchangedSummary } from '../exchange/summary-json.js';

/**
 * Sets the summary and the definitions of an imported run. The headline comes first and then the
 * definitions: where a run has no room for everything, they matter most.
 *
 * The run counts and reports values that it cannot keep.
 *
 * @returns descriptions of the definitions that were left out
 */
export function logSummary(
  { summary = {}, headline = [], definitions = {} }: ExchangedSummary,
  engine: LoggingEngine,
): string[] {
  const first = new Set(headline.filter((name) => Object.hasOwn(summary, name)));
  const valuesOf = (names: Iterable<string>): Record<string, MetricValue> =>
    bareObject([...names].map((name) => [name, summary[name] as MetricValue]));
  if (first.size > 0) engine.summary(valuesOf(first), { headline: true });
  const leftOut = define(definitions, engine);
  const others = Object.keys(summary).filter((name) => !first.has(name));
  if (others.length > 0) engine.summary(valuesOf(others));
  return leftOut;
}

function define(definitions: Readonly<Record<string, MetricDefinition>>, engine: LoggingEngine): string[] {
  const all = Object.entries(definitions);
  const refused: string[] = [];
  for (const [pattern, definition] of all)
    try {
      engine.defineMetric(pattern, definition);
    } catch (error) {
      if (!(error instanceof ExpmanError)) throw error;
      refused.push(`${quoted(pattern, 40)}: ${error.message}`);
    }
  const [first] = refused;
  if (first === undefined) return [];
  return [`${refused.length} of ${all.length} definitions of metrics, the first of them that of ${first}`];
}
