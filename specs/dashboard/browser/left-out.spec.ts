import type { Locator } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { go, hasBrowser } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { dashboards, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('left-out', afterAll);
const serve = dashboards();
const named = (count: number, name: string, value: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`${name}${at}`, at * value]));

describe.skipIf(!hasBrowser)('what a page has no room for', () => {
  const visit = browsing();

  it('is counted: metrics in the menu and beyond the charts, parameters beyond the axes, columns, runs', async () => {
    const base = folder();
    for (const [at, runName] of ['one', 'two'].entries()) {
      const run = openRun(base, { runName });
      run.logParams(named(1010, 'p', at + 1));
      run.logMetrics(named(210, 'm', at + 1), 0);
      await run.close();
    }
    const { page } = await visit((await serve(base)).url);
    await page.waitForSelector('[data-testid=run-row]');
    const says = async (place: Locator, words: string): Promise<void> => {
      await expect.poll(() => place.innerText()).toContain(words);
    };

    await page.getByRole('button', { name: 'Columns' }).click();
    await says(page.locator('.columns-list'), 'more columns: type part of the name');
    await says(page.locator('.columns-list'), 'and 10 more names of metrics, parameters and summary values');

    const metrics = Array.from({ length: 53 }, (_, at) => `metric=m${at}`).join('&');
    await go(page, `#/run/exp/one/metrics?${metrics}`);
    await says(page.locator('.curves'), 'and 3 more metrics that are not drawn');
    await page.getByRole('button', { name: /^Metrics/ }).click();
    await says(page.locator('.columns-list'), 'and 10 more metrics: type part of the name');

    await go(page, '#/compare?run=exp%2Fone&run=exp%2Ftwo');
    await says(page.locator('section[aria-label="Parallel coordinates"]'), 'more parameters without an axis');

    const runs = Array.from({ length: 104 }, (_, at) => `run=exp%2Fr${at}`).join('&');
    await go(page, `#/curves?${runs}&run=exp%2Fone`);
    await says(page.locator('main'), 'and 5 more runs that are not drawn');
  });

  it('is counted below a chart: lines that are not next to the pointer', async () => {
    const base = folder();
    const names = Array.from({ length: 13 }, (_, at) => `r${at}`);
    for (const runName of names) {
      const run = openRun(base, { runName });
      for (const step of [0, 1]) run.logMetrics({ loss: step }, step);
      await run.close();
    }
    const { page } = await visit((await serve(base)).url);
    await page.waitForSelector('[data-testid=run-row]');
    await go(page, `#/curves?${names.map((name) => `run=exp%2F${name}`).join('&')}`);
    await page.locator('[data-testid=chart] .plot-over').first().hover();
    await expect.poll(() => page.locator('.hover').innerText()).toContain('and 3 more');
  });
});
