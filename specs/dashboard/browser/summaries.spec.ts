import { join } from 'node:path';
import { writeReport } from 'expman-rx/dashboard';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { go, hasBrowser, settled } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { dashboards, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('summaries', afterAll);
const serve = dashboards();
const TWO = 'run=exp%2Fone&run=exp%2Ftwo';
const LONG = `${'long '.repeat(200)}\u0007\u202e<img src=x onerror=window.owned=1>`;

const cells = (page: Page, row: string): Promise<string[]> =>
  page.locator(`${row} td, ${row} th`).allInnerTexts();

describe.skipIf(!hasBrowser)('summaries and definitions', { timeout: 120_000 }, () => {
  const visit = browsing();
  let base: string;
  let runDirs: string[];

  beforeAll(async () => {
    base = folder();
    runDirs = [];
    for (const [runName, rate, losses] of [
      ['one', 0.9, [1, 0.25, 0.5]],
      ['two', 0.7, [1, 0.75, 0.375]],
    ] as const) {
      const run = openRun(base, { runName });
      run.logParams({ lr: rate });
      run.summary({ cases: 200, [LONG]: 'x' });
      run.summary({ rate }, { headline: true });
      run.defineMetric('rate', { goal: 'max' });
      run.defineMetric('val/*', { goal: 'min', x: 'epoch', summary: 'best' });
      run.defineMetric(LONG, { goal: 'min' });
      for (const [step, loss] of losses.entries()) {
        run.logMetrics({ 'val/loss': loss, acc: step / 10, epoch: step / 2 + 10 }, step * 100);
        run.logMetrics({ 'val/loss': loss / 2 + 0.25 }, step * 100 + 50);
      }
      await run.close();
      runDirs.push(run.runDir);
    }
  }, 60_000);

  it('are columns of the table: headlines by themselves, figures by definition, best first', async () => {
    const { page, complaints } = await visit((await serve(base)).url);
    await page.waitForSelector('[data-testid=run-row]');
    const heads = (): Promise<string[]> => page.locator('.runs-table thead th button').allInnerTexts();
    expect((await heads()).slice(5).map((text) => text.trim())).toEqual([
      'rate',
      'acc',
      'epoch',
      'val/loss min',
      'lr',
    ]);
    const row = '[data-run="exp/one"]';
    expect((await cells(page, row)).slice(-5)).toEqual(['0.9', '0.2', '11', '0.25', '0.9']);
    expect(await page.locator(`${row} td[title="0.25 (min)"]`).count()).toBe(1);

    const first = (): Promise<string | null> =>
      page.locator('[data-testid=run-row]').first().getAttribute('data-run');
    await page.getByRole('button', { name: 'rate', exact: true }).click();
    await expect.poll(first).toBe('exp/one');
    expect(await page.locator('th[title="summary.rate"]').getAttribute('aria-sort')).toBe('descending');
    await page.getByRole('button', { name: 'rate', exact: false }).first().click();
    await expect.poll(first).toBe('exp/two');
    await page.getByRole('button', { name: 'val/loss min' }).click();
    await expect.poll(first).toBe('exp/one');

    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('searchbox', { name: 'Find a column' }).fill('summary.cas');
    await page.getByRole('checkbox', { name: 'cases summary' }).check();
    await expect.poll(async () => (await heads()).at(-1)?.trim()).toBe('cases');
    await page.getByTestId('filter').fill('summary.rate > 0.8');
    await expect.poll(() => page.locator('[data-testid=run-row]').count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('are on the page of a run: the headline first, goals and figures in the table of metrics', async () => {
    const { page, complaints } = await visit((await serve(base)).url);
    await page.waitForSelector('[data-testid=run-row]');
    await go(page, '#/run/exp/one');
    const names = await page.locator('section[aria-label=Summary] th').allInnerTexts();
    expect([names[0], names[1], names.length]).toEqual(['rate', 'cases', 3]);
    const metric = page.locator('section[aria-label=Metrics] tr', { hasText: 'val/loss' });
    expect((await metric.locator('td').allInnerTexts()).slice(0, 3)).toEqual(['min', '0.25', 'min']);
    expect(await page.evaluate('window.owned')).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  const compares = async (page: Page): Promise<void> => {
    await go(page, `#/compare?${TWO}`);
    const line = (section: string, name: string): Promise<string[]> =>
      page
        .locator(`section[aria-label=${section}] tr`, {
          has: page.getByRole('rowheader', { name, exact: true }),
        })
        .locator('td')
        .allInnerTexts();
    const plain = (texts: string[]): string[] => texts.map((text) => text.replaceAll(/\s+/g, ' ').trim());
    await page.locator('section[aria-label=Summary]').waitFor();
    expect(plain(await line('Summary', 'rate'))).toEqual(['0.9★ best', '0.7']);
    expect(plain(await line('Metrics', 'val/loss'))).toEqual(['0.25★ best', '0.375']);
    expect(plain(await line('Metrics', 'acc'))).toEqual(['0.2', '0.2']);
    await page.getByLabel('of each').selectOption('last');
    await settled(page);
    expect(plain(await line('Metrics', 'val/loss'))).toEqual(['0.5', '0.4375★ best']);
    const judged = page.locator('section[aria-label=Importance] select');
    // The headline is what parameters are judged by, until another result is chosen.
    expect(await judged.inputValue()).toBe('s:rate');
    await expect
      .poll(() => page.locator('section[aria-label="Parallel coordinates"]').innerText())
      .toContain('Orange is the best rate: higher is better.');
    await judged.selectOption('m:val/loss');
    await expect
      .poll(() => page.locator('section[aria-label="Parallel coordinates"]').innerText())
      .toContain('lower is better');
  };

  it('are compared, the best of a line marked, and judge parameters', async () => {
    const { page, complaints } = await visit((await serve(base)).url);
    await page.waitForSelector('[data-testid=run-row]');
    await compares(page);
    expect(complaints).toEqual([]);
  });

  it('are in a report, too', async () => {
    const path = join(folder(), 'report.html');
    await writeReport(runDirs, path);
    const { page, complaints } = await visit(`file://${path}`);
    await page.waitForSelector('[data-testid=run-row]');
    await page.getByRole('button', { name: 'rate', exact: true }).click();
    await expect
      .poll(() => page.locator('[data-testid=run-row]').first().getAttribute('data-run'))
      .toBe('exp/one');
    await go(page, '#/run/exp/one');
    expect((await page.locator('section[aria-label=Summary] th').allInnerTexts())[0]).toBe('rate');
    await compares(page);
    expect(complaints).toEqual([]);
  });
});
