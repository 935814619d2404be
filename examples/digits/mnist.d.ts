declare module 'mnist' {
  /** The samples of one digit, 28 x 28 grey values in 0..1 each, one after the other. */
  interface DigitSamples {
    readonly length: number;
    readonly raw: readonly number[];
  }

  /** 10,000 of the handwritten digits of MNIST, by digit; it draws from `Math.random`, which is why only `raw` is typed. */
  const mnist: Readonly<Record<number, DigitSamples>>;
  export default mnist;
}
