import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { go, hasBrowser, settled } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { dashboards, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('deep-zoom', afterAll);
const serve = dashboards();
const CHART = '[data-testid=chart] .plot-over';

/** Runs whose steps, or values on the x axis, are next to each other; and one of usual steps. */
async function runs(): Promise<string> {
  const base = folder();
  const points: Readonly<Record<string, readonly (readonly [step: number, xx: number])[]>> = {
    max: [[Number.MAX_SAFE_INTEGER, 0]],
    near: [
      [2 ** 53 - 2, 0],
      [2 ** 53 - 1, 1],
    ],
    ulp: Array.from({ length: 10 }, (_, at) => [at, at % 2 === 0 ? 1 : 1 + Number.EPSILON]),
    noise: Array.from({ length: 10 }, (_, at) => [at, 2.700_000_06 + (at - 5) * 1e-9]),
    far: [
      [0, -Number.MAX_VALUE],
      [1, Number.MAX_VALUE],
    ],
    same: [
      [0, Number.MIN_VALUE],
      [1, 0],
    ],
  };
  for (const [runName, rows] of Object.entries(points)) {
    const run = openRun(base, { runName });
    for (const [step, xx] of rows) run.logMetrics({ y: step, xx }, step);
    await run.close();
  }
  return base;
}

/** What the page is zoomed to, by its address. */
async function viewOf(page: Page): Promise<readonly number[]> {
  const query = new URLSearchParams((await page.evaluate<string>('location.hash')).split('?')[1]);
  return ['from', 'to'].flatMap((key) => (query.has(key) ? Number(query.get(key)) : []));
}

describe.skipIf(!hasBrowser)('a chart of numbers next to each other', () => {
  const visit = browsing();

  it.each([
    ['one step beside 2^53', 'run=exp%2Fmax&metric=y'],
    ['two steps beside 2^53', 'run=exp%2Fnear&metric=y'],
    ['values that are neighbouring doubles', 'run=exp%2Fulp&metric=y&x=metric%3Axx'],
    ['a link to neighbouring doubles', 'run=exp%2Fulp&metric=y&from=1&to=1.0000000000000002'],
    ['a link to steps beside 2^53', 'run=exp%2Fulp&metric=y&from=9007199254740990&to=9007199254740992'],
    ['the values farthest apart', 'run=exp%2Ffar&metric=xx&metric=y&x=metric%3Axx'],
    ['the values nearest to 0', 'run=exp%2Fsame&metric=xx&metric=y&x=metric%3Axx'],
  ])('is drawn, and its page answers: %s', async (_, query) => {
    const dashboard = await serve(await runs());
    const { page, complaints } = await visit(dashboard.url);
    await page.waitForSelector('[data-testid=run-row]');
    await go(page, `#/curves?${query}`);
    await page.locator(CHART).first().hover();
    await settled(page);
    expect(await page.evaluate<number>('1 + 1')).toBe(2);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('is zoomed by wheel and key no further than there are numbers, and out again', async () => {
    const dashboard = await serve(await runs());
    const { page, complaints } = await visit(dashboard.url);
    await page.waitForSelector('[data-testid=run-row]');
    await go(page, '#/curves?run=exp%2Fnoise&metric=y&x=metric%3Axx');
    const plot = page.locator(CHART);
    await plot.hover();
    await page.keyboard.down('Shift');
    for (let turn = 0; turn < 60; turn++) await page.mouse.wheel(0, -400);
    await page.keyboard.up('Shift');
    await expect.poll(() => viewOf(page)).toHaveLength(2);
    const [from = 0, to = 0] = await viewOf(page);
    expect(to - from).toBeGreaterThan(32 * 2 ** -51);
    expect(to - from).toBeLessThan(1e-9);

    await page.locator('[data-testid=chart] .chart-body').focus();
    for (let press = 0; press < 60; press++) await page.keyboard.press('+');
    await settled(page);
    expect((await viewOf(page))[0]).toBeCloseTo(from, 12);
    for (let press = 0; press < 60; press++) await page.keyboard.press('-');
    await settled(page);
    const [least = 0, greatest = 0] = await viewOf(page);
    expect(greatest - least).toBeGreaterThan(1e-9);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('has its cursor, and what is chosen, at the same values in all charts', async () => {
    const dashboard = await serve(await runs());
    const { page, complaints } = await visit(dashboard.url);
    await page.waitForSelector('[data-testid=run-row]');
    await go(page, '#/curves?run=exp%2Fnoise&metric=y&metric=xx');
    const box = await page.locator(CHART).first().boundingBox();
    if (box === null) throw new Error('the chart is not seen');
    // Charts whose ticks take more room are narrower.
    const sharesOf = (what: string): Promise<readonly (readonly [number, number])[]> =>
      page.evaluate(`[...document.querySelectorAll('[data-testid=chart] .plot-over')].map((over) => {
        const part = over.querySelector('${what}').getBoundingClientRect();
        return [(part.left - over.getBoundingClientRect().left) / over.clientWidth, part.width / over.clientWidth];
      })`);
    const [left, top] = [box.x + box.width / 4, box.y + box.height / 2];
    await page.mouse.move(left, top);
    await page.mouse.down();
    await page.mouse.move(left + box.width / 4, top, { steps: 4 });
    const [cursors, chosen] = [await sharesOf('.plot-cursor'), await sharesOf('.plot-choice')];
    for (const [at] of cursors) expect(at).toBeCloseTo(0.5, 1);
    for (const [from, width] of chosen) {
      expect(from).toBeCloseTo(0.25, 1);
      expect(width).toBeCloseTo(0.25, 1);
    }
    expect([cursors.length, chosen.length]).toEqual([2, 2]);
    await page.mouse.up();
    await expect.poll(() => viewOf(page)).toHaveLength(2);
    const [from = 0, to = 0] = await viewOf(page);
    expect([from / 9, to / 9].map((share) => Math.round(share * 20) / 20)).toEqual([0.25, 0.5]);
    expect((await sharesOf('.plot-choice')).map(([, width]) => width)).toEqual([0, 0]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
