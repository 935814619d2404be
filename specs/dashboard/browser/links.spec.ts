import { type Dashboard, serve } from 'expman-rx/dashboard';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { go, hasBrowser } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { hunt, runOfAll } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('links', afterAll);

describe.skipIf(!hasBrowser)('a link', () => {
  const visit = browsing();
  let dashboard: Dashboard;

  beforeAll(async () => {
    const base = folder();
    const run = await runOfAll(base, 'one');
    for (let line = 0; line < 700; line++) run.logger.info(`line ${line}`);
    await run.close();
    await hunt(base);
    dashboard = await serve(base);
  }, 60_000);
  afterAll(async () => {
    await dashboard.close();
  });

  const opened = async (place: string): Promise<Page> => {
    const { page } = await visit(dashboard.url);
    await page.waitForSelector('[data-testid=run-row]');
    await go(page, place);
    return page;
  };

  it.each(['#/sweep/hunt', '#/run/exp/one/system'])('holds what a chart is zoomed to: %s', async (place) => {
    const page = await opened(place);
    await page.locator('.chart-body').first().press('+');
    await expect.poll(() => page.evaluate<string>('location.hash')).toMatch(/[?&]from=.+&to=/);
    const link = await page.evaluate<string>('location.hash');

    const other = await opened(link);

    await other.getByRole('button', { name: 'Reset' }).first().waitFor();
    await page.context().close();
    await other.context().close();
  });

  it('holds how much of a log is shown; there is a way to its earlier lines', async () => {
    const page = await opened('#/run/exp/one/logs');
    await page.getByText('last 500 lines').waitFor();
    await page.getByRole('button', { name: 'Show earlier' }).click();
    await page.getByText(/^70\d lines$/).waitFor();
    expect(await page.getByRole('button', { name: 'Show earlier' }).count()).toBe(0);
    expect(await page.getByTestId('log-line').first().textContent()).toContain('begun');
    expect(await page.locator('[data-testid=log-line] time').first().textContent()).toMatch(
      /^\d\d:\d\d:\d\d$/,
    );
    await page.context().close();
  });
});
