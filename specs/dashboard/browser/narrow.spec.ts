import { afterAll, describe, expect, it } from 'vitest';
import { go, hasBrowser } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { dashboards, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const WIDTH = 390;
const LONG = 'a-name-that-is-much-longer-than-any-that-fits-a-telephone-held-upright';

const folder = tempFolders('narrow', afterAll);
const serve = dashboards();

describe.skipIf(!hasBrowser)('on a telephone', () => {
  const visit = browsing();

  it('the page is as wide as the screen, with values beside the names, and text that can be read', async () => {
    const base = folder();
    for (const name of ['one', 'two']) {
      const run = openRun(base, { runName: `${name}-${LONG}`, tags: [LONG.replaceAll('-', '')] });
      run.logParams({ lr: name === 'one' ? 0.1 : 0.2 });
      run.logMetrics({ [`val/${LONG}`]: 1 }, 0);
      await run.close();
    }
    const dashboard = await serve(base);
    const { page } = await visit(dashboard.url, { viewport: { width: WIDTH, height: 800 } });
    const rightOf = async (selector: string): Promise<number> => {
      const box = await page.locator(selector).first().boundingBox();
      return box === null ? NaN : box.x + box.width;
    };
    await page.waitForSelector('[data-testid=run-row]');
    expect(await rightOf('[data-testid=run-status] .status')).toBeLessThan(WIDTH);

    await go(page, `#/run/exp/one-${LONG}`);
    await page.waitForSelector('.notes .tag');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(WIDTH);
    expect(await rightOf('[aria-label=Metrics] td')).toBeLessThan(WIDTH);

    await go(page, `#/compare?run=exp%2Fone-${LONG}&run=exp%2Ftwo-${LONG}`);
    await page.waitForSelector('.plain-chart text');
    const sizes = await page.evaluate<readonly number[]>(
      `[...document.querySelectorAll('.plain-chart svg')].map((svg) =>
        parseFloat(getComputedStyle(svg.querySelector('text')).fontSize) * svg.getScreenCTM().a)`,
    );
    for (const size of sizes) expect(size).toBeGreaterThan(9);
    expect(sizes).toHaveLength(2);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(WIDTH);
  });
});
