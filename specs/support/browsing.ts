import type { Browser } from 'playwright-core';
import { afterAll } from 'vitest';
import { launchBrowser, openPage, type WatchedPage } from './browser.js';

let launched: Promise<Browser> | undefined;

/**
 * Opens pages for the tests of a `describe`, as {@link openPage} does, and closes them after it. The browser is one for
 * all spec files that a worker runs, and ends with the worker.
 */
export function browsing(): (url: string, options?: Parameters<typeof openPage>[2]) => Promise<WatchedPage> {
  const opened: WatchedPage[] = [];
  afterAll(async () => {
    for (const { page } of opened.splice(0)) await page.context().close();
  });
  return async (url, options) => {
    const watched = await openPage(await (launched ??= launchBrowser()), url, options);
    opened.push(watched);
    return watched;
  };
}
