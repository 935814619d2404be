// Makes the README's pictures of the dashboard: npm run screenshots
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { serve } from 'expman-rx/dashboard';
import { logUniform, choice, sweep } from 'expman-rx/sweep';
import { launchBrowser, openPage } from '../support/browser.js';

const INTO = fileURLToPath(new URL('../../examples/dashboard/', import.meta.url));
const WIDTHS = { wide: { width: 1280, height: 800 }, narrow: { width: 420, height: 860 } } as const;
const STEPS = 400;

/** Numbers that are the same every time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Runs as somebody's afternoon leaves them, one of them still going. */
async function makeRuns(base: string): Promise<LoggingEngine> {
  const random = seeded(7);
  for (const [at, optimizer] of ['adam', 'adam', 'adamw', 'sgd', 'sgd', 'rmsprop'].entries()) {
    const run = open(base, 'digits', `${optimizer}-${at + 1}`, at === 2 ? ['baseline'] : []);
    train(
      run,
      { optimizer, lr: [1e-3, 3e-3, 1e-3, 1e-1, 3e-2, 1e-3][at] ?? 0, batch: 32 << (at % 3) },
      STEPS,
      random,
    );
    await run.close();
  }
  await sweep(
    { lr: logUniform(1e-4, 1e-1), optimizer: choice('adam', 'sgd'), layers: choice(1, 2, 3) },
    (trial) => {
      const { lr, optimizer, layers } = trial.params;
      const best = Math.abs(Math.log10(lr) + 2.4) / 4 + (optimizer === 'sgd' ? 0.08 : 0) + 0.05 * layers;
      for (let step = 0; step < 60; step++)
        trial.run.logMetrics({ loss: best + Math.exp(-step / 15) * (1 + random() / 5) }, step);
    },
    {
      name: 'digits_sweep',
      baseDir: base,
      metric: 'loss',
      mode: 'min',
      trials: 24,
      seed: 7,
      searcher: 'tpe',
    },
  ).result;
  const live = open(base, 'digits', 'adam-7', ['baseline']);
  train(live, { optimizer: 'adam', lr: 2e-3, batch: 64 }, STEPS / 2, random);
  await live.flush();
  return live;
}

const open = (base: string, experiment: string, runName: string, tags: readonly string[]): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig(experiment, base, { runName, tags: [...tags] }));

interface Choices {
  readonly optimizer: string;
  readonly lr: number;
  readonly batch: number;
}

function train(run: LoggingEngine, params: Choices, steps: number, random: () => number): void {
  run.logParams({ ...params, model: { hidden: 64, dropout: 0.1 } });
  run.logger.info('data: 1,797 digits, 8 x 8');
  const floor = params.optimizer === 'sgd' ? 0.2 : 0.08;
  for (let step = 0; step < steps; step++) {
    const loss =
      floor +
      2.2 * Math.exp(-step * (20 + 4e3 * params.lr) * 1e-3) +
      (random() - 0.5) * 0.12 * Math.exp(-step / 300);
    const accuracy = Math.min(0.99, 1 - loss / 2.6 + (random() - 0.5) * 0.02);
    run.logMetrics({ loss, accuracy, 'val/loss': loss * 1.15 + (random() - 0.5) * 0.05 }, step);
    if (step % 100 === 0) run.logger.info(`epoch ${step / 100} done`, { loss: Number(loss.toFixed(4)) });
  }
}

const base = join(mkdtempSync(join(tmpdir(), 'expman-screenshots-')), 'experiments');
const live = await makeRuns(base);
const dashboard = await serve(base);
const browser = await launchBrowser();
const runs = ['adam-1', 'adamw-3', 'sgd-4', 'adam-7']
  .map((name) => `run=${encodeURIComponent(`digits/${name}`)}`)
  .join('&');
const pages = {
  runs: '#/runs?experiment=digits',
  curves: `#/curves?${runs}&smooth=0.6`,
  run: '#/run/digits/adam-7',
  compare: `#/compare?${runs}`,
  sweep: '#/sweep/digits_sweep',
};
mkdirSync(INTO, { recursive: true });
for (const colorScheme of ['light', 'dark'] as const)
  for (const [width, viewport] of Object.entries(WIDTHS)) {
    const { page } = await openPage(browser, dashboard.url, {
      colorScheme,
      viewport,
      reducedMotion: 'reduce',
    });
    await page.waitForSelector('[data-testid=run-row]');
    for (const [name, place] of Object.entries(pages)) {
      await page.evaluate(`location.hash = ${JSON.stringify(place)}`);
      await page.waitForSelector(name === 'runs' ? '[data-testid=run-row]' : 'canvas, svg, table');
      // A chart is drawn when its curves have come.
      await page.waitForSelector('[data-testid=chart][data-points="0"]', { state: 'detached' });
      await page.waitForTimeout(500);
      const path = join(INTO, `${name}-${colorScheme}-${width}.png`);
      await page.screenshot({ path });
      console.log(path);
    }
    await page.context().close();
  }
await browser.close();
await dashboard.close();
await live.close();
rmSync(join(base, '..'), { recursive: true });
