// A training that computes without a pause: simulated annealing on Rastrigin's function, whose least value is 0.
// It runs in a thread of its own, so neither the sweep nor the other trials wait for it.

/** @param {readonly number[]} x */
const rastrigin = (x) =>
  10 * x.length + x.reduce((sum, each) => sum + each ** 2 - 10 * Math.cos(2 * Math.PI * each), 0);

/** @param {import('expman-rx/sweep').WorkerTrial<{ cooling: number, width: number, seed: number }>} trial */
export default async function train({ params, run, signal }) {
  const { cooling, width, seed } = params;
  let state = seed + 1;
  // Park and Miller's minimal standard: the same story each time.
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  let at = Array.from({ length: 8 }, () => 10 * random() - 5);
  let [value, best, temperature] = [rastrigin(at), Infinity, 10];
  for (let step = 0; step < 20_000 && !signal.aborted; step++, temperature *= cooling) {
    const next = at.map((each) => each + width * (random() - 0.5));
    const there = rastrigin(next);
    if (there < value || random() < Math.exp((value - there) / temperature)) [at, value] = [next, there];
    best = Math.min(best, value);
    if (step % 100 === 0) run.logMetrics({ value, best, temperature }, step);
  }
  run.summary({ best }, { headline: true });
  await run.saveCheckpoint(20_000, { json: at });
}
