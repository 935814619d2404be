import type { Span } from '../../../pure/span.js';
import { countText, numberText } from '../facts/format.js';

/** Numbers beyond these limits are written with an exponent. */
const PLAIN = { least: 1e-3, greatest: 1e6, length: 9 };
/** @bound loses nothing: a double has no more that a tick could show */
const MOST_DECIMALS = 20;
/** Tolerance for rounding: 0.35 / 0.05 is not exactly 7. */
const TOLERANCE = 1e-9;

/**
 * Returns about as many round numbers within a stretch as asked for; none if the doubles of the
 * stretch leave no room for them.
 */
export function ticks({ from, to }: Span, about: number): number[] {
  // Divided first: the difference of two doubles may be infinite.
  const rough = to / about - from / about;
  const power = Number(`1e${Math.floor(Math.log10(rough))}`);
  const fits = (factor: number): boolean => factor * power >= rough * (1 - TOLERANCE);
  // Near the largest double, the step must stay finite.
  const step = power * ([1, 2, 5, 10].find((factor) => fits(factor) && factor * power < Infinity) ?? 1);
  const first = Math.ceil(from / step - TOLERANCE);
  const count = Math.max(0, Math.floor(to / step + TOLERANCE) - first + 1);
  const size = Math.max(Math.abs(from), Math.abs(to));
  // 15 digits, enough for a step of 1 between milliseconds since the epoch, or as many as tell one
  // tick from the next.
  const digits = Math.max(15, Math.min(17, Math.floor(Math.log10(size / step)) + 2));
  const values = Array.from({ length: Math.min(count, 50) || 0 }, (_, index) =>
    Number(((first + index) * step).toPrecision(digits)),
  );
  return [...new Set(values)].filter(Number.isFinite);
}

/** Returns ticks of a logarithmic axis: powers of ten, and 2 and 5 times those if there is room. */
export function logTicks({ from, to }: Span, about: number): number[] {
  const [first, last] = [Math.log10(from), Math.log10(to)];
  // Within one power of ten the axis is nearly linear.
  if (last - first < 1) return ticks({ from, to }, about);
  const stride = Math.ceil((last - first) / about);
  const factors = 3 * (last - first) <= about ? [1, 2, 5] : [1];
  const powers: number[] = [];
  for (let power = Math.ceil(first / stride - 1) * stride; power <= last; power += stride) powers.push(power);
  return powers
    .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
    .filter((value) => value >= from && value <= to);
}

/**
 * Writes the ticks of an axis in one common form, with as many digits as their distance requires.
 */
export function tickTexts(values: readonly number[]): string[] {
  const size = Math.max(0, ...values.map(Math.abs));
  const gap = values
    .slice(1)
    .reduce((least, value, index) => Math.min(least, value - values[index]!), Infinity);
  if (size === 0) return values.map(() => '0');
  const step = Number.isFinite(gap) ? gap : size;
  // Powers of ten have no common form.
  if (
    values.length > 2 &&
    Math.max(...values.map((value) => value / values[0]!)) >= 10 &&
    !isEven(values, step)
  )
    return values.map(powerText);
  const plain = fixedTexts(values, step, 0);
  if (size >= PLAIN.least && size < PLAIN.greatest) return plain;
  const power = Math.max(-306, 3 * Math.floor(Math.log10(size) / 3));
  const short = fixedTexts(values, step, power);
  const isPlain = size < 1e21 && (longest(plain) <= PLAIN.length || longest(plain) <= longest(short));
  return isPlain && size > 1e-9 ? plain : short;
}

/** The length of the longest text. */
export const longest = (texts: readonly string[]): number =>
  texts.reduce((so, { length }) => Math.max(so, length), 0);

const isEven = (values: readonly number[], step: number): boolean =>
  values.slice(1).every((value, index) => value - values[index]! < 1.5 * step);

const powerText = (value: number): string =>
  value >= PLAIN.least && value < PLAIN.greatest
    ? numberText(value)
    : value.toExponential().replace('e+', 'e');

/**
 * Writes each value in units of a power of ten, with as many decimals as tell it from its
 * neighbours.
 */
function fixedTexts(values: readonly number[], step: number, power: number): string[] {
  const unit = Number(`1e${power}`);
  const scaled = values.map((value) => value / unit);
  const near = (step / unit) * 1e-3;
  let decimals = 0;
  const isOff = (value: number): boolean => Math.abs(Number(value.toFixed(decimals)) - value) > near;
  while (decimals < MOST_DECIMALS && scaled.some(isOff)) decimals++;
  return scaled.map((value) => {
    if (value === 0) return '0';
    const [whole = '', ...rest] = value.toFixed(decimals).split('.');
    return `${[countText(whole), ...rest].join('.')}${power === 0 ? '' : `e${power}`}`;
  });
}
