import type { LoggingEngine } from 'expman-rx';
import { type Dashboard, serve } from 'expman-rx/dashboard';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { go, hasBrowser, settled } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { hunt, runOfAll } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('controls', afterAll);
const CONTROLS = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
/** How often a page is looked at again for a control that it must have. */
const LOOKS = 200;
const TWO = 'run=exp%2Fone&run=exp%2Ftwo';

/** A page, and controls that it must have had. */
const PLACES: readonly (readonly [place: string, ...controls: string[]])[] = [
  [
    '#/runs',
    ...[
      'a Skip to the content',
      'a Runs',
      'button Dark colours',
      'button Light colours',
      'a hunt#',
      'a sweep',
    ],
    ...[
      'input Filter runs',
      'select Group by',
      'input Select exp/one',
      'a exp/one',
      'button Pin as baseline',
    ],
    ...[
      'button Unpin the baseline',
      'button Clear',
      'button Columns ▾',
      'input Find a column',
      'button loss↑',
    ],
    ...['input loss minmetric', 'button Standard columns', 'button Started', 'button Rows↓'],
  ],
  [
    `#/curves?${TWO}&metric=loss`,
    ...['input Show exp/one', 'button Metrics (# of #) ▾', 'input Find a metric', 'input loss', 'select x'],
    ...['input Smoothing', 'input log y', 'select Group by', 'button Save the chart of loss', 'button PNG'],
    ...['button SVG', 'button CSV', 'button Reset'],
  ],
  [`#/compare?${TWO}`, 'a one', 'select of each', 'select x', 'select y', 'select for'],
  ['#/sweep/hunt', 'a trial-#', 'button SVG', 'button CSV', 'button PNG'],
  [
    '#/run/exp/one',
    ...['a exp', 'a overview', 'a metrics#', 'a logs', 'a environment', 'button Edit tags and notes'],
    ...['input Tags, comma-separated', 'textarea Notes', 'button Save', 'button Cancel'],
  ],
  ['#/run/exp/one/metrics', 'select x', 'input Smoothing', 'input log y', 'button CSV'],
  ['#/run/exp/one/logs', 'select Level', 'input Text that a line contains'],
  ['#/run/exp/one/files', 'a model#txt', 'summary Show model#txt', 'pre Text of model#txt'],
  ['#/run/exp/one/media', 'a worst', 'summary Show worst', 'div Rows of worst'],
  ['#/run/exp/one/histograms'],
  ['#/run/exp/one/system', 'button PNG', 'button SVG', 'button CSV'],
  ['#/run/exp/one/environment'],
  ['#/run/exp/live'],
];

describe.skipIf(!hasBrowser)('every control of the dashboard', () => {
  const visit = browsing();
  let dashboard: Dashboard;
  let live: LoggingEngine;

  beforeAll(async () => {
    const base = folder();
    for (const name of ['one', 'two']) await (await runOfAll(base, name)).close();
    live = await runOfAll(base, 'live');
    await live.flush();
    await hunt(base);
    dashboard = await serve(base, { writable: true });
  }, 60_000);
  afterAll(async () => {
    await dashboard.close();
    await live.close();
  });

  // The head of the page and the parts of a run are the same everywhere: once is enough.
  const everywhere = new Set<string>();

  it.each(PLACES)('is used once without a complaint: %s', async (place, ...controls) => {
    const { page, complaints } = await visit(dashboard.url);
    await page.waitForSelector('[data-testid=run-row]');
    page.setDefaultTimeout(10_000);
    await go(page, place);
    const used = new Set(everywhere);
    let failures = 0;
    let looks = 0;
    for (;;) {
      const hash = await page.evaluate<string>('location.hash');
      if (hash.split('?')[0] !== place.split('?')[0]) await go(page, place);
      const next = (await unused(page, used)) ?? (await unusedInHidden(page, used));
      if (next === null) {
        // On a busy machine a page may be seen before what it asked for has been drawn.
        if (controls.every((name) => used.has(name)) || ++looks > LOOKS) break;
        await page.waitForTimeout(100);
        continue;
      }
      // One that goes while it is pressed, as the form does once what was sent is answered, comes back.
      const isUsed = await use(page, next).then(
        () => true,
        (error: unknown) => {
          if (++failures > 3) throw error;
          return false;
        },
      );
      if (!isUsed) continue;
      used.add(next.name);
      if (next.isEverywhere) everywhere.add(next.name);
      expect(complaints, `after ${next.name}`).toEqual([]);
    }
    expect([...used]).toEqual(expect.arrayContaining(controls));
    await page.context().close();
  });
});

/** What a page says of a control. */
interface Facts {
  /** Without what changes in it as the control is used; all rows have one. */
  readonly name: string;
  readonly kind: string;
  readonly isUsable: boolean;
  /** Whether other pages, or other parts of a run, have it too. */
  readonly isEverywhere: boolean;
  readonly isOfForm: boolean;
  readonly options: readonly string[];
}

interface Found extends Facts {
  readonly control: Locator;
}

const FACTS = `[...document.querySelectorAll(${JSON.stringify(CONTROLS)})].map((element) => {
  const label = element.closest('label')?.cloneNode(true);
  label?.querySelectorAll('select, output').forEach((part) => part.remove());
  const text = (element.ariaLabel ?? (label ?? element).textContent).trim() || element.title;
  const tag = element.tagName.toLowerCase();
  return {
    name: tag === 'tr' ? tag : (tag + ' ' + text).replace(/[0-9.]+/g, '#').replace(/\\s+/g, ' '),
    kind: element.type ?? tag,
    isUsable: element.checkVisibility() && !element.matches(':disabled'),
    isEverywhere: element.matches('.skip, .head *, .tabs *'),
    isOfForm: element.form?.querySelector('[type=submit]') != null,
    options: [...(element.options ?? [])].map(({ value }) => value),
  };
})`;

/** The next control that can be used and whose name is not among the used ones. */
async function unused(page: Page, used: ReadonlySet<string>): Promise<Found | null> {
  const all = await page.evaluate<readonly Facts[]>(FACTS);
  const at = all.findIndex(({ name, isUsable }) => isUsable && !used.has(name));
  const facts = all[at];
  return facts === undefined ? null : { ...facts, control: page.locator(CONTROLS).nth(at) };
}

/** Opens menus and forms again, one after the other, until there is something in one that has not been used. */
async function unusedInHidden(page: Page, used: ReadonlySet<string>): Promise<Found | null> {
  const openers = page.locator('button:enabled[aria-expanded=false], button:enabled:text("Edit tags")');
  for (let at = 0; at < (await openers.count()); at++) {
    await openers.nth(at).click();
    await settled(page);
    const found = await unused(page, used);
    if (found !== null) return found;
    await page.keyboard.press('Escape');
  }
  return null;
}

/** Does with a control what it is for. */
async function use(page: Page, { name, kind, isOfForm, options, control }: Found): Promise<void> {
  if (kind === 'select-one') {
    for (const value of options) await control.selectOption(value);
  } else if (['text', 'search', 'textarea'].includes(kind)) {
    await control.fill(name.includes('Filter') ? 'status = FINISHED' : 'loss');
    if (!isOfForm) await control.press('Enter');
  } else if (kind === 'range') {
    await control.press('ArrowUp');
  } else if (name.includes('Skip')) {
    // Seen by those alone who come to it by keyboard.
    await control.press('Enter');
  } else if (kind === 'div') {
    // Into a chart; of a table, nothing.
    await control.focus();
    await page.keyboard.press('+');
  } else {
    await control.click();
  }
  await settled(page);
}
