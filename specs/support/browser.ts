import { existsSync } from 'node:fs';
import { type Browser, type Page, chromium } from 'playwright-core';

/** The first is Chromium without windows, which takes two thirds of the processor time. */
const PLACES = [
  process.env['EXPMAN_BROWSER'],
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const path = PLACES.find((place) => place !== undefined && existsSync(place));
if (path === undefined)
  process.stderr.write('SKIPPED: there is no Chromium (EXPMAN_BROWSER), so nothing looks at the dashboard\n');

/** Whether there is a browser; a visible line has said so when there is none. */
export const hasBrowser = path !== undefined;

/** Begins the browser. */
export function launchBrowser(): Promise<Browser> {
  // The sandbox needs rights that a container has not; what is looked at is ours.
  return chromium.launch({ executablePath: path ?? '', args: ['--no-sandbox'] });
}

/** A page that notes what its console and its scripts complain about. */
export interface WatchedPage {
  readonly page: Page;
  readonly complaints: string[];
}

/** Opens a page in a browser context of its own. */
export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1300, height: 900 }, ...options });
  // As long as a spec may take: it ends what hangs, and nothing that is slow.
  context.setDefaultTimeout(250_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, complaints };
}

/** Goes to a place of the dashboard, and waits for what it shows. */
export async function go(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await settled(page);
}

/** Waits until a page has drawn what was done to it, and has nothing left to read. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  await page.locator('.pulse').first().waitFor({ state: 'detached' });
}
