const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** The letter a curve is drawn with where no colour tells it from others. */
export const letterOf = (curve: number): string => LETTERS.charAt(curve % LETTERS.length);

/** A point of a curve as the drawing asks for it: its number in the curve, and its place in columns and lines. */
interface PlacedPoint {
  readonly index: number;
  readonly plotX: number;
  readonly plotY: number;
}

/** A sign of the drawing. */
interface PlacedSymbol {
  x: number;
  y: number;
  symbol: string;
}

/** Draws curve after curve with their letters; between two points a letter stands in each column. */
export function letteredCurves(): (point: PlacedPoint) => PlacedSymbol[] {
  let curve = -1;
  let [beforeX, beforeY] = [0, 0];
  return ({ index, plotX, plotY }) => {
    // Each curve's points come in their order, from 0.
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
