import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type SweepOptions, type Train, choice, uniform } from 'expman-rx/sweep';

/** What is searched. */
export const SPACE = { x: uniform(-1, 1), kind: choice('a', 'b') };
/** A point of {@link SPACE}. */
export type Params = { readonly x: number; readonly kind: 'a' | 'b' };

/** Options of a sweep of six trials in a folder. */
export const optionsIn = <P = Params>(
  baseDir: string,
  more: Partial<SweepOptions<P>> = {},
): SweepOptions<P> & { baseDir: string } => ({
  name: 's',
  metric: 'loss',
  trials: 6,
  seed: 7,
  run: { environment: false },
  handleSignals: false,
  ...more,
  baseDir,
});

/** A trial of five rows whose loss is least where x is 0. */
export const square: Train<Params> = ({ params, run }) => {
  for (let step = 0; step < 5; step++) run.logMetrics({ loss: params.x ** 2 + (5 - step) }, step);
  return undefined;
};

/** A YAML file of a sweep or a run. */
export const yamlIn = (dir: string, file = 'sweep.yaml'): Record<string, unknown> =>
  parse(readFileSync(join(dir, file), 'utf8')) as Record<string, unknown>;
