import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeReport } from 'expman-rx/dashboard';
import type { Locator, Page } from 'playwright-core';
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

describe.skipIf(!hasBrowser)('summaries and definitions', () => {
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

  it('of any name leave the page as wide as the window', async () => {
    const { page, complaints } = await visit((await serve(base)).url);
    await page.waitForSelector('[data-testid=run-row]');
    const column = encodeURIComponent(`s:${LONG}`);
    for (const place of [
      `#/runs?col=${column}`,
      '#/run/exp/one',
      `#/compare?${TWO}&sy=${column}&metric=${column}`,
    ]) {
      await go(page, place);
      const isWithin = 'document.documentElement.scrollWidth <= innerWidth';
      expect([place, await page.evaluate(isWithin)]).toEqual([place, true]);
    }
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

  const draws = async (page: Page): Promise<void> => {
    await go(page, '#/run/exp/one/metrics?metric=val%2Floss&metric=acc');
    const chart = (metric: string): Locator => page.locator(`[data-testid=chart][data-metric="${metric}"]`);
    await chart('val/loss').waitFor();
    const csv = async (metric: string): Promise<string[]> => {
      await chart(metric).getByRole('button', { name: /^Save/ }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        chart(metric).getByRole('button', { name: 'CSV' }).click(),
      ]);
      return readFileSync(await download.path(), 'utf8')
        .trim()
        .split(/\r?\n/);
    };
    // Three epochs from 10 on, two values in each; acc has no definition.
    expect((await csv('val/loss')).map((line) => line.split(',')[1])).toEqual([
      ...['epoch', '10', '10', '10.5', '10.5', '11', '11'],
    ]);
    expect((await csv('acc')).map((line) => line.split(',')[1])).toEqual(['step', '0', '100', '200']);

    // The stretch of one axis leaves the charts over the other as they are.
    const points = (metric: string): Promise<string | null> => chart(metric).getAttribute('data-points');
    await go(page, '#/run/exp/one/metrics?metric=val%2Floss&metric=acc&from=10.4&to=11&of=metric%3Aepoch');
    await expect.poll(async () => [await points('val/loss'), await points('acc')]).toEqual(['4', '3']);
    await chart('val/loss').getByRole('button', { name: 'Reset' }).click();
    await expect.poll(() => points('val/loss')).toBe('6');
    await chart('acc').locator('.chart-body').focus();
    await page.keyboard.press('+');
    await expect.poll(() => page.evaluate('location.hash')).toContain('from=');
    expect(await page.evaluate('location.hash')).not.toContain('of=');
    expect(await points('val/loss')).toBe('6');

    const choice = page.locator('.choice', { hasText: /^x/ }).locator('select');
    expect(await choice.inputValue()).toBe('');
    await choice.selectOption('step');
    await settled(page);
    await expect
      .poll(async () => (await csv('val/loss')).map((line) => line.split(',')[1]))
      .toEqual(['step', '0', '50', '100', '150', '200', '250']);
    // The chart follows the view of its new axis.
    await chart('val/loss').locator('.chart-body').focus();
    await page.keyboard.press('+');
    await chart('val/loss').getByRole('button', { name: 'Reset' }).click();
    await choice.selectOption('');
    await expect.poll(() => page.evaluate('location.hash')).not.toContain('x=');
  };

  it('draw curves over the axis of their definition, until another is chosen', async () => {
    const { page, complaints } = await visit((await serve(base)).url);
    await page.waitForSelector('[data-testid=run-row]');
    await draws(page);
    expect(complaints).toEqual([]);
  });

  it('draw the curves of a run that grows over its epochs', async () => {
    const live = folder();
    const run = openRun(live, { runName: 'grows' });
    run.defineMetric('loss', { x: 'epoch' });
    const log = async (epoch: number): Promise<void> => {
      run.logMetrics({ epoch }, epoch * 10);
      run.logMetrics({ loss: 1 / epoch }, epoch * 10 + 1);
      await run.flush();
    };
    await log(1);
    const { page, complaints } = await visit((await serve(live)).url);
    await page.waitForSelector('[data-testid=run-row]');
    await go(page, '#/run/exp/grows/metrics?metric=loss');
    const chart = page.locator('[data-testid=chart]');
    await expect.poll(() => chart.getAttribute('data-points')).toBe('1');
    await log(2);
    await log(3);
    await expect.poll(() => chart.getAttribute('data-points')).toBe('3');
    await run.close();
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
    await draws(page);
    expect(complaints).toEqual([]);
  });
});
