import type { TimestampProvider } from 'rxjs';
import { invalidOption } from '../../model/option-rules.js';
import type { Mode } from './numeric.js';

// Callers in plain JavaScript give anything, so every check takes `unknown`.

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBeCount(option: string, value: unknown, min: number, max: number): void {
  if (!Number.isInteger(value) || !isWithin(value, min, max))
    throw invalidOption(option, `an integer from ${min} to ${max}`, value);
}

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBePositive(option: string, value: unknown, max = Number.MAX_VALUE): void {
  if (value === 0 || !isWithin(value, 0, max))
    throw invalidOption(option, max === Number.MAX_VALUE ? 'a positive number' : `above 0, to ${max}`, value);
}

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBeAmount(option: string, value: unknown): void {
  if (!isWithin(value, 0, Number.MAX_VALUE)) throw invalidOption(option, 'a number from 0 up', value);
}

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBeMode(mode: Mode): void {
  if (!['min', 'max'].includes(mode)) throw invalidOption('mode', "one of 'min', 'max'", mode);
}

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBeClock(scheduler: TimestampProvider): void {
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

/** @throws ExpmanError `INVALID_OPTION` */
export function mustBeOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object', options);
}

/** Whether a value is an object with a method of that name. */
export function hasMethod(value: unknown, method: PropertyKey): boolean {
  const isObject = (typeof value === 'object' || typeof value === 'function') && value !== null;
  return isObject && typeof Reflect.get(value, method) === 'function';
}

const isWithin = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && value >= min && value <= max;
