import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { hasBrowser, launchBrowser, openPage } from '../../support/browser.js';
import { type BenchCase, type Figure, inTempFolder, openRun, quantile, randomAt } from '../measure.js';
import { makeRuns } from '../runs.js';

const DIST = new URL('../../../dist/index.js', import.meta.url).href;
const EXPMAN = new URL('../../../dist/cli/expman.js', import.meta.url).pathname;
const PATIENCE_MS = 120_000;

/** The dashboard as it is used: `expman serve` in a process of its own, looked at with Chromium. */
export default {
  title: 'The dashboard, from the address to what is seen in Chromium',
  run: (quick) => {
    if (!hasBrowser) return Promise.resolve([{ what: 'the dashboard', figure: 'not measured: no Chromium' }]);
    return inTempFolder(async (folder) => {
      const browser = await launchBrowser();
      try {
        return [
          ...(await manyRuns(browser, join(folder, 'many'), quick ? 200 : 10_000)),
          ...(await longRun(browser, join(folder, 'long'), quick ? 100_000 : 10_000_000)),
          ...(await overlaid(browser, join(folder, 'overlaid'), quick ? 1000 : 100_000)),
          ...(await fastRun(browser, join(folder, 'fast'), quick ? 2 : 20)),
        ];
      } finally {
        await browser.close();
      }
    });
  },
} satisfies BenchCase;

async function manyRuns(browser: Browser, folder: string, count: number): Promise<Figure[]> {
  await makeRuns(join(folder, 'runs'), count);
  // A folder that has just been made is not remembered before its time is past.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const figures: Figure[] = [];
  for (const [what, bound] of [
    ['nothing remembered', undefined],
    ['remembered', '<= 2 s'],
  ] as const) {
    await served(join(folder, 'runs'), folder, async (url) => {
      const begun = performance.now();
      const { page } = await openPage(browser, url);
      await page.waitForSelector('[data-testid=run-row]', { timeout: PATIENCE_MS });
      figures.push({
        what: `${count.toLocaleString('en-US')} runs listed, ${what}`,
        figure: seconds(performance.now() - begun),
        ...(bound !== undefined && { bound }),
      });
      await page.context().close();
    });
  }
  return figures;
}

async function longRun(browser: Browser, folder: string, rows: number): Promise<Figure[]> {
  const run = openRun(folder, { runName: 'long', backpressure: 'block' });
  for (let step = 0; step < rows; step++)
    run.logMetrics({ loss: randomAt(step), accuracy: step % 1000 }, step);
  await run.close();
  return served(folder, folder, async (url) => {
    const { page } = await openPage(browser, url);
    await page.waitForSelector('[data-testid=run-row]');
    const begun = performance.now();
    await page.evaluate("location.hash = '#/curves?run=bench%2Flong&metric=loss'");
    await drawn(page);
    const took = performance.now() - begun;
    return [
      {
        what: `the curve of a run of ${rows.toLocaleString('en-US')} rows`,
        figure: seconds(took),
        bound: '<= 2 s',
      },
    ];
  });
}

async function overlaid(browser: Browser, folder: string, rows: number): Promise<Figure[]> {
  const runs = 50;
  for (let at = 0; at < runs; at++) {
    const run = openRun(folder, { runName: `run${at}`, backpressure: 'block' });
    for (let step = 0; step < rows; step++) run.logMetrics({ loss: randomAt(step * 7 + at) + at / 10 }, step);
    await run.close();
  }
  return served(folder, folder, async (url) => {
    const { page } = await openPage(browser, url);
    await page.waitForSelector('[data-testid=run-row]');
    const chosen = Array.from({ length: runs }, (_, at) => `run=bench%2Frun${at}`).join('&');
    await page.evaluate(`location.hash = '#/curves?${chosen}&metric=loss'`);
    await drawn(page);
    const box = await page.locator('[data-testid=chart] canvas').first().boundingBox();
    if (box === null) throw new Error('the chart has no canvas');
    const middle = box.y + box.height / 2;
    // Zoomed in first, so that there is something to move.
    await drag(page, box.x + box.width * 0.3, box.x + box.width * 0.7, middle, 5);
    await drawn(page);
    await page.keyboard.down('Shift');
    const gaps = await frameGaps(page, async () => {
      for (let round = 0; round < 4; round++)
        await drag(
          page,
          box.x + box.width * (round % 2 ? 0.3 : 0.7),
          box.x + box.width * (round % 2 ? 0.7 : 0.3),
          middle,
          40,
        );
    });
    await page.keyboard.up('Shift');
    const total = gaps.reduce((sum, gap) => sum + gap, 0);
    return [
      {
        what: `${runs} curves of ${rows.toLocaleString('en-US')} points over each other, moved: frames a second`,
        figure: `${((gaps.length / total) * 1000).toFixed(0)}, worst gap ${Math.max(...gaps).toFixed(0)} ms`,
        bound: '>= 30',
      },
    ];
  });
}

