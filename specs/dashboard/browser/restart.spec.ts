import { afterAll, describe, expect, it } from 'vitest';
import { go, hasBrowser } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { dashboards, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('restart', afterAll);
const serve = dashboards();

describe.skipIf(!hasBrowser)('a page whose server was started again', () => {
  const visit = browsing();

  it('says that its address has expired, and goes on live where it was at the new one in the same tab', async () => {
    const base = folder();
    const run = openRun(base, { runName: 'one' });
    run.logMetrics({ loss: 1 }, 0);
    await run.flush();
    const first = await serve(base);
    const { page } = await visit(first.url);
    const patience = { timeout: 250_000 };
    const connection = page.locator('[data-testid=connection]');
    const is = async (state: string): Promise<void> => {
      await expect.poll(() => connection.getAttribute('data-state'), patience).toBe(state);
    };
    await page.waitForSelector('[data-testid=run-row]');
    await go(page, '#/run/exp/one/metrics');
    const chart = page.locator('[data-testid=chart][data-metric=loss][data-points="1"]');
    await chart.waitFor();
    await is('connected');
    await page.evaluate('window.isTheSamePage = true');

    await first.close();
    const second = await serve(base, { port: first.port });
    await is('expired');
    await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/expired.*expman serve/);
    expect(await chart.count()).toBe(1);
    // A question that is refused meanwhile is no second fault.
    const refused = page.waitForResponse(
      (answer) => answer.status() === 401 && answer.url().includes('/log'),
    );
    await go(page, '#/run/exp/one/logs');
    await refused;
    await page.evaluate(
      'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))))',
    );
    expect(await page.getByRole('alert').count()).toBe(1);
    await go(page, '#/run/exp/one/metrics');

    await page.goto(second.url);
    await is('connected');
    expect(await page.evaluate('[location.hash, window.isTheSamePage]')).toEqual([
      '#/run/exp/one/metrics',
      true,
    ]);
    expect(await page.getByRole('alert').count()).toBe(0);
    run.logMetrics({ loss: 2 }, 1);
    await page.locator('[data-metric=loss][data-last="2"]').waitFor();
    await run.close();
  });

  it('that was loaded with an old address begins with the new one in the same tab', async () => {
    const base = folder();
    const dashboard = await serve(base);
    const { page } = await visit(dashboard.url.replace(/#.*/, '#token=wrong'));
    await page.getByText('This address has expired').waitFor();
    await page.goto(dashboard.url);
    await page.locator('[data-testid=connection][data-state=connected]').waitFor();
    expect(await page.evaluate('location.hash')).toBe('#/runs');
  });

  it('keeps the token of its address when it is sent elsewhere before it has begun', async () => {
    const base = folder();
    const run = openRun(base, { runName: 'one' });
    await run.close();
    const dashboard = await serve(base);
    const { page } = await visit('about:blank');
    await page.addInitScript(
      `addEventListener('DOMContentLoaded', () => { location.hash = '#/run/exp/one'; })`,
    );
    await page.goto(dashboard.url);
    await page.locator('[data-testid=connection][data-state=connected]').waitFor();
    expect(await page.evaluate('location.hash')).toBe('#/run/exp/one');
  });
});
