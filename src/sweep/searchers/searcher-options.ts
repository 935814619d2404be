import { invalidOption } from '../../model/option-rules.js';

/** What a searcher of this package can be told; each takes from it what concerns it. */
export interface SearcherOptions {
  /** What all that is random comes from: an integer from 0 up. */
  readonly seed: number;
  /** Whether a metric is better when it is less or when it is greater. */
  readonly mode: 'min' | 'max';
  /** `grid`: how many values a continuous parameter takes; 1 to 10,000, default 5. */
  readonly gridSteps?: number | undefined;
  /** `grid`: a grid of more trials is refused; 1 to 1,000,000, default 10,000. */
  readonly maxGridTrials?: number | undefined;
  /** `tpe`: so many trials are random before any is learnt from; 1 to 10,000, default 10. */
  readonly startupTrials?: number | undefined;
  /** `tpe`: how many values are drawn for a parameter, of which the best is taken; 1 to 10,000, default 24. */
  readonly candidates?: number | undefined;
}

/** All options, checked and with the defaults filled in. */
export type ResolvedSearcherOptions = {
  readonly [K in keyof SearcherOptions]-?: NonNullable<SearcherOptions[K]>;
};

const NAMES = ['seed', 'mode', 'gridSteps', 'maxGridTrials', 'startupTrials', 'candidates'];

/** @throws ExpmanError `INVALID_OPTION` */
export function resolveSearcherOptions(options: unknown): ResolvedSearcherOptions {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object', options);
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw invalidOption(unknown, `one of the options ${NAMES.join(', ')}`, unknown);
  const read = (name: keyof SearcherOptions): unknown => Reflect.get(options, name);
  const integer = (name: keyof SearcherOptions, min: number, max: number, fallback?: number): number => {
    const value = read(name) ?? fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max)
      return value;
    throw invalidOption(name, `an integer from ${min} to ${max}`, value);
  };
  return {
    seed: integer('seed', 0, Number.MAX_SAFE_INTEGER),
    mode: modeOf(read('mode')),
    gridSteps: integer('gridSteps', 1, 10_000, 5),
    maxGridTrials: integer('maxGridTrials', 1, 1_000_000, 10_000),
    startupTrials: integer('startupTrials', 1, 10_000, 10),
    candidates: integer('candidates', 1, 10_000, 24),
  };
}

function modeOf(value: unknown): 'min' | 'max' {
  if (value === 'min' || value === 'max') return value;
  throw invalidOption('mode', "one of 'min', 'max'", value);
}
