import type { Span } from '../../../pure/span.js';
import { countText, numberText } from '../facts/format.js';

/** Beyond these a chart is better off with an exponent. */
const PLAIN = { least: 1e-3, greatest: 1e6, length: 9 };
/** @bound loses nothing: a double has no more that a tick could show */
const MOST_DECIMALS = 20;
/** A hair's breadth, as 0.35 / 0.05 is not 7. */
const HAIR = 1e-9;

/** Round numbers within a stretch, about so many; none between doubles that have no room for them. */
export function ticks({ from, to }: Span, about: number): number[] {
  // The difference of two doubles may be infinite.
  const rough = to / about - from / about;
  const power = Number(`1e${Math.floor(Math.log10(rough))}`);
  const fits = (factor: number): boolean => factor * power >= rough * (1 - HAIR);
  // A step has to be a number: of the greatest there are, it is as large as it gets.
  const step = power * ([1, 2, 5, 10].find((factor) => fits(factor) && factor * power < Infinity) ?? 1);
  const first = Math.ceil(from / step - HAIR);
  const count = Math.max(0, Math.floor(to / step + HAIR) - first + 1);
  const size = Math.max(Math.abs(from), Math.abs(to));
  // 15 digits, which a step of one between milliseconds since the epoch takes, or as many as tell one tick from the next.
  const digits = Math.max(15, Math.min(17, Math.floor(Math.log10(size / step)) + 2));
  const values = Array.from({ length: Math.min(count, 50) || 0 }, (_, index) =>
    Number(((first + index) * step).toPrecision(digits)),
  );
  return [...new Set(values)].filter(Number.isFinite);
}

/** The same on a logarithmic axis: powers of ten, twice and five times those where there is room. */
export function logTicks({ from, to }: Span, about: number): number[] {
  const [first, last] = [Math.log10(from), Math.log10(to)];
  // Within one power of ten the axis is nearly even.
  if (last - first < 1) return ticks({ from, to }, about);
  const stride = Math.ceil((last - first) / about);
  const factors = 3 * (last - first) <= about ? [1, 2, 5] : [1];
  const powers: number[] = [];
  for (let power = Math.ceil(first / stride - 1) * stride; power <= last; power += stride) powers.push(power);
  return powers
    .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
    .filter((value) => value >= from && value <= to);
}

/** The texts of an axis's ticks: all in one form, with the digits that the distance between them asks for. */
export function tickTexts(values: readonly number[]): string[] {
  const size = Math.max(0, ...values.map(Math.abs));
  const gap = values
    .slice(1)
    .reduce((least, value, index) => Math.min(least, value - values[index]!), Infinity);
  if (size === 0) return values.map(() => '0');
  const step = Number.isFinite(gap) ? gap : size;
  // Powers of ten share no form.
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

/** How many characters the longest text has. */
export const longest = (texts: readonly string[]): number =>
  texts.reduce((so, { length }) => Math.max(so, length), 0);

const isEven = (values: readonly number[], step: number): boolean =>
  values.slice(1).every((value, index) => value - values[index]! < 1.5 * step);

const powerText = (value: number): string =>
  value >= PLAIN.least && value < PLAIN.greatest
    ? numberText(value)
    : value.toExponential().replace('e+', 'e');

/** Each in units of a power of ten, with as many decimals as tell it from its neighbours. */
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
