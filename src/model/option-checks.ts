import { invalidOption } from './option-rules.js';

export { mustBeOptions } from './option-rules.js';

// Callers in plain JavaScript give anything, so every check takes `unknown`.

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBeCount(
  option: string,
  value: unknown,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  if (Number.isInteger(value) && isWithin(value, min, max)) return;
  const upper = max === Number.MAX_SAFE_INTEGER ? 'up' : `to ${max}`;
  throw invalidOption(option, `an integer from ${min} ${upper}`, value);
}

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBePositive(option: string, value: unknown, max = Number.MAX_VALUE): void {
  if (value === 0 || !isWithin(value, 0, max))
    throw invalidOption(option, max === Number.MAX_VALUE ? 'a positive number' : `above 0, to ${max}`, value);
}

/** A number that is not less, and no more than is finite unless `max` is Infinity. @throws ExpmanError `INVALID_OPTION` */
export function mustBeAmount(option: string, value: unknown, min = 0, max = Number.MAX_VALUE): void {
  if (!isWithin(value, min, max)) throw invalidOption(option, `a number from ${min} up`, value);
}

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBeOneOf(option: string, value: unknown, words: readonly string[]): void {
  if (!words.some((word) => word === value))
    throw invalidOption(option, `one of ${words.map((word) => `'${word}'`).join(', ')}`, value);
}

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBeMode(mode: unknown): void {
  mustBeOneOf('mode', mode, ['min', 'max']);
}

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBeClock(scheduler: unknown): void {
  if (!hasMethod(scheduler, 'now'))
    throw invalidOption('scheduler', 'a scheduler, or a clock with now()', scheduler);
}

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBeName(option: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw invalidOption(option, "a metric's name", value);
}

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBeFlag(option: string, value: unknown): void {
  if (typeof value !== 'boolean') throw invalidOption(option, 'a boolean', value);
}

/** Whether a value is an object with a method of that name. */
export function hasMethod(value: unknown, method: PropertyKey): boolean {
  const isObject = (typeof value === 'object' || typeof value === 'function') && value !== null;
  return isObject && typeof Reflect.get(value, method) === 'function';
}

const isWithin = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && value >= min && value <= max;
