import { compareNumbers } from '../pure/compare-numbers.js';
import type { Goal } from '../pure/metric-definition.js';
import { REFUSED, oneOf, rule } from './option-rules.js';
import { optionsTable } from './options-table.js';
import type { CheckpointLine } from './checkpoint.js';

/** A rule by which checkpoints stay. */
export type KeepRule =
  | { readonly kind: 'last'; readonly count: number }
  | { readonly kind: 'best'; readonly count: number; readonly metric: string };

/** Options of `run.saveCheckpoint`. */
export interface CheckpointOptions {
  /**
   * The checkpoints that stay, this one among them: `'last 3'`, or `'best 2 by val/loss'`, which
   * keeps the newest as well, so that a training can go on where it was. Several rules keep what any
   * of them keeps. Applies to all checkpoints of the run; without it, all stay.
   */
  readonly keep?: string | readonly string[] | undefined;
  /**
   * The direction in which the metric of `'best … by …'` gets better: by default that of
   * `defineMetric`, else that of a well-known name such as `loss` or `accuracy`.
   */
  readonly goal?: Goal | undefined;
}

/** The rules of {@link CheckpointOptions}. */
export const CHECKPOINT_OPTIONS = optionsTable<CheckpointOptions>()({
  keep: rule<string | readonly string[], readonly KeepRule[]>(
    "'last N', 'best N by METRIC' or an array of these, N from 1 to 10000",
    (value) => {
      const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
      const rules = texts.map((text) => (typeof text === 'string' ? parseKeep(text) : null));
      const known = rules.filter((each) => each !== null);
      return known.length === rules.length && known.length > 0 ? known : REFUSED;
    },
  ),
  goal: oneOf('min', 'max'),
});

function parseKeep(text: string): KeepRule | null {
  const [, last, best, metric] = /^(?:last ([1-9]\d{0,4})|best ([1-9]\d{0,4}) by (.+))$/s.exec(text) ?? [];
  const count = Number(last ?? best);
  if (!(count >= 1 && count <= 10_000)) return null;
  return metric === undefined ? { kind: 'last', count } : { kind: 'best', count, metric };
}

/** Writes a rule as it is given. */
export const keepText = (rule: KeepRule): string =>
  rule.kind === 'last' ? `last ${rule.count}` : `best ${rule.count} by ${rule.metric}`;

const LEAST = words('loss losses error err mse rmse mae mape nll perplexity ppl wer cer fid regret latency');
const GREATEST = words('accuracy acc f1 auc auroc precision recall reward return score iou miou bleu r2');

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' '));
}

/** Returns the direction in which a metric of a well-known name gets better; null for any other. */
export function goalByName(metric: string): Goal | null {
  const last =
    metric
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .at(-1) ?? '';
  if (LEAST.has(last)) return 'min';
  return GREATEST.has(last) ? 'max' : null;
}

/**
 * Chooses the checkpoints that stay. The lines are in the order in which they were saved, and the
 * last of them always stays.
 *
 * A checkpoint without a value of a metric, or with NaN, is worse than any other; of equal ones the
 * later is better.
 */
export function keptBy(
  rules: readonly KeepRule[],
  goalOf: (metric: string) => Goal,
  lines: readonly CheckpointLine[],
): CheckpointLine[] {
  if (rules.length === 0) return [...lines];
  const newest = lines.at(-1);
  const kept = new Set(newest === undefined ? [] : [newest]);
  for (const each of rules) {
    const ranked = each.kind === 'last' ? [...lines].reverse() : bestFirst(lines, each.metric, goalOf);
    for (const line of ranked.slice(0, each.count)) kept.add(line);
  }
  return lines.filter((line) => kept.has(line));
}

function bestFirst(
  lines: readonly CheckpointLine[],
  metric: string,
  goalOf: (metric: string) => Goal,
): CheckpointLine[] {
  const sign = goalOf(metric) === 'min' ? 1 : -1;
  const valueOf = ({ values }: CheckpointLine): number => values[metric] ?? NaN;
  const newestFirst = [...lines].reverse();
  return [
    ...newestFirst
      .filter((line) => !Number.isNaN(valueOf(line)))
      .sort((one, other) => sign * compareNumbers(valueOf(one), valueOf(other))),
    ...newestFirst.filter((line) => Number.isNaN(valueOf(line))),
  ];
}