async function fastRun(browser: Browser, folder: string, forSeconds: number): Promise<Figure[]> {
  const program = `
    import { ExperimentConfig, LoggingEngine } from ${JSON.stringify(DIST)};
    const run = new LoggingEngine(new ExperimentConfig('bench', ${JSON.stringify(folder)}, { runName: 'fast', environment: false }));
    let step = 0; const begun = performance.now();
    setInterval(() => { const due = (performance.now() - begun) * 100; while (step < due) { run.logMetrics({ loss: 1 / (1 + step), accuracy: step % 1000 }, step); step++; } }, 5);
    await run.flush(); console.log(run.runDir);`;
  const training = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(createInterface(training.stdout), 'line');
    return await served(folder, folder, async (url, server) => {
      const { page } = await openPage(browser, url);
      await page.waitForSelector('[data-testid=run-row]');
      await page.evaluate("location.hash = '#/curves?run=bench%2Ffast'");
      await drawn(page);
      const gaps = await frameGaps(page, () => page.waitForTimeout(forSeconds * 1000));
      const sorted = Float64Array.from(gaps).sort();
      return [
        {
          what: `a run of 100,000 rows a second, watched for ${forSeconds} s: the server's memory`,
          figure: `${peakOf(server).toFixed(0)} MB`,
          bound: '<= 300 MB',
        },
        {
          what: 'the same: gaps between two frames of the page',
          figure: `p50 ${quantile(sorted, 0.5).toFixed(0)} ms, p99 ${quantile(sorted, 0.99).toFixed(0)} ms, worst ${Math.max(...gaps).toFixed(0)} ms`,
        },
      ];
    });
  } finally {
    training.kill('SIGKILL');
  }
}

/** With `expman serve` of a folder in a process of its own. */
async function served<T>(
  dir: string,
  cache: string,
  look: (url: string, server: ChildProcess) => Promise<T>,
): Promise<T> {
  const server = spawn(process.execPath, [EXPMAN, 'serve', dir, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, XDG_CACHE_HOME: join(cache, 'cache') },
  });
  try {
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    return await look((JSON.parse(line) as { readonly url: string }).url, server);
  } finally {
    server.kill('SIGKILL');
  }
}

async function drawn(page: Page): Promise<void> {
  await page.waitForSelector('[data-testid=chart]:not([data-points="0"])', { timeout: PATIENCE_MS });
}

async function drag(page: Page, from: number, to: number, y: number, moves: number): Promise<void> {
  await page.mouse.move(from, y);
  await page.mouse.down();
  await page.mouse.move(to, y, { steps: moves });
  await page.mouse.up();
}

/** The milliseconds between the frames that the browser draws while something happens. */
async function frameGaps(page: Page, doing: () => Promise<unknown>): Promise<readonly number[]> {
  await page.evaluate(`{
    window.frames_ = []; window.isCounting = true; let last = performance.now();
    requestAnimationFrame(function next(now) { frames_.push(now - last); last = now; if (isCounting) requestAnimationFrame(next); });
  }`);
  await doing();
  return page.evaluate('isCounting = false, frames_');
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

/** The most memory a process has had, in megabytes, from the kernel. */
const peakOf = ({ pid }: ChildProcess): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1] ?? NaN) / 1024;
