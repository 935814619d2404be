// What the rows of a fault run hold; shared by the process that logs them and the one that checks them.

/**
 * A number that looks random and depends on run and step only.
 *
 * @param {number} run
 * @param {number} step
 * @returns {number}
 */
export function hash(run, step) {
  let x = Math.imul(run + 1, 0x9e3779b1) ^ Math.imul(step + 1, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
  return (x ^ (x >>> 13)) >>> 0;
}

/**
 * The values of a row.
 *
 * @param {'plain' | 'mixed' | 'wide'} shape
 * @param {number} run
 * @param {number} step
 * @returns {Record<string, number | bigint | boolean | string>}
 */
export function rowOf(shape, run, step) {
  const h = hash(run, step);
  if (shape === 'plain') return { loss: h / 7, accuracy: step };
  if (shape === 'wide') {
    /** @type {Record<string, number>} */
    const wide = {};
    for (let at = 0; at < 40; at++) wide[`m${at}`] = h + at;
    return wide;
  }
  /** @type {Record<string, number | bigint | boolean | string>} */
  const row = {
    loss: h % 11 === 0 ? NaN : h / 7,
    note: `${h}`.repeat(h % 5),
    flag: (h & 1) === 1,
    big: BigInt(h) << 20n,
  };
  if (h % 3 === 0) row[`late${Math.floor(step / 500)}`] = h;
  // A metric that changes its type half-way.
  row['turning'] = step < 700 ? BigInt(step) : `t${step}`;
  return row;
}
