/**
 * The key that distinguishes a distribution from a group of parameters, which may have its own
 * parameter called `kind`.
 *
 * From the global symbol registry, so that two copies of this package in one process recognise each
 * other's distributions.
 */
export const DISTRIBUTION: unique symbol = Symbol.for('expman-rx.distribution');

/** A constant of a space, or an option of a choice. */
export type Scalar = string | number | boolean;

/**
 * The members that every distribution has; no object that a user writes can be mistaken for one.
 */
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
  /** The least value, from which all steps are counted. */
  readonly low: number;
  /** The upper bound; it is a value itself only if whole steps reach it. */
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
  /** The options to choose from, all different. */
  readonly options: readonly O[];
}

/** A distribution whose values are numbers. */
export type NumberDistribution = Uniform | LogUniform | QUniform | RandInt | Normal;

/** A source of values for a parameter. */
export type Distribution = NumberDistribution | Choice;

/** An option of a choice: a value, or parameters that exist only if it is chosen. */
export type Option = Scalar | Space;

/** A named entry of a space: a constant, a distribution, or a group of further parameters. */
export type SpaceEntry = Scalar | Distribution | Space;

/** The parameters of a sweep, by name. Their order does not matter. */
export interface Space {
  readonly [name: string]: SpaceEntry;
}

/**
 * The parameters of a trial of a space.
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

/** True if a value was made by one of the constructors of distributions. */
export function isDistribution(value: object): value is Distribution {
  return DISTRIBUTION in value;
}
