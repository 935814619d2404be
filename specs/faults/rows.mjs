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
 * Logs rows by name and by recorders in turn: whichever way they come, they are one log.
 *
 * @param {{
 *   readonly row: (values: ReturnType<typeof rowOf>, step: number) => void,
 *   readonly recorder: (...names: string[]) => (step: number, ...values: any[]) => void,
 * }} doors
 * @returns {(values: ReturnType<typeof rowOf>, step: number) => void}
 */
export function inTurn({ row, recorder }) {
  /** @type {Map<string, ReturnType<typeof recorder>>} */
  const recorders = new Map();
  return (values, step) => {
    const way = hash(0, step) % 4;
    if (way < 2) {
      row(values, step);
      return;
    }
    const names = Object.keys(values);
    const key = JSON.stringify(names);
    const record = recorders.get(key) ?? recorder(...names);
    recorders.set(key, record);
    const given = Object.values(values);
    const numbers = given.filter((value) => typeof value === 'number');
    if (way === 2 && numbers.length === given.length) record(step, Float64Array.from(numbers));
    else record(step, ...given);
  };
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
