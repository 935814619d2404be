import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { type Dashboard, serve, writeReport } from 'expman-rx/dashboard';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { go, hasBrowser } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { closedRun, hunt, idOf, pair, runOfAll } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RUNS = 'run=exp%2Fone&run=exp%2Ftwo';
const PLACES = [
  '#/runs',
  `#/curves?${RUNS}`,
  `#/compare?${RUNS}`,
  '#/sweep/hunt',
  '#/sweep/pair',
  ...['#/history', '#/history?by=params.lr', '#/artifacts', '#/artifacts/model', '#/artifacts/model/v1'],
  ...['', '/metrics', '/logs', '/files', '/media', '/histograms', '/system', '/environment'].map(
    (tab) => `#/run/exp/one${tab}`,
  ),
];

const folder = tempFolders('everybody', afterAll);

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

describe.skipIf(!hasBrowser)('the dashboard', () => {
  const visit = browsing();
  let dashboard: Dashboard;
  let runDirs: readonly string[];

  beforeAll(async () => {
    const base = folder();
    const runs = [await runOfAll(base, 'one'), await runOfAll(base, 'two')];
    for (const run of runs) {
      run.alert('Loss is flat', { level: 'warn' });
      await run.logArtifact('model', { [run.runName]: { text: 'weights' } }, { aliases: ['best'] });
      await run.saveCheckpoint(150, { text: 'state' }, { keep: 'best 1 by loss' });
      await run.close();
    }
    runDirs = runs.map(({ runDir }) => runDir);
    await hunt(base);
    await pair(base);
    dashboard = await serve(base);
  }, 60_000);
  afterAll(async () => {
    await dashboard.close();
  });

  it.each(['light', 'dark'] as const)('has nothing that axe calls serious, %s', async (colorScheme) => {
    const { page, complaints } = await visit(dashboard.url, { colorScheme });
    await page.waitForSelector('[data-testid=run-row]');
    await page.evaluate(AXE);
    for (const place of PLACES) {
      await go(page, place);
      const found = await page.evaluate<readonly Finding[]>(
        "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)",
      );
      const grave = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect(grave.map(({ id, nodes }) => `${place} ${id}: ${nodes[0]?.html ?? ''}`)).toEqual([]);
    }
    expect(complaints).toEqual([]);
  });

  it('is used by keyboard alone: filter, choose runs, look at their curves, zoom, back', async () => {
    const { page } = await visit(dashboard.url);
    await page.waitForSelector('[data-run="exp/one"]');
    await page.keyboard.press('/');
    await page.keyboard.type('experiment = exp');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('[data-testid=run-row]').count()).toBe(2);
    // The rows are one stop, within which the arrows go.
    await tabTo(page, '[data-testid=run-row]');
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await expect.poll(() => page.locator('[data-testid=run-row] input:checked').count()).toBe(2);
    await tabTo(page, 'a[href^="#/curves"]');
    await page.keyboard.press('Enter');
    const chart = page.locator('[data-testid=chart][data-metric=loss]');
    const points = (): Promise<string | null> => chart.getAttribute('data-points');
    await expect.poll(points).toBe('400');
    await tabTo(page, '[data-metric=loss] .chart-body');
    await page.keyboard.press('+');
    await expect.poll(async () => Number(await points())).toBeLessThan(300);
    await page.keyboard.press('0');
    await expect.poll(points).toBe('400');
    await tabTo(page, 'a[href^="#/runs"]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-run="exp/one"]');
  });

  it('has the front of a sweep as a picture, in words and in the table, by the metrics that are chosen', async () => {
    const { page, complaints } = await visit(dashboard.url);
    await page.waitForSelector('[data-testid=run-row]');
    await go(page, '#/sweep/pair');
    const section = page.getByRole('region', { name: 'Pareto front' });
    const picture = section.getByRole('img');
    const label = 'size against loss, 4 dots, 2 on the Pareto front, 1 breaking a constraint';
    await expect.poll(() => picture.getAttribute('aria-label')).toBe(label);
    expect(await section.locator('.ringed title').allTextContents()).toEqual([
      'pair/trial-0000: loss 1, size 4, on the Pareto front',
      'pair/trial-0002: loss 2, size 2, on the Pareto front',
    ]);
    expect(await section.locator('.hollow').count()).toBe(1);
    const cells = await page.getByRole('region', { name: 'Trials' }).locator('tbody tr').allTextContents();
    expect(cells.map((text) => [text.includes('yes'), text.includes('broken')])).toEqual([
      [true, false],
      [false, true],
      [true, false],
      [false, false],
    ]);
    await section.locator('.choice', { hasText: /^x/ }).locator('select').selectOption({ label: 'size' });
    await expect.poll(() => picture.getAttribute('aria-label')).toMatch(/^size against size/);
    await tabTo(page, '[aria-label="Scatter"]');
    expect(complaints).toEqual([]);
  });

  it('says where a filter is not understood', async () => {
    const { page } = await visit(dashboard.url);
    await page.waitForSelector('[data-testid=run-row]');
    await page.locator('[data-testid=filter]').fill('params.lr <');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => page.locator('[data-testid=filter-error]').first().textContent())
      .toContain('expected a value');
  });

  it('says that its address has expired when the token is of another start', async () => {
    const { page } = await visit(dashboard.url.replace(/#.*/, '#token=wrong'));
    await expect.poll(() => page.locator('body').textContent()).toMatch(/expired/);
  });

  it('has trials of a report without a page as text, and long notes folded', async () => {
    const base = folder();
    await hunt(base);
    const [first = '', ...others] = readdirSync(join(base, 'hunt'))
      .filter((name) => name.startsWith('trial'))
      .map((name) => join(base, 'hunt', name));
    const noted = await closedRun(base, 5, { notes: 'a note '.repeat(900) });
    const path = join(folder(), 'report.html');
    await writeReport([first, noted], path);
    const { page, complaints } = await visit(`file://${path}#/sweep/hunt`);
    await page.locator('td a').first().waitFor();
    expect(await page.locator('td a').allTextContents()).toEqual([basename(first)]);
    await page.getByText(basename(others[0] ?? ''), { exact: true }).waitFor();

    await go(page, `#/run/${idOf(noted)}`);

    const notes = page.locator('.notes-text');
    expect([await notes.count(), await notes.isVisible()]).toEqual([1, false]);
    await page.locator('summary').click();
    await notes.waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows the same curves in a report that asks nobody', async () => {
    const path = join(folder(), 'report.html');
    await writeReport(runDirs, path);
    const asked: string[] = [];
    const { page, complaints } = await visit('about:blank');
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`file://${path}#/curves?${RUNS}`);
    const chart = page.locator('[data-testid=chart][data-metric=loss]');
    await expect.poll(() => chart.first().getAttribute('data-last')).toBe(String(1 / 200));
    expect(asked.filter((url) => !url.startsWith('file:') && !url.startsWith('data:'))).toEqual([]);
    expect(complaints).toEqual([]);
  });
});

/** Presses Tab until what has the focus matches, as somebody without a mouse does. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 200; presses++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)}) ?? false`)) return;
  }
  throw new Error(`the keyboard does not come to ${selector}`);
}
