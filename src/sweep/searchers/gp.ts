import { assignmentAt } from '../space/assignment-at.js';
import { normalQuantile } from '../space/normal-law.js';
import type { Assignment, SpaceTree } from '../space/space-tree.js';
import type { AssignmentSearcher, IsFeasible } from './assignment-searcher.js';
import { logExpectedImprovement } from './expected-improvement.js';
import { featureOf } from './features.js';
import { type Feature, type Kernel, fittedKernel, gaussianProcess } from './gaussian-process.js';
import { byRank, isValued, type Observation } from './observation.js';
import { quasiRandomSearcher } from './quasi-random.js';
import { randomStream, type RandomStream } from '../../pure/random-stream.js';
import { modelledLosses } from './modelled-losses.js';
import { unitCubeOf, type Point, type UnitCube } from './unit-cube.js';

/** The settings of {@link gpSearcher}. */
export interface GpSettings {
  readonly seed: number;
  /** The number of trials with a value, or running, before it learns. */
  readonly startupTrials: number;
  readonly isFeasible: IsFeasible;
}

/** The number of trials that are fitted, in time cubic in it: the better half, and others evenly over the sweep. */
const FITTED = 80;
/** The number of trials that a suggestion is made from. */
const KNOWN = 250;
/** Trials from one fit of the kernel to the next. */
const FIT_EVERY = 8;
/** Candidates drawn over the whole space, around each of the best trials, and on each climb. */
const [WIDE, NEAR, CLIMB] = [200, 20, 80];
/** The best trials that candidates are drawn around, and the best candidates that are climbed from. */
const [BEST_TRIALS, CLIMBS] = [5, 4];

/**
 * Bayesian optimisation: fits a Gaussian process to the trials, and tries where the expected
 * improvement is greatest.
 *
 * D. R. Jones, M. Schonlau and W. J. Welch, "Efficient Global Optimization of Expensive Black-Box
 * Functions", 1998, with the Matérn 5/2 kernel and length scales of J. Snoek, H. Larochelle and R. P.
 * Adams, "Practical Bayesian Optimization of Machine Learning Algorithms", NIPS 2012, and the
 * logarithm of the improvement (Ament et al. 2023). Begins with the trials of the quasi-random
 * searcher. A running trial is taken to end as predicted ("kriging believer": D. Ginsbourger, R. Le
 * Riche and L. Carraro, "Kriging is well-suited to parallelize optimization", 2010).
 *
 * The suggestion depends on the seed, the trial's number, the running trials and the set of
 * observations. Of more than 250 trials it knows the better ones and a part of the others; the kernel
 * is fitted to at most 80, and again every 8 trials.
 */
export function gpSearcher(
  tree: SpaceTree,
  { seed, startupTrials, isFeasible }: GpSettings,
): AssignmentSearcher {
  const observations: Observation[] = [];
  const atFirst = quasiRandomSearcher(tree, seed, isFeasible);
  const cube = unitCubeOf(tree);
  const placeOf = (assignment: Assignment): Feature => featureOf(tree, cube.pointOf(assignment));
  const fit = fitting((of) => ({
    features: of.map(({ assignment }) => placeOf(assignment)),
    values: modelledLosses(of),
  }));
  let valued = 0;
  return {
    suggest: (trial, running) => {
      if (valued === 0 || valued + running.length < startupTrials) return atFirst.suggest(trial, running);
      const kernel = fit(observations);
      const known = thinned(observations, KNOWN);
      const sample = {
        features: known.map(({ assignment }) => placeOf(assignment)),
        values: modelledLosses(known),
      };
      const told = gaussianProcess(sample, kernel);
      const best = Math.min(...sample.features.map((feature) => told(feature).mean));
      const waiting = running.map(placeOf);
      const process =
        waiting.length === 0
          ? told
          : gaussianProcess(
              {
                features: [...sample.features, ...waiting],
                values: Float64Array.of(...sample.values, ...waiting.map((feature) => told(feature).mean)),
              },
              kernel,
            );
      const gainOf = (feature: Feature): number => logExpectedImprovement(process(feature), best);
      const hill = new Hill(tree, { cube, gainOf, isFeasible, random: randomStream(seed, trial) });
      const found = hill.climb(known.slice(0, BEST_TRIALS).map(({ assignment }) => assignment));
      return found ?? atFirst.suggest(trial, running);
    },
    observe: (observation) => {
      observations.push(observation);
      if (isValued(observation)) valued += 1;
    },
  };
}

