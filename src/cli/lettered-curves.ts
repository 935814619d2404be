const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** The letter that draws a curve when no colour distinguishes it from others. */
export const letterOf = (curve: number): string => LETTERS.charAt(curve % LETTERS.length);

/**
 * A point of a curve as the plot library passes it: its number in the curve, its column and line.
 */
interface PlacedPoint {
  readonly index: number;
  readonly plotX: number;
  readonly plotY: number;
}

/** A character of the drawing. */
interface PlacedSymbol {
  x: number;
  y: number;
  symbol: string;
}

/** Draws curve after curve with its letter, one in every column between two points. */
export function letteredCurves(): (point: PlacedPoint) => PlacedSymbol[] {
  let curve = -1;
  let [beforeX, beforeY] = [0, 0];
  return ({ index, plotX, plotY }) => {
    // The points of each curve arrive in order, from 0.
    if (index === 0) {
      curve++;
      [beforeX, beforeY] = [plotX, plotY];
    }
    const symbol = letterOf(curve);
    const width = plotX - beforeX;
    const between = Array.from({ length: Math.max(0, width - 1) }, (_, at) => ({
      x: beforeX + at + 1,
      y: Math.round(beforeY + ((plotY - beforeY) * (at + 1)) / width),
      symbol,
    }));
    [beforeX, beforeY] = [plotX, plotY];
    return [...between, { x: plotX, y: plotY, symbol }];
  };
}
