/**
 * What tells a distribution from a group of parameters, which may have a parameter called `kind` of its own.
 *
 * From the registry of symbols, so that two copies of this package in one process know each other's distributions.
 */
export const DISTRIBUTION: unique symbol = Symbol.for('expman-rx.distribution');

/** A constant of a space, or an option of a choice. */
export type Scalar = string | number | boolean;

/** What every distribution has: no object that a user writes is taken for one. */
export interface Distributed<K extends string> {
  readonly [DISTRIBUTION]: true;
  /** The constructor that made it. */
  readonly kind: K;
}

/** Made by {@link uniform}. */
export interface Uniform extends Distributed<'uniform'> {
  /** The least value. */
  readonly low: number;
  /** The greatest value. */
  readonly high: number;
}

/** Made by {@link logUniform}. */
export interface LogUniform extends Distributed<'logUniform'> {
  /** The least value, above 0. */
  readonly low: number;
  /** The greatest value. */
  readonly high: number;
}

/** Made by {@link quniform}. */
export interface QUniform extends Distributed<'quniform'> {
  /** The least value, and the one all steps are counted from. */
  readonly low: number;
  /** No value is greater; it is a value itself only when whole steps lead to it. */
  readonly high: number;
  /** The step from one value to the next. */
  readonly q: number;
}

/** Made by {@link randint}. */
export interface RandInt extends Distributed<'randint'> {
  /** The least integer. */
  readonly low: number;
  /** The greatest integer. */
  readonly high: number;
}

/** Made by {@link normal}. */
export interface Normal extends Distributed<'normal'> {
  /** The mean. */
  readonly mean: number;
  /** The standard deviation. */
  readonly deviation: number;
}

/** Made by {@link choice}. */
export interface Choice<O extends Option = Option> extends Distributed<'choice'> {
  /** What there is to choose from, no two alike. */
  readonly options: readonly O[];
}

/** A distribution whose values are numbers. */
export type NumberDistribution = Uniform | LogUniform | QUniform | RandInt | Normal;

/** What a parameter is drawn from. */
export type Distribution = NumberDistribution | Choice;

/** An option of a choice: a value, or parameters that exist only when it is chosen. */
export type Option = Scalar | Space;

/** What stands under a name: a constant, a distribution, or a group of further parameters. */
export type SpaceEntry = Scalar | Distribution | Space;

/** The parameters of a sweep by their names. The order in which they are written means nothing. */
export interface Space {
  readonly [name: string]: SpaceEntry;
}

/**
 * The parameters a trial of a space gets.
 *
 * @example
 * const space = { lr: logUniform(1e-5, 1e-1), optimizer: choice('sgd', 'adam') };
 * type Params = ParamsOf<typeof space>; // { readonly lr: number; readonly optimizer: 'sgd' | 'adam' }
 */
export type ParamsOf<S> = S extends Scalar
  ? S
  : S extends NumberDistribution
    ? number
    : S extends Choice<infer O>
      ? ParamsOf<O>
      : { readonly [K in keyof S]: ParamsOf<S[K]> };

/** Tells whether a value was made by one of the constructors of distributions. */
export function isDistribution(value: object): value is Distribution {
  return DISTRIBUTION in value;
}
