import { join } from 'node:path';
import { writeReport } from 'expman-rx/dashboard';
import type { Locator, Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { go, hasBrowser, settled } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { dashboards, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('history-page', afterAll);
const serve = dashboards();
const EVIL = '"><img src=x onerror=window.owned=1>';

/** A closed run with a rate; null for one without. */
async function evaluated(base: string, runName: string, rate: number | null): Promise<string> {
  const run = openRun(base, { runName }, 'evals');
  run.defineMetric('rate', { goal: 'max' });
  run.logParams({ lr: 0.1, [EVIL]: EVIL });
  if (rate !== null) run.summary({ rate, [EVIL]: 1 }, { headline: true });
  await run.close();
  return run.runDir;
}

const rows = (page: Page): Promise<string[]> => page.getByTestId('history-row').allInnerTexts();
const points = (page: Page): Promise<number> => page.getByTestId('history-point').count();

describe.skipIf(!hasBrowser)('a history', () => {
  const visit = browsing();

  it('has a point per run, which leads to it; says what is missing; shows a new run by itself', async () => {
    const base = folder();
    await evaluated(base, 'one', 0.5);
    await evaluated(base, 'two', NaN);
    await evaluated(base, 'three', 0.9);
    await evaluated(base, 'four', null);
    const { page, complaints } = await visit((await serve(base)).url);
    await page.waitForSelector('[data-testid=run-row]');
    await page.locator('.side a', { hasText: 'evals' }).first().click();
    await page.locator('.bar').getByRole('link', { name: 'History' }).click();
    await page.getByTestId('history-point').first().waitFor();
    expect(await page.evaluate('location.hash')).toBe('#/history?experiment=evals');
    expect(await points(page)).toBe(3);
    expect(
      (await rows(page)).map((row) => row.split('\t').slice(0, 2).join(' ').replaceAll(/\s+/g, ' ').trim()),
    ).toEqual(['evals/three 0.9★ best', 'evals/two NaN', 'evals/one 0.5']);
    expect(await page.getByTestId('history-gaps').innerText()).toBe(
      '1 run without rate or startedAt · 1 NaN, marked ×',
    );
    const chart = page.locator('.history-chart svg');
    expect(await chart.getAttribute('aria-label')).toContain(
      'rate by startedAt: 3 runs, between 0.5 and 0.9, the last is 0.9 (evals/three)',
    );
    // One stop for the keyboard; the arrows go on from it.
    expect(await page.locator('.history-point[tabindex="0"]').count()).toBe(1);
    await page.locator('.history-point[tabindex="0"]').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toMatch(
      /^evals\/two: rate NaN, startedAt 20.*, FINISHED$/,
    );

    const late = openRun(base, { runName: 'five' }, 'evals');
    late.summary({ rate: 0.7 });
    await late.flush();
    await expect.poll(() => points(page)).toBe(4);
    expect(await page.locator('.history-running').count()).toBe(1);
    await late.close();
    await expect.poll(() => page.locator('.history-running').count()).toBe(0);

    const choice = (label: string): Locator =>
      page.locator('.choice', { hasText: new RegExp(`^${label}`) }).locator('select');
    await choice('by').selectOption('params.lr');
    await choice('last').selectOption('10');
    await settled(page);
    expect(await page.evaluate('location.hash')).toBe('#/history?experiment=evals&by=params.lr&last=10');
    await choice('Figure').selectOption(EVIL);
    await expect.poll(() => points(page)).toBe(3);
    // They lie upon each other; the keyboard tells them apart.
    await page.locator('.history-point[tabindex="0"]').focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('run-title').waitFor();
    expect(await page.evaluate('window.owned')).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  it('is as wide as a telephone, and names 12 experiments and counts the others', async () => {
    const base = folder();
    const runDirs: string[] = [];
    for (let at = 0; at < 14; at++) {
      const run = openRun(base, { runName: `${'long-'.repeat(20)}r${at}` }, `exp-${at}`);
      run.logMetrics({ loss: at * 1e-7 }, 0);
      await run.close();
      runDirs.push(run.runDir);
    }
    const { page, complaints } = await visit((await serve(base)).url, {
      viewport: { width: 390, height: 800 },
    });
    await page.waitForSelector('[data-testid=run-row]');
    const check = async (): Promise<void> => {
      for (const place of [
        '#/history',
        `#/history?by=${encodeURIComponent('run')}`,
        '#/history?metric=none',
      ]) {
        await go(page, place);
        expect([place, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([place, 390]);
      }
      await go(page, '#/history');
      await expect.poll(() => points(page)).toBe(14);
      expect(await page.locator('.history-legend li').count()).toBe(12);
      expect(await page.locator('.history').innerText()).toContain('and 2 more experiments');
    };
    await check();
    const path = join(folder(), 'report.html');
    await writeReport(runDirs, path);
    const live = await rows(page);
    await page.goto(`file://${path}`);
    await page.waitForSelector('[data-testid=run-row]');
    await check();
    expect(await rows(page)).toEqual(live);
    expect(complaints).toEqual([]);
  });
});