/** Returns a function that fits a kernel, and keeps it until there are enough new observations. */
function fitting(sampleOf: (observations: readonly Observation[]) => Parameters<typeof fittedKernel>[0]) {
  let last: { readonly key: string; readonly kernel: Kernel } | null = null;
  return (observations: readonly Observation[]): Kernel => {
    // Of the set of observations and nothing else, so that a resumed sweep has the same kernel.
    const upTo = observations.length - (observations.length % FIT_EVERY);
    const older = observations.filter(({ trial }) => trial < upTo);
    const fitted = thinned(older.length > 1 ? older : observations, FITTED);
    const key = `${upTo} ${older.length} ${older.length > 1 ? '' : observations.length}`;
    if (last?.key !== key) last = { key, kernel: fittedKernel(sampleOf(fitted)) };
    return last.kernel;
  };
}

/** Returns the better half of some observations and others evenly over the sweep, the best first. */
function thinned(observations: readonly Observation[], most: number): readonly Observation[] {
  const ranked = [...observations].sort(byRank);
  if (ranked.length <= most) return ranked;
  const better = ranked.slice(0, most >> 1);
  const others = ranked.slice(most >> 1).sort((a, b) => a.trial - b.trial);
  const count = most - better.length;
  const kept = Array.from(
    { length: count },
    (_, at) => others[Math.floor(((at + 0.5) * others.length) / count)]!,
  );
  return [...better, ...kept.sort(byRank)];
}

interface Candidate {
  readonly assignment: Assignment;
  readonly point: Point;
  readonly gain: number;
}

interface HillParts {
  readonly cube: UnitCube;
  readonly gainOf: (feature: Feature) => number;
  readonly isFeasible: IsFeasible;
  readonly random: RandomStream;
}

/** The expected improvement over a space, and the way up. */
class Hill {
  constructor(
    private readonly tree: SpaceTree,
    private readonly parts: HillParts,
  ) {}

  /** Returns the highest place found; null if no candidate is feasible. */
  climb(trials: readonly Assignment[]): Assignment | null {
    const { cube, random } = this.parts;
    const wide = Array.from({ length: WIDE }, () => assignmentAt(this.tree, () => random()));
    const near = trials.flatMap((trial) =>
      Array.from({ length: NEAR }, () => cube.assignmentOf(this.moved(cube.pointOf(trial), 0.1))),
    );
    const candidates = [...wide, ...near].flatMap((assignment) => this.measured(assignment) ?? []);
    const tops = candidates
      .sort((a, b) => b.gain - a.gain)
      .slice(0, CLIMBS)
      .map((top) => this.climbFrom(top));
    return tops.sort((a, b) => b.gain - a.gain)[0]?.assignment ?? null;
  }

  /** Goes up by random steps, which widen after a success and narrow after a failure. */
  private climbFrom(start: Candidate): Candidate {
    let [here, radius] = [start, 0.1];
    for (let step = 0; step < CLIMB; step += 1) {
      const next = this.measured(this.parts.cube.assignmentOf(this.moved(here.point, radius)));
      const isHigher = next !== null && next.gain > here.gain;
      if (isHigher) here = next;
      radius = isHigher ? Math.min(radius * 1.6, 0.4) : Math.max(radius * 0.9, 1e-4);
    }
    return here;
  }

  private measured(assignment: Assignment): Candidate | null {
    const { cube, gainOf, isFeasible } = this.parts;
    if (!isFeasible(assignment)) return null;
    const point = cube.pointOf(assignment);
    return { assignment, point, gain: gainOf(featureOf(this.tree, point)) };
  }

  /** Moves a point in all or some of its coordinates. */
  private moved(point: Point, radius: number): Point {
    const { random } = this.parts;
    const share = random() < 0.5 ? 1 : Math.max(1 / point.length, 0.3);
    return point.map((x, at) => {
      if (random() > share) return x;
      if (this.tree.dimensions[at]!.kind === 'choice') return random() < 0.3 ? random() : x;
      const to = x + radius * normalQuantile(Math.max(random(), 2 ** -54));
      return Math.min(Math.max(to, 0), 1);
    });
  }
}
