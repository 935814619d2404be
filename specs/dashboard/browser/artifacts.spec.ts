import { afterAll, describe, expect, it } from 'vitest';
import { go, hasBrowser, settled } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { dashboards, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('artifacts-page', afterAll);
const serve = dashboards();
const EVIL = '<img src=x onerror=window.owned=1>';

describe.skipIf(!hasBrowser)('artifacts with versions', () => {
  const visit = browsing();

  it('are listed with their versions, aliases and lineage, from the runs and back, on a telephone too', async () => {
    const base = folder();
    const train = openRun(base, { runName: 'r1', project: EVIL }, 'train');
    await train.logArtifact(
      'digits',
      { [EVIL.replaceAll(/[<>= ]/g, '')]: { text: 'a' } },
      { type: 'dataset' },
    );
    await train.useArtifact('digits:latest');
    const reference = { url: 'https://example.com/big.bin', sha256: 'a'.repeat(64), bytes: 5 };
    await train.logArtifact(
      'model',
      { 'w.json': { json: [1] }, 'big.bin': reference },
      { aliases: ['best'] },
    );
    await train.logArtifact('model', { 'w.json': { json: [2] } });
    train.logMetrics({ loss: 1 }, 3);
    train.alert(EVIL, { level: 'warn' });
    await train.saveCheckpoint(3, { text: 'abc' }, { keep: 'last 2' });
    await train.close();
    const use = openRun(base, { runName: 'r2', fork: { from: train.runDir, step: 3 } }, 'use');
    await use.useArtifact('model:v1');
    await use.close();
    const { page, complaints } = await visit((await serve(base)).url, {
      viewport: { width: 390, height: 800 },
    });
    await page.waitForSelector('[data-testid=run-row]');
    const width = (): Promise<unknown> => page.evaluate('document.documentElement.scrollWidth');
    expect(await page.locator('[data-run="train/r1"] .tag-warn').innerText()).toBe('1 alert');
    expect(await page.locator('.side-project > a').innerText()).toBe(EVIL);

    await page.getByRole('link', { name: 'Artifacts', exact: true }).click();
    await page.getByTestId('artifact-row').first().waitFor();
    expect(await page.getByTestId('artifact-row').count()).toBe(2);
    expect(await width()).toBe(390);
    await page.getByRole('link', { name: 'model' }).click();
    await page.getByTestId('version-row').first().waitFor();
    const versions = (await page.getByTestId('version-row').allInnerTexts()).map((row) =>
      row.replaceAll(/\s+/g, ' '),
    );
    expect(versions[0]).toMatch(/^v2 latest artifact 1 \d+ B .* train\/r1\s?$/);
    expect(versions[1]).toMatch(/^v1 best artifact 2 \d+ B .* train\/r1 1 run$/);
    await page.getByRole('link', { name: 'v1' }).click();
    const lineage = page.locator('section[aria-label=Lineage]');
    await lineage.waitFor();
    expect(
      (await lineage.locator('.card').allInnerTexts()).map((text) => text.split(/\n+/).join(' ')),
    ).toEqual([
      'Comes from digits:v1',
      'Logged by train/r1',
      'This version model:v1',
      'Used by use/r2',
      'Led to none',
    ]);
    expect(await width()).toBe(390);
    // An address in an artifact is text: the page leads nowhere else.
    expect(await page.locator('section[aria-label=Files]').innerText()).toContain(
      'https://example.com/big.bin',
    );
    expect(await page.locator('a[href^="http"]').count()).toBe(0);

    await lineage.getByRole('link', { name: 'use/r2' }).click();
    await page.getByTestId('forked-from').waitFor();
    expect(await page.getByTestId('forked-from').innerText()).toBe('train/r1, step 3');
    await page.getByTestId('forked-from').getByRole('link').click();
    await page.getByTestId('checkpoint-row').waitFor();
    expect((await page.getByTestId('checkpoint-row').innerText()).replaceAll(/\s+/g, ' ')).toMatch(
      /^3 ?newest 3 B /,
    );
    expect(await page.getByTestId('keep-rule').innerText()).toBe('Kept: last 2.');
    expect(await page.locator('section[aria-label=Alerts]').innerText()).toContain(EVIL);
    expect(await width()).toBe(390);
    await page.locator('.facts').getByRole('link', { name: EVIL }).click();
    await settled(page);
    await expect.poll(() => page.getByTestId('run-row').count()).toBe(1);
    await go(page, '#/run/train/r1/files');
    await page
      .locator('section[aria-label="Versions logged"]')
      .getByRole('link', { name: 'model:v2' })
      .waitFor();
    expect(await page.evaluate('window.owned')).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  it('say how many files of a version are not shown, how many aliases, and what cannot be found', async () => {
    const base = folder();
    const run = openRun(base, { runName: 'r1' }, 'exp');
    const files = Object.fromEntries(Array.from({ length: 1003 }, (_, at) => [`f${at}`, { text: '' }]));
    await run.logArtifact('many', files, { aliases: Array.from({ length: 12 }, (_, at) => `alias-${at}`) });
    await run.close();
    const { page } = await visit((await serve(base)).url);
    await page.waitForSelector('[data-testid=run-row]');
    await go(page, '#/artifacts/many/v1');
    expect(await page.locator('section[aria-label=Files]').innerText()).toContain('and 3 more files');
    expect(await page.locator('.facts').innerText()).toContain('and 3 more');
    await go(page, '#/artifacts/none');
    expect(await page.locator('main').innerText()).toContain('ARTIFACT_NOT_FOUND');
    await go(page, '#/artifacts/many/v9');
    expect(await page.locator('main').innerText()).toContain('ARTIFACT_NOT_FOUND');
  });
});
