import { shownSpan } from '../../../pure/span.js';
import type { HistogramsAnswer } from '../../api.js';

/** Histograms side by side, over one range of values. */
export interface HistogramMap {
  readonly from: number;
  readonly to: number;
  /**
   * The bins of each histogram that are not empty; `share` is their density relative to the densest
   * of all, from 0 to 1.
   */
  readonly columns: readonly (readonly {
    readonly from: number;
    readonly to: number;
    readonly share: number;
  }[])[];
}

/** Puts histograms side by side; null if none has a value. */
export function histogramMap(histograms: HistogramsAnswer['histograms']): HistogramMap | null {
  const columns = histograms.map(({ edges, counts }) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return counts.flatMap((count, bin) => {
      const [from, to] = [edges[bin]!, edges[bin + 1]!];
      if (!(count > 0) || !Number.isFinite(from) || !Number.isFinite(to)) return [];
      return [{ from, to, density: to > from ? count / total / (to - from) : Infinity }];
    });
  });
  const all = columns.flat();
  if (all.length === 0) return null;
  const least = all.reduce((so, { from }) => Math.min(so, from), Infinity);
  const greatest = all.reduce((so, { to }) => Math.max(so, to), -Infinity);
  const densest = all.reduce((so, { density }) => (Number.isFinite(density) ? Math.max(so, density) : so), 0);
  return {
    ...shownSpan(
      least === greatest ? { from: least - 0.5, to: greatest + 0.5 } : { from: least, to: greatest },
    ),
    // The square root keeps rare values visible beside frequent ones.
    columns: columns.map((bins) =>
      bins.map(({ from, to, density }) => ({
        from,
        to,
        share: Number.isFinite(density) && densest > 0 ? Math.sqrt(density / densest) : 1,
      })),
    ),
  };
}

/**
 * The edges of the columns, from 0 to 1: halfway between neighbouring steps, or evenly spaced where
 * steps are missing or do not rise.
 */
export function columnEdges(steps: readonly (number | null)[]): number[] {
  const places = steps.flatMap((step) => (step === null ? [] : step));
  const isRising = places.every((step, index) => index === 0 || step > places[index - 1]!);
  if (places.length !== steps.length || !isRising || places.length < 2)
    return Array.from({ length: steps.length + 1 }, (_, index) => index / Math.max(1, steps.length));
  // There may be no double halfway between two large steps, but there is one between their
  // distances from the first.
  const far = places.map((step) => step - places[0]!);
  const between = far.slice(1).map((at, index) => (at + far[index]!) / 2);
  // The outer columns extend as far outwards as inwards.
  const first = -between[0]!;
  const last = 2 * far.at(-1)! - between.at(-1)!;
  return [first, ...between, last].map((at) => (at - first) / (last - first));
}
