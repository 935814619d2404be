import type { Locator, Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { go, hasBrowser } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { dashboards, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const folder = tempFolders('open-run', afterAll);
const serve = dashboards();

describe.skipIf(!hasBrowser)('of a run that goes on', { timeout: 600_000 }, () => {
  const visit = browsing();

  it('every part of the page is shown as it is by now, and stays while it is read again', async () => {
    const base = folder();
    const run = openRun(base, { runName: 'one', systemMetrics: { intervalMs: 100 } });
    run.logMetrics({ loss: 1 }, 0);
    run.logHistogram('weights', [1, 2, 2, 3], 1);
    run.logTable('worst', [{ id: 1 }], 1);
    await run.flush();
    const dashboard = await serve(base);
    const open = async (hash: string, part: string): Promise<Page> => {
      const { page } = await visit(dashboard.url);
      await page.waitForSelector('[data-testid=run-row]');
      await go(page, hash);
      await page.waitForSelector(part);
      await page.evaluate(`document.querySelector(${JSON.stringify(part)}).isTheSame = true`);
      return page;
    };
    const compare = await open('#/compare?run=exp%2Fone', '[aria-label=Metrics] table');
    const media = await open('#/run/exp/one/media', '.tabs');
    const histograms = await open('#/run/exp/one/histograms', '.heatmap canvas');
    const system = await open('#/run/exp/one/system', '[data-testid=chart]');
    const points = async (): Promise<number> =>
      Number(await system.locator('[data-testid=chart]').first().getAttribute('data-points'));
    const before = await points();

    run.logMetrics({ loss: 42.5 }, 500);
    run.logImage('sample', PNG, 500);
    run.logHistogram('weights', [1, 2, 9], 500);
    await run.saveArtifact('second.txt', Buffer.from('more'));
    await run.flush();

    await shows(compare.locator('[aria-label=Metrics]'), '42.5');
    await shows(media.locator('[data-testid=tab-media]'), '2');
    await shows(media.locator('.media'), 'sample');
    await histograms.locator('canvas[aria-label*="2 histograms"]').waitFor();
    await go(media, '#/run/exp/one/files');
    await shows(media.locator('[aria-label=Artifacts]').first(), 'second.txt');
    // Between two writes of the samples lies a hundred times what the first of them took.
    let step = 501;
    await expect
      .poll(
        async () => {
          run.logMetrics({ loss: 1 }, step++);
          await run.flush();
          return points();
        },
        { timeout: 500_000, interval: 500 },
      )
      .toBeGreaterThan(before);
    for (const [page, part] of [
      [compare, '[aria-label=Metrics] table'],
      [media, '.tabs'],
      [histograms, '.heatmap canvas'],
      [system, '[data-testid=chart]'],
    ] as const)
      expect(await page.evaluate(`document.querySelector('${part}').isTheSame`)).toBe(true);
    await run.close();
  });
});

async function shows(part: Locator, text: string): Promise<void> {
  await expect.poll(() => part.textContent()).toContain(text);
}
