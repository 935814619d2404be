import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { launchBrowser, openPage, type WatchedPage } from './browser.js';

/** A browser for the tests of a `describe`; opens pages in it as {@link openPage}. */
export function browsing(): (url: string, options?: Parameters<typeof openPage>[2]) => Promise<WatchedPage> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  return (url, options) => openPage(browser, url, options);
}
