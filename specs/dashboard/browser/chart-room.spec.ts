import { afterAll, describe, expect, it } from 'vitest';
import { go, hasBrowser, settled } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { dashboards, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('chart-room', afterAll);
const serve = dashboards();

describe.skipIf(!hasBrowser)('a chart', () => {
  const visit = browsing();

  it('has room for the texts of its ticks, however long, and for nothing else', async () => {
    const base = folder();
    const run = openRun(base, { runName: 'one', systemMetrics: { intervalMs: 100 } });
    for (const [step, loss] of [-123_456_789_000.25, -123_456_789_000.5, -123_456_789_000.75].entries())
      run.logMetrics({ loss }, step);
    await run.close();
    const dashboard = await serve(base);
    const { page } = await visit(dashboard.url);
    await page.waitForSelector('[data-testid=run-row]');
    await go(page, '#/run/exp/one/metrics');
    await page.waitForSelector('[data-testid=chart][data-points="3"] canvas');
    await settled(page);
    const inkAtTheEdge = await page.evaluate<number>(`{
      const canvas = document.querySelector('[data-testid=chart] canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, 1, canvas.height);
      data.filter((value, at) => at % 4 === 3 && value > 0).length;
    }`);
    expect(inkAtTheEdge).toBe(0);

    await go(page, '#/run/exp/one/system');
    const chart = page.locator('.chart-body').first();
    await chart.locator('canvas').waitFor();
    const heights = await Promise.all([chart, chart.locator('.plot')].map((each) => each.boundingBox()));
    expect(heights[0]?.height).toBe(heights[1]?.height);
  });
});
