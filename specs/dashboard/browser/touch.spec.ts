import type { CDPSession } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { go, hasBrowser } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { closedRun, dashboards } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('touch', afterAll);
const serve = dashboards();

type Finger = readonly [x: number, y: number];

describe.skipIf(!hasBrowser)('a chart under fingers', () => {
  const visit = browsing();

  it('is zoomed by two, moved by one, shown whole by a double tap; up and down one scrolls the page', async () => {
    const base = folder();
    await closedRun(base, 200, { runName: 'one' });
    const dashboard = await serve(base);
    const { page, complaints } = await visit(dashboard.url, {
      ...{ hasTouch: true, isMobile: true, viewport: { width: 390, height: 500 } },
    });
    await page.waitForSelector('[data-testid=run-row]');
    await go(page, '#/run/exp/one/metrics');
    const plot = page.locator('[data-testid=chart][data-points="200"] .plot-over');
    await plot.waitFor();
    const view = async (): Promise<readonly number[]> => {
      const hash = await page.evaluate<string>('location.hash');
      const query = new URLSearchParams(hash.split('?')[1]);
      return ['from', 'to'].flatMap((key) => (query.has(key) ? Number(query.get(key)) : []));
    };
    const touch = await page.context().newCDPSession(page);
    const box = await plot.boundingBox();
    if (box === null) throw new Error('the chart is not seen');
    const at = (across: number, up = 0.5): Finger => [
      box.x + across * box.width,
      box.y + up * Math.min(box.height, 300),
    ];

    await drag(touch, [
      [at(0.4), at(0.6)],
      [at(0.3), at(0.7)],
      [at(0.2), at(0.8)],
    ]);
    await expect.poll(view).toHaveLength(2);
    const [from = 0, to = 0] = await view();
    expect((to - from) / 199).toBeCloseTo(1 / 3, 1);
    expect((from + to) / 2).toBeCloseTo(99.5, -1);

    await drag(touch, [[at(0.7)], [at(0.6)], [at(0.45)], [at(0.2)]]);
    await expect.poll(async () => (await view())[0]).toBeGreaterThan(from + 10);
    const [left = 0, right = 0] = await view();
    expect(right - left).toBeCloseTo(to - from, 3);

    await drag(touch, [[at(0.3)], [at(0.3)]]);
    await drag(touch, [[at(0.3)], [at(0.3)]]);
    await expect.poll(view).toEqual([]);

    await drag(touch, [[at(0.7)], [at(0.6)], [at(0.4)], [at(0.2)]]);
    await drag(touch, [[at(0.5, 0.9)], [at(0.5, 0.7)], [at(0.5, 0.4)], [at(0.5, 0.1)]]);
    await expect.poll(() => page.evaluate<number>('scrollY')).toBeGreaterThan(50);
    expect([await view(), complaints]).toEqual([[], []]);
  });
});

/** Puts fingers down, moves them from place to place, and takes them away. */
async function drag(touch: CDPSession, places: readonly (readonly Finger[])[]): Promise<void> {
  for (const [index, fingers] of places.entries())
    await touch.send('Input.dispatchTouchEvent', {
      type: index === 0 ? 'touchStart' : 'touchMove',
      touchPoints: fingers.map(([x, y], id) => ({ x, y, id })),
    });
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}
