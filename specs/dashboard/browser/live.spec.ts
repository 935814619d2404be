import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { serve } from 'expman-rx/dashboard';
import type { Locator, Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { hasBrowser } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { duckdb } from '../../support/read-back.js';
import { tempFolders } from '../../support/temp-folder.js';

const DIST = new URL('../../../dist/index.js', import.meta.url).href;
/** A page on a busy machine. */
const PATIENCE_MS = 250_000;

const folder = tempFolders('live-page');
const children: ChildProcess[] = [];

describe.skipIf(!hasBrowser)('a page beside a training process', () => {
  const visit = browsing();
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it('shows a curve that grows without a reload, and ends with what DuckDB reads', async () => {
    const base = folder();
    const training = train(base);
    const { runDir } = await training.begun;
    const dashboard = await serve(base);
    const { page, complaints } = await visit(dashboard.url);
    await page.waitForSelector('[data-testid=run-row]');
    await go(page, '#/run/exp/train/metrics');
    const chart = page.locator('[data-testid=chart][data-metric=loss]');
    await chart.waitFor({ timeout: PATIENCE_MS });
    await page.evaluate('window.isTheSamePage = true');
    const before = await lastOf(chart);
    await until(async () => (await lastOf(chart)) !== before);
    training.end('close');
    await training.ended;
    await page
      .locator(
        '[data-testid=run-title] [data-status=FINISHED], [data-testid=run-title][data-status=FINISHED]',
      )
      .or(page.getByText('FINISHED').first())
      .first()
      .waitFor({ timeout: PATIENCE_MS });
    const [row] = await duckdb(runDir, 'SELECT arg_max(loss, step) AS loss FROM read_parquet($1)');
    await until(async () => (await lastOf(chart)) === String(row?.['loss']));
    expect(await page.evaluate('window.isTheSamePage')).toBe(true);
    expect(complaints).toEqual([]);
    await dashboard.close();
  });

  it('shows that a run was killed', async () => {
    const base = folder();
    const training = train(base);
    await training.begun;
    const dashboard = await serve(base);
    const places = {
      '#/runs': '[data-run="exp/train"] [data-testid=run-status]',
      '#/curves?run=exp%2Ftrain': '.legend .status',
      '#/run/exp/train': '.run-head .status',
    };
    const statuses: Locator[] = [];
    for (const [hash, selector] of Object.entries(places)) {
      const { page } = await visit(dashboard.url);
      await go(page, hash);
      statuses.push(page.locator(selector));
    }
    const are = async (status: string): Promise<boolean> => {
      const texts = await Promise.all(statuses.map((each) => each.textContent()));
      return texts.every((text) => text === status);
    };
    await until(() => are('RUNNING'));
    training.end('kill');
    await training.ended;
    await until(() => are('CRASHED'));
    await dashboard.close();
  });

  it('says that the server has gone, and goes on when it is there again', async () => {
    const base = folder();
    const training = train(base);
    await training.begun;
    const first = await serve(base, { token: false });
    const { page } = await visit(first.url);
    await go(page, '#/run/exp/train/metrics');
    const connection = page.locator('[data-testid=connection]');
    const chart = page.locator('[data-testid=chart][data-metric=loss]');
    await until(async () => (await connection.getAttribute('data-state')) === 'connected');
    await chart.waitFor({ timeout: PATIENCE_MS });
    await first.close();
    await until(async () => (await connection.getAttribute('data-state')) !== 'connected');
    const second = await serve(base, { token: false, port: first.port });
    await until(async () => (await connection.getAttribute('data-state')) === 'connected');
    const before = await lastOf(chart);
    await until(async () => (await lastOf(chart)) !== before);
    await second.close();
  });

  it('is open in five tabs at once, of six connections that a browser has to a server', async () => {
    const base = folder();
    const training = train(base);
    await training.begun;
    const dashboard = await serve(base);
    const { page } = await visit(dashboard.url);
    for (let tabs = 1; tabs < 5; tabs++) {
      const tab = await page.context().newPage();
      await tab.goto(dashboard.url, { timeout: PATIENCE_MS });
      await go(tab, '#/run/exp/train/metrics');
      await tab.waitForSelector('[data-testid=chart]:not([data-points="0"])', { timeout: PATIENCE_MS });
    }
    await page.context().close();
    await dashboard.close();
  });

  it('lets its connection go while nobody looks at it, and has missed nothing when somebody does', async () => {
    const base = folder();
    const training = train(base);
    const { runDir } = await training.begun;
    const dashboard = await serve(base);
    const { page } = await visit(dashboard.url);
    await go(page, '#/run/exp/train/metrics');
    const chart = page.locator('[data-testid=chart][data-metric=loss]');
    await chart.waitFor({ timeout: PATIENCE_MS });
    const ended = page.waitForEvent('requestfailed', (request) => request.url().includes('/api/live'));
    await look(page, false);
    await ended;
    training.end('close');
    await training.ended;
    await look(page, true);
    const [row] = await duckdb(runDir, 'SELECT arg_max(loss, step) AS loss FROM read_parquet($1)');
    await until(async () => (await lastOf(chart)) === String(row?.['loss']));
    await dashboard.close();
  });
});

/** As if the tab came to the front, or another one. */
const look = (page: Page, isSeen: boolean): Promise<unknown> =>
  page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${!isSeen} });
    document.dispatchEvent(new Event('visibilitychange'))`);

const go = (page: Page, hash: string): Promise<unknown> =>
  page.evaluate(`location.hash = ${JSON.stringify(hash)}`);

const lastOf = (chart: Locator): Promise<string | null> => chart.first().getAttribute('data-last');

/** Looks again and again until something holds. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  await expect.poll(holds, { timeout: PATIENCE_MS, interval: 50 }).toBe(true);
}

/** A process that logs until it is told to end. */
function train(base: string): {
  readonly begun: Promise<{ readonly runDir: string }>;
  readonly ended: Promise<void>;
  readonly end: (how: 'close' | 'kill') => void;
} {
  const program = `
    import { ExperimentConfig, LoggingEngine } from ${JSON.stringify(DIST)};
    const run = new LoggingEngine(new ExperimentConfig('exp', ${JSON.stringify(base)}, { runName: 'train', environment: false }));
    let step = 0;
    const timer = setInterval(() => { for (let i = 0; i < 10; i++) run.logMetrics({ loss: 1 / (1 + step) + Math.random() / 10 }, step++); }, 10);
    await run.flush();
    console.log(run.runDir);
    process.stdin.once('data', async () => { clearInterval(timer); await run.close(); process.exit(0); });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 250_000,
    killSignal: 'SIGKILL',
  });
  children.push(child);
  return {
    begun: new Promise((resolve) => {
      createInterface(child.stdout).once('line', (runDir) => {
        resolve({ runDir });
      });
    }),
    ended: new Promise((resolve) => {
      child.once('exit', () => {
        resolve();
      });
    }),
    end: (how) => {
      if (how === 'kill') child.kill('SIGKILL');
      else child.stdin.write('end\n');
    },
  };
}
